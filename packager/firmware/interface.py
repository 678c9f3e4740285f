"""How a model is asked in C: typed inputs, a struct of answers, what is refused before the model runs."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from packager.firmware.literals import C_TYPES
from packager.firmware.naming import constant_of, member_of, prefix_of, word_of
from packager.firmware.program import Program
from packager.firmware.steps import UnwritableError
from packager.firmware.tensor import Shape
from packager.firmware.texts import Texts, compared_with
from packager.model import MISSING_TEXT, ClassLabel, Feature, Signature, TensorSpec

BATCH = "batch"
_MEANINGS = {
    "probabilities": "of each class",
    "scores": "the decision function",
    "prediction": "the prediction",
}
_MOST_NAMED = 64
"""Classes and categories beyond so many get no constants of their own."""


@dataclass(frozen=True, slots=True)
class Named:
    """A constant of an enumeration, with the text that it stands for."""

    name: str
    value: int
    text: str


@dataclass(frozen=True, slots=True)
class Argument:
    """One input: its features in the order of the columns, and of texts the constants for each feature."""

    spec: TensorSpec
    member: str
    c_type: str
    shape: Shape
    size: int
    features: tuple[Feature, ...]
    words: tuple[tuple[Named, ...], ...] = ()

    @property
    def declared(self) -> str:
        """As the member of a struct."""
        return _declared(self.c_type, self.member, self.size)

    @property
    def sizes(self) -> str:
        """Its shape in words."""
        return " x ".join(map(str, self.shape)) or "one number"


@dataclass(frozen=True, slots=True)
class Answer:
    """One output: a member of the struct. ``classes`` are those that a label is a place among."""

    spec: TensorSpec
    member: str
    c_type: str
    shape: Shape
    size: int
    classes: tuple[ClassLabel, ...] = ()
    by_place: bool = False
    """Whether the model's own label is the place already."""
    table: str = ""
    named: tuple[Named, ...] = ()

    @property
    def declared(self) -> str:
        """As the member of a struct."""
        return _declared(self.c_type, self.member, self.size)

    @property
    def meaning(self) -> str:
        """What it says, in words."""
        if self.table:
            return f"place in {self.table}_NAMES"
        return _MEANINGS.get(self.spec.role) or " x ".join(map(str, self.shape)) or "one number"


@dataclass(frozen=True, slots=True)
class Interface:
    """All that a header says. ``batched``: the rows of the source's requests are calls of their own."""

    prefix: str
    inputs: tuple[Argument, ...]
    outputs: tuple[Answer, ...]
    texts: Texts = field(default_factory=Texts)
    batched: bool = True

    @property
    def upper(self) -> str:
        """What its constants begin with."""
        return self.prefix.upper()

    @property
    def is_struct(self) -> bool:
        """Whether the inputs are members of a struct; a single one is an array."""
        return len(self.inputs) > 1

    @property
    def asked(self) -> str:
        """The declaration of the first parameter."""
        c_type = f"{self.prefix}_{self.parameter}" if self.is_struct else self.inputs[0].c_type
        return f"const {c_type} *{self.parameter}"

    @property
    def parameter(self) -> str:
        """The name of the first parameter."""
        return "features" if any(argument.features for argument in self.inputs) else "inputs"

    @property
    def signature(self) -> Signature:
        """What the C function takes and gives, for each row: texts and labels are codes."""
        return Signature(
            tuple(_called(argument.spec, argument.shape, argument.c_type) for argument in self.inputs),
            tuple(_called(answer.spec, answer.shape, answer.c_type) for answer in self.outputs),
        )


def interface_of(name: str, signature: Signature, program: Program) -> Interface:
    """The interface of a model; UnwritableError where C has none for it."""
    if not signature.inputs:
        raise UnwritableError("answers without an input")
    prefix, texts = prefix_of(name), Texts()
    batched = signature.inputs[0].shape[:1] == (BATCH,)
    for label in signature.class_labels:
        if isinstance(label, str):
            texts.code(label)
    taken: set[str] = set()
    inputs = tuple(_argument(spec, signature, batched, taken, texts) for spec in signature.inputs)
    taken, constants = set(), {f"{prefix}_{word}".upper() for word in _OWN}
    outputs = tuple(_answer(spec, signature, batched, taken, prefix, constants) for spec in signature.outputs)
    inputs = tuple(_worded(argument, program, texts, prefix, constants) for argument in inputs)
    return Interface(prefix, inputs, outputs, texts, batched)


_OWN = (
    "OK", "MISSING", "NOT_FINITE", "TOO_LARGE", "UNKNOWN_CATEGORY", "REFUSED", "H", "VERSION", "OTHER_TEXT",
    "MODEL_SHA256", "SCRATCH_BYTES", "FEATURE_COUNT", "CLASS_COUNT", "CLASS_NAMES",
)  # fmt: skip


def _called(spec: TensorSpec, shape: Shape, c_type: str) -> TensorSpec:
    dtype = next(name for name in C_TYPES if C_TYPES[name] == c_type)
    return replace(spec, dtype=dtype, shape=(BATCH, *shape), class_labels=(), limits={})


def _shape(spec: TensorSpec, batched: bool) -> Shape:
    """The sizes of one row, or of the whole where there are no rows."""
    has_rows = spec.shape[:1] == (BATCH,)
    if has_rows != batched:
        raise UnwritableError(f"{spec.name}, which is of all rows together")
    sizes = spec.shape[1:] if batched else spec.shape
    free = [size for size in sizes if not isinstance(size, int)]
    if free:
        raise UnwritableError(f"{spec.name} of any {free[0]}: its size must be known when C is written")
    if 0 in sizes:
        raise UnwritableError(f"room for {spec.name}, which has no elements")
    return tuple(int(size) for size in sizes)


def _declared(c_type: str, member: str, size: int) -> str:
    return f"{c_type} {member}" + (f"[{size}]" if size != 1 else "")


def _size(shape: Shape) -> int:
    size = 1
    for dim in shape:
        size *= dim
    return size


def _argument(
    spec: TensorSpec, signature: Signature, batched: bool, taken: set[str], texts: Texts
) -> Argument:
    shape = _shape(spec, batched)
    mine = sorted((one for one in signature.features if one.input == spec.name), key=lambda one: one.column)
    if spec.dtype not in C_TYPES:
        raise UnwritableError(f"inputs of {spec.dtype}")
    for feature in mine:
        if spec.dtype == "string":
            texts.codes([str(text) for text in feature.categories])
            if feature.nullable:
                texts.code(MISSING_TEXT)
    member = member_of(mine[0].name if len(mine) == 1 else spec.name, taken, "input")
    return Argument(spec, member, C_TYPES[spec.dtype], shape, _size(shape), tuple(mine))


def _worded(argument: Argument, program: Program, texts: Texts, prefix: str, constants: set[str]) -> Argument:
    """Of an input of texts: constants for those that the model knows."""
    if argument.spec.dtype != "string":
        return argument
    value = next(port.value for port in program.inputs if port.name == argument.spec.name)
    compared = compared_with(program, value)
    texts.codes(compared)
    words = tuple(tuple(_words(feature, compared, texts, prefix, constants)) for feature in argument.features)
    return replace(argument, words=words)


def _words(
    feature: Feature, compared: Sequence[str], texts: Texts, prefix: str, constants: set[str]
) -> Iterator[Named]:
    known = [str(text) for text in feature.categories] or [text for text in compared if text != MISSING_TEXT]
    for text in [*known[:_MOST_NAMED], *([MISSING_TEXT] if feature.nullable else [])]:
        said = "missing" if text == MISSING_TEXT else text
        name = constant_of(f"{prefix}_{feature.name}_{word_of(said or 'empty')}", constants)
        yield Named(name, texts.code(text), said)


def _answer(
    spec: TensorSpec, signature: Signature, batched: bool, taken: set[str], prefix: str, constants: set[str]
) -> Answer:
    shape, member = _shape(spec, batched), member_of(spec.name, taken, "output")
    classes = (spec.class_labels or signature.class_labels) if spec.role == "label" else ()
    if not classes:
        if spec.dtype not in C_TYPES or spec.dtype == "string":
            raise UnwritableError(f"the output {spec.name} of {spec.dtype}")
        return Answer(spec, member, C_TYPES[spec.dtype], shape, _size(shape))
    if any(not isinstance(label, str) for label in classes) and spec.dtype == "string":
        raise UnwritableError(f"the output {spec.name} of texts that are no classes")
    own = f"{member}_" if spec.class_labels else ""
    named = tuple(
        Named(
            constant_of(f"{prefix}_{own}class_{word_of(class_text(label))}", constants),
            place,
            class_text(label),
        )
        for place, label in enumerate(classes[:_MOST_NAMED])
    )
    by_place = bool(spec.class_labels) or signature.label_is_index or spec.dtype == "string" or (
        all(not isinstance(label, str) for label in classes) and list(classes) == list(range(len(classes)))
    )  # fmt: skip
    table = f"{prefix}_{own}class".upper()
    return Answer(spec, member, "int32_t", shape, _size(shape), classes, by_place, table, named)


def class_text(label: Any) -> str:
    """The name of a class."""
    return str(label).lower() if isinstance(label, bool) else str(label)
