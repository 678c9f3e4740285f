"""Models that take or answer codes for fractions: cases and answers in floats, and in codes."""

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from packager import probe
from packager.optimized import QuantizedTensor
from packager.probe import Answers, Array, Case

Codes = Sequence[QuantizedTensor]
Ask = Callable[[Path], Answers]


def asked(codes: Codes, cases: Path, ask: Ask) -> Answers:
    """What the shipped code answers to cases in floats, in floats again."""
    if not codes:
        return ask(cases)
    with tempfile.TemporaryDirectory(prefix="packager-codes-") as folder:
        path = write(codes, cases, Path(folder) / "cases.json")
        answers = ask(path)
    return replace(answers, outputs=tuple(decoded(codes, given) for given in answers.outputs))


def write(codes: Codes, cases: Path, dest: Path) -> Path:
    """The same cases, as the model takes and answers them."""
    coded = [Case(encoded(codes, one.inputs), encoded(codes, one.outputs)) for one in probe.read_cases(cases)]
    probe.write_cases(dest, coded)
    return dest


def encoded(codes: Codes, tensors: Mapping[str, Array]) -> dict[str, Array]:
    """Floats as the nearest codes; what is no float, or has no code, as it is."""
    by_name = {code.name: code for code in codes}
    return {name: _encoded(by_name.get(name), array) for name, array in tensors.items()}


def decoded(codes: Codes, tensors: Mapping[str, Array]) -> dict[str, Array]:
    """Codes as the numbers that they stand for."""
    by_name = {code.name: code for code in codes}
    return {name: _decoded(by_name.get(name), array) for name, array in tensors.items()}


def _encoded(code: QuantizedTensor | None, array: Array) -> Array:
    if code is None or array.dtype.kind != "f":
        return array
    most = np.iinfo(code.dtype)
    found = np.round(array.astype(np.float64) / code.scale) + code.zero_point
    return np.clip(found, most.min, most.max).astype(code.dtype)


def _decoded(code: QuantizedTensor | None, array: Array) -> Array:
    if code is None or array.dtype.name != code.dtype:
        return array
    return (code.scale * (array.astype(np.float64) - code.zero_point)).astype(np.float32)
