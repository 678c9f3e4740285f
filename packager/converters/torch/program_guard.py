"""Reads an exported program's JSON before torch does, and refuses what torch would run as code.

torch.export.load looks operators up by dotted name, parses size expressions with sympy (which evaluates
Python), compiles guards and graph code from strings, and unpickles some payloads. So every string must be of
the kind that torch itself writes there.
"""

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from packager.converters.archive import below_root, entries, read_entry
from packager.converters.failure import SourceError, UnsafeModelError
from packager.converters.torch.weights import foreign_names, names_in_zip

_KNOWN_ENTRIES = re.compile(
    r"archive_format|archive_version|byteorder|version|\.data/\w+|\.format_version|\.storage_alignment"
    r"|models/model\.json|data/weights/(weight_\d+|model_weights_config\.json|model\.pt)"
    r"|data/constants/(tensor_\d+|model_constants_config\.json|model\.pt)|data/sample_inputs/model\.pt|extra/.*"
    r"|serialized_(exported_program\.json|state_dict\.(pt|json)|constants\.(pt|json)|example_inputs\.pt)"
)
_OPERATOR = re.compile(
    r"torch\.ops\.(aten|prims|prim|quantized_decomposed|quantized|torchvision|higher_order)"
    r"\.(?!_?from_file\b|_?save\b|_?load\b)\w+(\.\w+)?"
    r"|_operator\.(add|sub|mul|floordiv|truediv|mod|pow|neg|pos|getitem|eq|ne|lt|le|gt|ge|and_|or_|not_)"
    r"|math\.(ceil|floor|sqrt|trunc)|torch\.sym_(int|float|max|min|not|ite|sqrt|sum)"
)
_PLAIN = re.compile(r"[\w .:+\-/*]*")
_TOKEN = re.compile(
    r"\s*(?:\d+(?:\.\d*)?(?:[eE][+-]?\d+)?|[A-Za-z_]\w*|\*\*|//|<=|>=|==|!=|'\w+'|[-+*/%(),<>&|~=])\s*"
)
_WORD = re.compile(r"[A-Za-z_]\w*")
_SIZE_FUNCTIONS = frozenset(
    {
        "Abs", "Add", "And", "CeilToInt", "CleanDiv", "Eq", "False", "FloatPow", "FloatTrueDiv",
        "FloorDiv", "FloorToInt", "Ge", "Gt", "Identity", "IntTrueDiv", "Integer",
        "IsNonOverlappingAndDenseIndicator", "LShift", "Le", "Lt", "Max", "Min", "Mod",
        "ModularIndexing", "Mul", "Ne", "Not", "OpaqueUnaryFn_sqrt", "Or", "Piecewise", "Pow",
        "PowByNatural", "PythonMod", "RShift", "Rational", "RoundDecimal", "RoundToInt", "Symbol",
        "ToFloat", "True", "TruncToFloat", "TruncToInt", "Where", "ceiling", "extended_real", "finite",
        "floor", "int_oo", "integer", "nonnegative", "oo", "positive", "real",
    }
)  # fmt: skip
_SYMBOL = re.compile(r"[a-z]{1,2}\d+|\w*_?dim_?\w*|batch\w*|_\w+_\d+")
_TREES = frozenset({None, "builtins.dict", "builtins.list", "builtins.tuple", "collections.OrderedDict"})
_FREE_TEXT = frozenset({"as_string", "as_strings", "metadata"})
_GUARD_NODES = (
    ast.Expression, ast.BoolOp, ast.And, ast.Or, ast.Not, ast.UnaryOp, ast.USub, ast.BinOp, ast.Add, ast.Sub,
    ast.Mult, ast.FloorDiv, ast.Div, ast.Mod, ast.Pow, ast.Compare, ast.Eq, ast.NotEq, ast.Lt, ast.LtE,
    ast.Gt, ast.GtE, ast.Is, ast.IsNot, ast.Constant, ast.Name, ast.Load, ast.Subscript, ast.Attribute,
    ast.Call,
)  # fmt: skip
_GUARD_NAMES = _SIZE_FUNCTIONS | {"L", "abs", "max", "min"}
_GUARD_CALLS = frozenset({"size", "stride", "storage_offset", "dim"})


def check_program(path: Path) -> tuple[tuple[str, ...], str | None]:
    """The operators that the program names, and the torch that wrote it; or a refusal."""
    names = entries(path)
    odd = sorted(name for name in names if not _KNOWN_ENTRIES.fullmatch(below_root(name, names)))
    if odd:
        raise UnsafeModelError(
            f"{path.name} holds {', '.join(odd[:3])}, which is no part of a plain exported program",
            hint="export it again with torch.export.save, without compiled code or custom objects",
        )
    operators: set[str] = set()
    version: str | None = None
    for name in names:
        inner = below_root(name, names)
        if inner.endswith(".pt") and names[name]:
            _check_tensors(path, name)
        if inner.endswith(".json"):
            document = _document(path, name)
            _check_payloads(document)
            operators.update(_checked(document))
            version = document.get("torch_version", version) if isinstance(document, dict) else version
    return tuple(sorted(operators)), version


def _check_tensors(path: Path, name: str) -> None:
    foreign = foreign_names(names_in_zip(path, read_entry(path, name)))
    if foreign:
        raise UnsafeModelError(
            f"{path.name} asks for {', '.join(foreign[:5])} in {name}, which is not a tensor: "
            "nothing of it was run",
            details=foreign,
        )


def _document(path: Path, name: str) -> Any:
    try:
        return json.loads(read_entry(path, name))
    except (ValueError, RecursionError) as error:
        raise SourceError(f"{path.name} is damaged: {name} is no JSON ({error})") from error


def _check_payloads(document: Any) -> None:
    for payload in (document.get("config") or {}).values() if isinstance(document, dict) else ():
        if not re.fullmatch(r"(weight|tensor)_\d+", str(payload.get("path_name"))):
            raise UnsafeModelError(
                f"The exported program holds the object {payload.get('path_name')!r}, not a tensor"
            )


def _checked(document: Any) -> Iterator[str]:
    """Walks the JSON; yields operators."""
    waiting: list[tuple[str, Any]] = [("", document)]
    while waiting:
        key, value = waiting.pop()
        if isinstance(value, dict):
            if key in ("device", "as_device"):
                _check_device(value.get("type"))
            for inner, held in value.items():
                _check_plain(inner)
                if inner not in _FREE_TEXT:
                    waiting.append((inner, held))
        elif isinstance(value, list):
            waiting.extend((key, held) for held in value)
        elif isinstance(value, str):
            _check_string(key, value)
            if key == "target":
                yield value


def _check_device(kind: Any) -> None:
    if kind not in ("cpu", "meta", None):
        raise SourceError(
            f"The program was exported on {str(kind)[:20]!r}, and it is read on the processor",
            hint="before saving: program = torch.export.passes.move_to_device_pass(program, 'cpu')",
        )


def _check_string(key: str, value: str) -> None:
    if key == "target":
        if not _OPERATOR.fullmatch(value):
            raise UnsafeModelError(
                f"The exported program calls {value}, which is not an operator of torch",
                hint="export the model with torch's own operators alone",
            )
    elif key == "expr_str":
        check_expression(value)
    elif key in ("in_spec", "out_spec"):
        _check_tree(json.loads(value))
    elif key == "guards_code":
        check_guard(value)
    else:
        _check_plain(value)


def _check_plain(value: str) -> None:
    if not _PLAIN.fullmatch(value) or "__import__" in value:
        raise UnsafeModelError(f"The exported program has the name {value[:80]!r}, which could be code")


def check_expression(text: str) -> None:
    """Sizes are numbers, symbols and a few functions of them."""
    at = 0
    while at < len(text):
        token = _TOKEN.match(text, at)
        if token is None:
            raise UnsafeModelError(f"The exported program has the size {text[:80]!r}, which could be code")
        at = token.end()
    for word in _WORD.findall(text):
        if word not in _SIZE_FUNCTIONS and (word.startswith("__") or not _SYMBOL.fullmatch(word)):
            raise UnsafeModelError(f"The exported program computes a size with {word!r}, which could be code")


def _check_tree(value: Any) -> None:
    """How inputs and outputs are nested: plain containers alone, since others are imported by name."""
    if isinstance(value, dict):
        if "__enum__" in value or value.get("type") not in _TREES:
            raise UnsafeModelError(
                f"The exported program nests its inputs in {value.get('type', 'an enum')!r}"
            )
        for key, held in value.items():
            if key != "type":
                _check_tree(held)
    elif isinstance(value, list):
        for held in value:
            _check_tree(held)
    elif isinstance(value, str):
        if value.startswith(("[", "{")):
            _check_tree(json.loads(value))
        elif value.strip('"'):
            _check_plain(value.strip('"'))


def check_guard(text: str) -> None:
    """Guards compare sizes; torch compiles them as Python."""
    try:
        tree = ast.parse(text.strip(), mode="eval")
    except (SyntaxError, ValueError, RecursionError) as error:
        raise UnsafeModelError(
            f"The exported program has the guard {text[:80]!r}, which is no comparison"
        ) from error
    for node in ast.walk(tree):
        known = isinstance(node, _GUARD_NODES)
        if isinstance(node, ast.Call):
            known = isinstance(node.func, ast.Attribute | ast.Name) and not node.keywords
        elif isinstance(node, ast.Attribute):
            known = node.attr in _GUARD_CALLS
        elif isinstance(node, ast.Name):
            known = node.id in _GUARD_NAMES
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            known = re.fullmatch(r"\w+", node.value) is not None
        if not known:
            raise UnsafeModelError(f"The exported program has the guard {text[:80]!r}, which could be code")
