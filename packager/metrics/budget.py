"""How much of a metric may be lost: read from what the user wrote, and held against a measured drop."""

import math
import re
from dataclasses import dataclass

from packager.errors import ConfigError
from packager.metrics.choosing import LESS_IS_BETTER
from packager.metrics.yardstick import Yardstick
from packager.optimized import Drop

_FORM = re.compile(r"([0-9]+\.?[0-9]*|\.[0-9]+)(e-?[0-9]+)?\s*(%|points?)?", re.IGNORECASE)
_MOST = 0.2
_HINT = "write a part as in 0.5%, or a number as in 0.005"


@dataclass(frozen=True, slots=True)
class Budget:
    """``amount`` in the metric's unit, or as a percentage: of metrics up to 1 in points (0.5% of accuracy is
    0.005), of errors as part of the source model's own."""

    amount: float
    percent: bool
    text: str

    @classmethod
    def parse(cls, text: str) -> "Budget":
        """ConfigError for what is no amount that may be lost."""
        found = _FORM.fullmatch(text.strip())
        if found is None:
            raise ConfigError(f"the largest drop is {text!r}, which is no amount", _HINT)
        amount = float(found[1] + (found[2] or ""))
        if not math.isfinite(amount):
            raise ConfigError(f"the largest drop is {text!r}, which is no amount", _HINT)
        return cls(amount / 100 if found[3] else amount, bool(found[3]), text.strip())

    def allowed(self, yard: Yardstick) -> float:
        """The largest drop, in the metric's unit."""
        if yard.metric in LESS_IS_BETTER:
            return self.amount * yard.scale if self.percent else self.amount
        if self.amount > _MOST and not self.percent:
            raise ConfigError(
                f"the largest drop {self.text!r} is {self.amount:.0%} of the whole {yard.metric}",
                f"for that write {self.amount:.0%}, for points {self.amount:g}%",
            )
        return self.amount

    def holds(self, drop: Drop, yard: Yardstick) -> bool:
        """Whether no more is lost; the last digits of a sum do not count."""
        allowed = self.allowed(yard)
        return drop.value <= allowed + 1e-12 * max(1.0, abs(yard.source.value))
