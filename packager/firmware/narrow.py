"""Programs in double precision made ones in single: for nets, where a small difference stays a small one."""

from dataclasses import replace

import numpy as np

from packager.firmware.program import Program, Step

_EVEN = frozenset(
    {"arithmetic", "casting", "choosing", "columns", "functions", "labels", "products", "reducing", "scores"}
    | {"shapes"}
)
_SUDDEN = frozenset(
    {"functions." + name for name in ("rounded", "rounded_down", "rounded_up", "sign")}
    | {"choosing.top_k", "columns.above"}
)
"""Steps whose numbers may jump where what they are given changes in its last digit."""
_DECIDING = frozenset(
    {"arithmetic." + name for name in ("equal", "greater", "greater_or_equal", "less", "less_or_equal")}
    | {"choosing.arg_max", "choosing.arg_min"}
)
"""Steps that decide between classes, where no product follows them."""


def can_be(program: Program) -> bool:
    """Whether it is a net or a linear model in double precision, in which nothing jumps before the last
    product: what decides between classes comes after it."""
    operators = [step.operator for step in program.steps]
    products = [at for at, name in enumerate(operators) if name.startswith("products.")]
    if not products or "float64" not in program.dtypes.values():
        return False
    even = all(name.partition(".")[0] in _EVEN for name in operators) and _SUDDEN.isdisjoint(operators)
    return even and _DECIDING.isdisjoint(operators[: products[-1]])


def narrowed(program: Program) -> Program:
    """The same steps in single precision; inputs are made single as they are read."""
    dtypes = {value: _narrow(dtype) for value, dtype in program.dtypes.items()}
    casts, instead = [], {}
    for port in program.inputs:
        dtypes[port.value] = port.dtype
        if port.dtype == "float64":
            instead[port.value] = len(dtypes)
            dtypes[len(dtypes)] = "float32"
            casts.append(Step("casting.cast", (port.value,), (instead[port.value],), {}))
    steps = [
        replace(step, takes=tuple(instead.get(value, value) for value in step.takes))
        for step in program.steps
    ]
    with np.errstate(over="ignore"):
        constants = {
            value: array.astype(_narrow(array.dtype.name)) for value, array in program.constants.items()
        }
    outputs = tuple(
        replace(port, dtype=_narrow(port.dtype), value=instead.get(port.value, port.value))
        for port in program.outputs
    )
    return Program(program.inputs, outputs, constants, (*casts, *steps), dtypes)


def _narrow(dtype: str) -> str:
    return "float32" if dtype == "float64" else dtype
