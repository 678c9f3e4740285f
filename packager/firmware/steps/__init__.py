"""Steps of the engine tiny as C: each function of ``tiny_ops`` has one here that writes what it computes."""

from packager.firmware.steps import columns, elementwise, machines, moves, products, reducing, scores, trees
from packager.firmware.steps.call import Call, Emitter, UnwritableError

EMITTERS: dict[str, Emitter] = {
    **columns.EMITTERS,
    **elementwise.EMITTERS,
    **machines.EMITTERS,
    **moves.EMITTERS,
    **products.EMITTERS,
    **reducing.EMITTERS,
    **scores.EMITTERS,
    **trees.EMITTERS,
}
"""By operator. What is not here has no C, and is refused by name."""

__all__ = ["EMITTERS", "Call", "Emitter", "UnwritableError"]
