"""Rows on their way to a model: one array for each feature (or input), cut along the first axis."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from packager.converters.tensors import Array


@dataclass(frozen=True, slots=True)
class Rows:
    """``columns`` go by feature name for tabular models and by input name for all others.

    Not ``batched``: one whole input, or where they are ``several``, so many of them along a first axis that
    the model does not know.
    """

    columns: dict[str, Array]
    batched: bool = True
    several: bool = False

    def __len__(self) -> int:
        counted = (self.batched or self.several) and self.columns
        return len(next(iter(self.columns.values()))) if counted else 1

    def each(self) -> list["Rows"]:
        """Whole inputs one by one."""
        if not self.several:
            return [self]
        return [
            Rows({name: array[at] for name, array in self.columns.items()}, batched=False)
            for at in range(len(self))
        ]

    def with_gaps(self, names: list[str]) -> "Rows":
        """The rows with one value missing in each, column by column in turn."""
        columns = dict(self.columns)
        for at, name in enumerate(names):
            columns[name] = columns[name].copy()
            columns[name][at :: len(names)] = np.nan
        return Rows(columns, self.batched)

    def take(self, which: Any) -> "Rows":
        return Rows(
            {name: array[which] for name, array in self.columns.items()}, not self.several, self.several
        )
