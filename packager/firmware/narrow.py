"""Programs in double precision made single from their first products on: for nets and linear models.

What leads to a product stays as it is: a time in seconds less the mean of such times is exact in double
precision, and worth nothing in single. What jumps stays, too.
"""

from dataclasses import dataclass, field, replace

import numpy as np

from packager.firmware.program import Array, Program, Step

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
    | {"choosing.arg_max", "choosing.arg_min", "labels.exchange", "labels.flags"}
    | {"scores.above", "scores.greatest"}
)
"""Steps that decide between classes, where no product follows them."""


def can_be(program: Program) -> bool:
    """Whether numbers in double precision come out of its products, nothing jumps that depends on them
    before the last product (what decides between classes comes after it), and single has room for all."""
    late = _late(program)
    steps = [step for step in program.steps if not late.isdisjoint(step.gives)]
    if all(program.dtypes[value] != "float64" for value in late):
        return False
    last = max(at for at, step in enumerate(steps) if _is_product(step))
    names = [step.operator for step in steps]
    even = all(name.partition(".")[0] in _EVEN for name in names) and _SUDDEN.isdisjoint(names)
    constants = (
        program.constants[value] for step in steps for value in step.takes if value in program.constants
    )
    return even and _DECIDING.isdisjoint(names[:last]) and all(map(_has_room, constants))


def narrowed(program: Program) -> Program:
    """The same steps, those that follow from a product in single precision."""
    making = _Narrowing(program, _late(program))
    steps = tuple(one for step in program.steps for one in making.steps_for(step))
    outputs = tuple(replace(port, dtype=making.dtypes[port.value]) for port in program.outputs)
    return Program(program.inputs, outputs, making.constants, steps, making.dtypes)


@dataclass(slots=True)
class _Narrowing:
    """``instead``: the values in single precision of those that stay in double."""

    program: Program
    late: frozenset[int]
    constants: dict[int, Array] = field(init=False)
    dtypes: dict[int, str] = field(init=False)
    instead: dict[int, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.constants = dict(self.program.constants)
        self.dtypes = {
            value: "float32" if value in self.late and dtype == "float64" else dtype
            for value, dtype in self.program.dtypes.items()
        }

    def steps_for(self, step: Step) -> tuple[Step, ...]:
        """A step, behind the casts of what it takes."""
        if self.late.isdisjoint(step.gives):
            return (step,)
        wide = [value for value in dict.fromkeys(step.takes) if self.dtypes.get(value) == "float64"]
        casts = tuple(
            self._cast(value) for value in wide if value not in self.instead and not self._known(value)
        )
        takes = tuple(self.instead[value] if value in wide else value for value in step.takes)
        return (*casts, replace(step, takes=takes))

    def _known(self, value: int) -> bool:
        """Whether it is a constant, which is made single here."""
        if value not in self.constants:
            return False
        self.constants[self._single(value)] = self.constants[value].astype(np.float32)
        return True

    def _cast(self, value: int) -> Step:
        return Step("casting.cast", (value,), (self._single(value),), {})

    def _single(self, value: int) -> int:
        self.instead[value] = len(self.dtypes)
        self.dtypes[len(self.dtypes)] = "float32"
        return self.instead[value]


def _late(program: Program) -> frozenset[int]:
    """The values that products give, and all that follow from them."""
    late: set[int] = set()
    for step in program.steps:
        if _is_product(step) or not late.isdisjoint(step.takes):
            late.update(step.gives)
    return frozenset(late)


def _is_product(step: Step) -> bool:
    return step.operator.startswith("products.")


def _has_room(constant: Array) -> bool:
    """Whether no number of it becomes endless or nothing in single precision."""
    if constant.dtype != np.float64:
        return True
    with np.errstate(over="ignore", under="ignore"):
        single = constant.astype(np.float32)
    same = np.isfinite(single) == np.isfinite(constant)
    return bool((same & ((single == 0) == (constant == 0))).all())
