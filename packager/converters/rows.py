"""Rows on their way to a model: one array for each feature (or input), cut along the first axis."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from packager.converters.tensors import Array


@dataclass(frozen=True, slots=True)
class Rows:
    """``columns`` go by feature name for tabular models and by input name for all others."""

    columns: dict[str, Array]
    batched: bool = True

    def __len__(self) -> int:
        return len(next(iter(self.columns.values()))) if self.batched and self.columns else 1

    def with_gaps(self, names: list[str]) -> "Rows":
        """The rows with one value missing in each, column by column in turn."""
        columns = dict(self.columns)
        for at, name in enumerate(names):
            columns[name] = columns[name].copy()
            columns[name][at :: len(names)] = np.nan
        return Rows(columns, self.batched)

    def take(self, which: Any) -> "Rows":
        return Rows({name: array[which] for name, array in self.columns.items()})
