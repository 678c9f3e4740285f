"""Rows on their way to a model: one array for each feature (or input), cut along the first axis."""

from dataclasses import dataclass
from typing import Any

from packager.converters.tensors import Array


@dataclass(frozen=True, slots=True)
class Rows:
    """``columns`` go by feature name for tabular models and by input name for all others."""

    columns: dict[str, Array]
    batched: bool = True

    def __len__(self) -> int:
        return len(next(iter(self.columns.values()))) if self.batched and self.columns else 1

    def take(self, which: Any) -> "Rows":
        return Rows({name: array[which] for name, array in self.columns.items()})
