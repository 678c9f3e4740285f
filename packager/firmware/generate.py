"""A model as C99: a header, a source, and the programs that show that it answers as the source model does."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from packager import __version__, probe
from packager.conversion import Conversion
from packager.errors import ConversionError
from packager.firmware import body, program, vectors
from packager.firmware.coding import Coding
from packager.firmware.interface import Interface, interface_of
from packager.firmware.naming import comment, quoted
from packager.firmware.steps import UnwritableError
from packager.model import MISSING_TEXT, Feature, Signature
from packager.rendering import render
from packager.results import Tolerance

_HINT = "build for a device with Linux, whose engines have it: --device linux-arm64"
_KINDS = {
    "number": "number",
    "integer": "whole number",
    "boolean": "true or false",
    "text": "one of its constants",
}


@dataclass(frozen=True, slots=True)
class Generated:
    """What is written of a model (`docs/contracts.md`). ``wide``: sums and functions are of double precision.

    ``static_bytes`` is the RAM that the function keeps for itself, ``table_bytes`` the flash of its tables.
    """

    name: str
    header: str
    source: str
    test_source: str
    rows_source: str
    makefile: str
    readme: str
    coding: Coding
    static_bytes: int
    table_bytes: int
    has_trees: bool
    wide: bool

    @property
    def signature(self) -> Signature:
        """What the C function takes and gives, row by row."""
        return self.coding.interface.signature

    @property
    def scratch_bytes(self) -> int:
        """What a caller has to lend the function: nothing, it has its own."""
        return 0

    @property
    def files(self) -> dict[str, str]:
        """What ships, by name."""
        return {
            f"{self.name}.h": self.header,
            f"{self.name}.c": self.source,
            f"test_{self.name}.c": self.test_source,
            "Makefile": self.makefile,
            "README.md": self.readme,
        }


def generate(
    converted: Conversion, name: str, tolerance: Mapping[str, Tolerance], wide: bool = False
) -> Generated:
    """The C of a model that the engine tiny takes; ConversionError names what C has not."""
    model, source = converted.model, converted.source
    steps = program.read(model.path)
    try:
        interface = interface_of(name, model.signature, steps)
        made = body.written(steps, interface, wide)
    except UnwritableError as error:
        raise ConversionError(f"C has no {error}", _HINT) from None
    coding = Coding(interface)
    golden = coding.sent(probe.golden_cases(converted.reference))
    values: dict[str, Any] = {
        "it": interface, "body": made, "name": interface.prefix, "upper": interface.upper, "wide": wide,
        "version": model.version, "sha256": model.sha256, "packager": __version__,
        "framework": comment(f"{source.framework} {source.framework_version}"),
        "description": comment(source.description), "called": comment(name), "of": _facts(interface),
    }  # fmt: skip
    return Generated(
        name=interface.prefix,
        header=_text("NAME.h", values),
        source=_text("NAME.c", values),
        test_source=_text("test_NAME.c", {**values, "vectors": vectors.of(interface, golden, tolerance)}),
        rows_source=_text("rows_NAME.c", values),
        makefile=_text("Makefile", values),
        readme=_text("README.md", values),
        coding=coding,
        static_bytes=made.scratch_bytes,
        table_bytes=made.table_bytes,
        has_trees=made.has_trees,
        wide=wide,
    )


def _text(template: str, values: dict[str, Any]) -> str:
    return render(f"firmware/{template}", **values).decode()


def _facts(interface: Interface) -> dict[str, Any]:
    """What the templates say of inputs and outputs, safe to stand in comments and literals."""
    inputs = [
        {
            "member": argument.member, "c_type": argument.c_type, "size": argument.size,
            "shape": _shaped(argument.shape), "name": comment(argument.spec.name),
            "features": [_feature(feature, argument.size) for feature in argument.features],
            "words": [[(word.name, word.value, comment(word.text)) for word in words] for words in argument.words],
        }
        for argument in interface.inputs
    ]  # fmt: skip
    outputs = [
        {
            "member": answer.member, "c_type": answer.c_type, "size": answer.size,
            "shape": _shaped(answer.shape), "role": answer.spec.role, "table": answer.table,
            "named": [(named.name, named.value, comment(named.text)) for named in answer.named],
            "classes": [quoted(body_text) for body_text in _class_texts(answer.classes)],
        }
        for answer in interface.outputs
    ]  # fmt: skip
    refuses_texts = any(argument.spec.dtype == "string" for argument in interface.inputs)
    return {"inputs": inputs, "outputs": outputs, "texts": refuses_texts, "tables": _tables(outputs)}


def _tables(outputs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Each table of class names once: outputs may share one."""
    return list({output["table"]: output for output in outputs if output["table"]}.values())


def _class_texts(classes: Any) -> list[str]:
    from packager.firmware.interface import class_text

    return [class_text(label) for label in classes]


def _shaped(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape))


def _feature(feature: Feature, size: int) -> dict[str, Any]:
    known = [text for text in feature.categories if text != MISSING_TEXT] if feature.kind != "text" else []
    shown = ", ".join(map(str, known[:8])) + (f" and {len(known) - 8} more" if len(known) > 8 else "")
    missing = (
        ""
        if not feature.nullable
        else ", or its constant for missing"
        if feature.kind == "text"
        else ", or NAN"
    )
    return {
        "name": comment(feature.name),
        "column": feature.column,
        "kind": (f"one of {shown}" if known else _KINDS[feature.kind]) + missing,
    }
