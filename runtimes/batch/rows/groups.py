"""Rows of a model without features: those of one shape together, and those not taken."""

from __future__ import annotations

import pyarrow as pa

from runtimes.batch.rows.lists import Lists
from runtimes.batch.work import Refused
from runtimes.core.tensors import Tensor


class Groups:
    """Reads all inputs of a model without features."""

    def __init__(self, inputs: list[Lists]) -> None:
        self._inputs = inputs

    def read(self, batch: pa.RecordBatch) -> list[Tensor] | None:
        """The tensors of rows of one shape that are all taken; None where a closer look is needed."""
        tensors = []
        sizes: dict[str, int] = {}
        for one in self._inputs:
            tensor = one.read(batch, sizes)
            if tensor is None:
                return None
            tensors.append(tensor)
        return tensors

    def pack(self, batch: pa.RecordBatch) -> list[Tensor]:
        """The same of rows that were sorted."""
        tensors = self.read(batch)
        if tensors is None:
            raise AssertionError("rows of one shape are read together")
        return tensors

    def sort(self, batch: pa.RecordBatch) -> tuple[list[pa.Array], list[Refused]]:
        """The places of the rows that are taken, those of one shape together, and the rows that are not."""
        shapes: dict[object, list[int]] = {}
        refused: list[Refused] = []
        for places in self._of_one_length(batch):
            some = batch if len(places) == batch.num_rows else batch.take(pa.array(places, pa.int64()))
            self._sort(some, places, shapes, refused)
        return [pa.array(sorted(rows), pa.int64()) for rows in shapes.values()], refused

    def _of_one_length(self, batch: pa.RecordBatch) -> list[list[int]]:
        """The places of rows whose lists have the same lengths, as far as one look tells."""
        lengths = [found for one in self._inputs if (found := one.lengths(batch)) is not None]
        if not lengths:
            return [list(range(batch.num_rows))]
        alike: dict[object, list[int]] = {}
        for place, key in enumerate(zip(*lengths)):
            alike.setdefault(key, []).append(place)
        return list(alike.values())

    def _sort(
        self,
        batch: pa.RecordBatch,
        places: list[int],
        shapes: dict[object, list[int]],
        refused: list[Refused],
    ) -> None:
        """Rows that cannot be read together are halved until each part can, or is one row."""
        tensors = self.read(batch)
        if tensors is not None:
            key = tuple([tensor.shape[1:] for tensor in tensors])
            shapes.setdefault(key, []).extend(places)
        elif len(places) == 1:
            refused.append(self._refusal(batch, places[0]))
        else:
            middle = len(places) // 2
            self._sort(batch.slice(0, middle), places[:middle], shapes, refused)
            self._sort(batch.slice(middle), places[middle:], shapes, refused)

    def _refusal(self, row: pa.RecordBatch, place: int) -> Refused:
        sizes: dict[str, int] = {}
        for one in self._inputs:
            found = one.refusal(row, sizes)
            if found is not None:
                return Refused(place, found.column, found.reason, found.message)
        raise AssertionError("a row is taken, and yet it was not read")
