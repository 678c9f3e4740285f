"""The files of a TFLite model for TFLite Micro: an aligned array, the operators to register, golden rows."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from packager.firmware.literals import literal
from packager.firmware.naming import comment, prefix_of
from packager.firmware.tflm import Micro, registered
from packager.layout import IncludedFile
from packager.model import ModelFile
from packager.optimized import QuantizedTensor
from packager.probe import Array, Case
from packager.rendering import render
from packager.results import Tolerance
from packager.targets.edge.profile import Microcontroller

_C_TYPES = {"float32": "float", "float64": "double", "bool": "bool"}
_LINE = 100
_MOST_NUMBERS = 1 << 16
"""In the golden rows: they are for a microcontroller's flash, too."""


@dataclass(frozen=True, slots=True)
class _Tensor:
    """One input or output of the golden rows, as the templates write it."""

    side: str
    place: int
    name: str
    dtype: str
    ctype: str
    shape: str
    size: int
    lines: tuple[str, ...]
    same: str

    @property
    def comment(self) -> str:
        """What stands above the rows."""
        return f"{self.name}: {self.dtype} {self.shape}"


def write(
    name: str,
    model: ModelFile,
    micro: Micro,
    profile: Microcontroller,
    tolerance: dict[str, Tolerance],
    codes: Sequence[QuantizedTensor],
    proof: str,
) -> tuple[IncludedFile, ...]:
    """Everything that goes into a firmware, and how: README.md has the code."""
    prefix = prefix_of(name)
    content = model.path.read_bytes()
    tensors = list(_tensors(micro, tolerance))
    values = {
        "title": comment(name),
        "prefix": prefix,
        "guard": prefix.upper(),
        "device": profile.title,
        "proof": proof,
        "model_bytes": len(content),
        "arena_bytes": micro.arena_bytes,
        "methods": [registered()[one] for one in micro.operators],
        "lines": list(_wrapped(str(byte) for byte in content)),
        "rows": len(_golden(micro)),
        "tensors": tensors,
        "codes": [_code(one) for one in codes],
    }
    made = {
        f"{prefix}_model.h": "model.h",
        f"{prefix}_model.c": "model.c",
        f"{prefix}_ops.h": "ops.h",
        f"{prefix}_golden.h": "golden.h",
        f"{prefix}_selftest.cc": "selftest.cc",
        "README.md": "README.md",
    }
    return tuple(
        IncludedFile(dest, render(f"firmware/tflm/{template}", **values)) for dest, template in made.items()
    )


def _tensors(micro: Micro, tolerance: dict[str, Tolerance]) -> Iterator[_Tensor]:
    rows = _golden(micro)
    for side, names in (("input", micro.inputs), ("output", micro.outputs)):
        for place, name in enumerate(names):
            arrays = [row.inputs[name] if side == "input" else row.outputs[name] for row in rows]
            yield _tensor(side, place, name, arrays, tolerance.get(name))


def _tensor(side: str, place: int, name: str, rows: Sequence[Array], tolerance: Tolerance | None) -> _Tensor:
    dtype = rows[0].dtype.name
    c_type = _C_TYPES.get(dtype, f"{dtype}_t")
    return _Tensor(
        side=side,
        place=place,
        name=comment(name),
        dtype=dtype,
        ctype=c_type,
        shape=str(list(rows[0].shape)),
        size=rows[0].size,
        lines=tuple(line for row in rows for line in _row(row, c_type)),
        same=_same(tolerance if dtype.startswith("float") else None),
    )


def _row(row: Array, c_type: str) -> Iterator[str]:
    lines = list(_wrapped(literal(value, c_type) for value in row.reshape(-1)))
    lines[0] = "{" + lines[0]
    lines[-1] += "},"
    yield from lines


def _same(tolerance: Tolerance | None) -> str:
    """What is no fraction is equal; NaN is never right."""
    if tolerance is None:
        return "answer == wanted"
    allowed = f"{tolerance.absolute:.3g} + {tolerance.relative:.3g} * (wanted < 0 ? -wanted : wanted)"
    return f"(answer < wanted ? wanted - answer : answer - wanted) <= {allowed}"


def _wrapped(values: Iterator[str]) -> Iterator[str]:
    """Numbers with commas, in lines of some length."""
    line = ""
    for value in values:
        if line and len(line) + len(value) > _LINE:
            yield line.rstrip()
            line = ""
        line += f"{value}, "
    yield line.rstrip()


def _golden(micro: Micro) -> Sequence[Case]:
    """As many of the rows as are small enough together; one at least."""
    numbers = sum(array.size for array in (*micro.rows[0].inputs.values(), *micro.rows[0].outputs.values()))
    return micro.rows[: max(1, min(16, _MOST_NUMBERS // max(1, numbers)))]


def _code(code: QuantizedTensor) -> str:
    shift = f" {'-' if code.zero_point >= 0 else '+'} {abs(code.zero_point)}" if code.zero_point else ""
    return f"- {comment(code.name)} holds codes: n stands for {np.float32(code.scale)!s} x (n{shift})"
