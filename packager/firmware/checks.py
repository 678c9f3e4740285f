"""What the C function refuses before the model runs: what the shipped runtime does, by the signature."""

import numpy as np

from packager.firmware.interface import Argument, Interface
from packager.firmware.program import Array
from packager.firmware.tensor import Tensor, known
from packager.firmware.texts import Texts
from packager.firmware.writer import Writer
from packager.model import MISSING_TEXT, Feature

_LARGEST = 3.4028234663852886e38
"""The largest single precision number: a double column is scaled in double precision, then rounded."""


def write(interface: Interface, values: dict[str, Tensor], out: Writer) -> None:
    """The checks of every input."""
    for argument in interface.inputs:
        value = values[argument.spec.name]
        if argument.spec.dtype in ("float32", "float64"):
            _finite(interface, argument, value, out)
        for feature in argument.features:
            if feature.categories:
                _category(interface, argument, feature, value, out)


def _finite(interface: Interface, argument: Argument, value: Tensor, out: Writer) -> None:
    """No infinite number, and a missing one only where the source model takes it."""
    upper, nullable = interface.upper, _nullable(argument)
    with out.each("i", value.size) as i:
        out.line(f"const {value.c_type} x = {out.read(value, i)};")
        taken = out.read(known(nullable, "bool"), i) if nullable.any() else "false"
        if taken != "true":
            missing = "x != x" if taken == "false" else f"x != x && !{taken}"
            out.line(f"if ({missing}) {{ return {upper}_MISSING; }}")
        out.line(f"if (x == x && x - x != 0) {{ return {upper}_NOT_FINITE; }}")
        if value.dtype == "float64" and argument.features:
            large = f"x > {_LARGEST!r} || x < -{_LARGEST!r}"
            out.line(f"if ({large}) {{ return {upper}_TOO_LARGE; }}")


def _nullable(argument: Argument) -> Array:
    mine = [feature.nullable for feature in argument.features]
    if not mine:
        return np.zeros(argument.size, dtype=bool)
    return np.resize(np.array(mine, dtype=bool), argument.size)


def _category(interface: Interface, argument: Argument, feature: Feature, value: Tensor, out: Writer) -> None:
    """One of the values that the source model knows, in each row of that column."""
    table = known(_allowed(feature, argument, interface.texts), value.dtype)
    width = len(argument.features)
    rows = argument.size // width
    with out.each("row", rows) as row:
        at = str(feature.column) if row == "0" else f"row * {width} + {feature.column}"
        out.line("bool is_known = false;")
        is_one = value.buffer is not None and value.buffer.is_one
        x = value.buffer.name if value.buffer and is_one else f"{out.name(value)}[{at}]"
        with out.loop("k", table.size) as k:
            out.line(f"is_known = is_known || {x} == {out.read(table, k)};")
        out.line(f"if (!is_known) {{ return {interface.upper}_UNKNOWN_CATEGORY; }}")


def _allowed(feature: Feature, argument: Argument, texts: Texts) -> Array:
    if argument.spec.dtype == "string":
        missing = [MISSING_TEXT] if feature.nullable else []
        return texts.codes([*(str(text) for text in feature.categories), *missing])
    return np.array(feature.categories).astype(argument.spec.dtype)
