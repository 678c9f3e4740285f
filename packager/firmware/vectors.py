"""Golden rows and their answers as tables of a test program."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from packager.firmware.interface import Interface
from packager.firmware.literals import array_of, literal
from packager.probe import Array, Case
from packager.results import Tolerance
from packager.verify import TIE

_WIDTH = 100


def of(interface: Interface, cases: Sequence[Case], tolerance: Mapping[str, Tolerance]) -> dict[str, Any]:
    """What `test_NAME.c` is made of: ``cases`` are rows for C."""
    rows = _rows(cases)
    inputs = [
        {"member": argument.member, "size": argument.size, "c_type": argument.c_type,
         "values": _lines([row.inputs[argument.spec.name] for row in rows], argument.c_type)}
        for argument in interface.inputs
    ]  # fmt: skip
    outputs = [
        {
            "member": answer.member, "size": answer.size, "c_type": answer.c_type,
            "values": _lines([row.outputs[answer.spec.name] for row in rows], answer.c_type),
            "is_float": answer.c_type in ("float", "double"),
            "absolute": _bound(tolerance, answer.spec.name, "absolute"),
            "relative": _bound(tolerance, answer.spec.name, "relative"),
            "tied_by": _probabilities(interface, answer.member) if answer.classes else None,
        }
        for answer in interface.outputs
    ]  # fmt: skip
    return {"rows": len(rows), "inputs": inputs, "outputs": outputs, "tie": repr(TIE)}


def _rows(cases: Sequence[Case]) -> list[Case]:
    """Single rows, each once."""
    found: dict[bytes, Case] = {}
    for case in cases:
        for at in range(len(next(iter(case.inputs.values())))):
            row = Case(_at(case.inputs, at), _at(case.outputs, at))
            found.setdefault(b"".join(array.tobytes() for array in row.inputs.values()), row)
    return list(found.values())


def _at(arrays: Mapping[str, Array], row: int) -> dict[str, Array]:
    return {name: np.ascontiguousarray(array[row]) for name, array in arrays.items()}


def _lines(arrays: Sequence[Array], c_type: str) -> list[str]:
    """The initializer of each row."""
    return [
        ", ".join(literal(value, c_type) for value in array_of(array, c_type).reshape(-1)) for array in arrays
    ]


def _bound(tolerance: Mapping[str, Tolerance], name: str, which: str) -> str:
    return repr(float(getattr(tolerance[name], which))) if name in tolerance else "0.0"


def _probabilities(interface: Interface, member: str) -> str | None:
    """The output that has the probabilities of a label's classes."""
    wanted = member.replace("label", "probabilities")
    found = [answer for answer in interface.outputs if answer.spec.role == "probabilities"]
    named = [answer.member for answer in found if answer.member == wanted] or [a.member for a in found[:1]]
    return named[0] if named else None
