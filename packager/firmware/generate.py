"""A model as C99: a header, a source, and the programs that show that it answers as the source model does."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from packager import __version__, probe
from packager.conversion import Conversion
from packager.errors import ConversionError
from packager.firmware import body, narrow, program, vectors
from packager.firmware.coding import Coding
from packager.firmware.interface import Answer, Interface, class_text, interface_of
from packager.firmware.naming import comment, quoted
from packager.firmware.steps import UnwritableError
from packager.model import Feature, Signature
from packager.rendering import render
from packager.results import Tolerance

_SHOWN = 8
Precision = Literal["single", "own", "double"]
"""All in single; each number in the model's own; or that, with sums and functions in double."""
_HINT = "build for a device with Linux, whose engines have it: --device linux-arm64"
_KINDS = {
    "number": "number",
    "integer": "whole number",
    "boolean": "true or false",
    "text": "one of its constants",
}


@dataclass(frozen=True, slots=True)
class Generated:
    """What is written of a model (`docs/contracts.md`). ``precision``: how it is computed.

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
    precision: Precision

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
    converted: Conversion, name: str, tolerance: Mapping[str, Tolerance], precision: Precision = "own"
) -> Generated:
    """The C of a model that the engine tiny takes; ConversionError names what C has not."""
    model, source = converted.model, converted.source
    steps = program.read(model.path)
    try:
        interface = interface_of(name, model.signature, steps)
        steps = narrow.narrowed(steps) if precision == "single" else steps
        made = body.written(steps, interface, wide=precision == "double")
    except UnwritableError as error:
        raise ConversionError(f"C has no {error}", _HINT) from None
    coding = Coding(interface)
    golden = coding.sent(probe.golden_cases(converted.reference))
    values: dict[str, Any] = {
        "it": interface, "body": made, "name": interface.prefix, "upper": interface.upper,
        "precision": precision,
        "version": model.version, "sha256": model.sha256, "packager": __version__,
        "framework": comment(f"{source.framework} {source.framework_version}"),
        "description": comment(source.description), "called": comment(name),
        "tables": _tables(interface), "comment": comment, "quoted": quoted, "kind": _kind, "text": class_text,
        "has_floats": any(answer.c_type in ("float", "double") for answer in interface.outputs),
        "has_texts": any(argument.spec.dtype == "string" for argument in interface.inputs),
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
        precision=precision,
    )


def precisions(converted: Conversion) -> tuple[Precision, ...]:
    """How a model may be computed, the quickest way on a small part first."""
    single: tuple[Precision, ...] = ("single",) if narrow.can_be(program.read(converted.model.path)) else ()
    return (*single, "own", "double")


def _text(template: str, values: dict[str, Any]) -> str:
    return render(f"firmware/{template}", **values).decode()


def _tables(interface: Interface) -> list[Answer]:
    """An answer for each table of class names: several may share one."""
    return list({answer.table: answer for answer in interface.outputs if answer.table}.values())


def _kind(feature: Feature) -> str:
    """What a feature takes."""
    known = list(feature.categories) if feature.kind != "text" else []
    more = f" and {len(known) - _SHOWN} more" if len(known) > _SHOWN else ""
    missing = {"text": ", or its constant for missing"}.get(feature.kind, ", or NAN")
    said = f"one of {', '.join(map(str, known[:_SHOWN]))}{more}" if known else _KINDS[feature.kind]
    return said + (missing if feature.nullable and not known else "")
