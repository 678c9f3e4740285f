"""Steps of the engine tiny as C: each function of ``tiny_ops`` has one here that writes what it computes."""

from packager.firmware.steps import (
    arithmetic,
    choosing,
    columns,
    elementwise,
    functions,
    machines,
    moves,
    products,
    reducing,
    scores,
    trees,
)
from packager.firmware.steps.call import Call, Emitter, UnwritableError

EMITTERS: dict[str, Emitter] = {
    **arithmetic.EMITTERS,
    **choosing.EMITTERS,
    **columns.EMITTERS,
    **elementwise.EMITTERS,
    **functions.EMITTERS,
    **machines.EMITTERS,
    **moves.EMITTERS,
    **products.EMITTERS,
    **reducing.EMITTERS,
    **scores.EMITTERS,
    **trees.EMITTERS,
}
"""By operator. What is not here has no C, and is refused by name."""

__all__ = ["EMITTERS", "Call", "Emitter", "UnwritableError"]
