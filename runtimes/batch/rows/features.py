"""Rows of a model with features: a column for each, or all of them in one column of lists."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from runtimes.batch.rows.columns import Column
from runtimes.batch.rows.memory import places_but
from runtimes.batch.rows.table import Table
from runtimes.batch.work import Refused
from runtimes.core.signature import Signature
from runtimes.core.tensors import Tensor


class Features:
    """Reads all inputs of a model with features. ``columns``: by the features' names."""

    def __init__(self, signature: Signature, columns: dict[str, str], *, are_named: bool = True) -> None:
        self.tables: list[Table] = []
        for spec in signature.inputs:
            mine = [feature for feature in signature.features if feature.input == spec.name]
            mine.sort(key=lambda feature: feature.column)
            bound = [Column(one, columns[one.name], spec.dtype, is_named=are_named) for one in mine]
            self.tables.append(Table(spec, bound))

    def read(self, batch: pa.RecordBatch) -> list[Tensor] | None:
        """The tensors of a batch whose values are all taken; None where a closer look is needed."""
        tensors = []
        for table in self.tables:
            tensor = table.read(batch)
            if tensor is None:
                return None
            tensors.append(tensor)
        return tensors

    def pack(self, batch: pa.RecordBatch) -> list[Tensor]:
        """The tensors of rows that were sorted."""
        return [table.pack(batch) for table in self.tables]

    def sort(self, batch: pa.RecordBatch) -> tuple[list[pa.Array], list[Refused]]:
        """The places of the rows that are taken, all together, and the rows that are refused."""
        first: dict[int, Refused] = {}
        for table in self.tables:
            for found in table.refusals(batch):
                first.setdefault(found.row, found)
        fitting = places_but(batch.num_rows, first)
        return [fitting] if len(fitting) else [], [first[row] for row in sorted(first)]


class Joined:
    """The same for one column whose lists hold the features in their order, as an array of NumPy does."""

    def __init__(self, signature: Signature, column: str) -> None:
        names = [feature.name for feature in signature.features]
        self._names = names
        self._column = column
        self._features = Features(signature, {name: name for name in names})
        in_order = [feature.column for feature in signature.features] == list(range(len(names)))
        self._whole = self._features.tables[0] if len(signature.inputs) == 1 and in_order else None

    def read(self, batch: pa.RecordBatch) -> list[Tensor] | None:
        """As ``Features`` does; where all is well, no number is moved."""
        column = batch.column(self._column)
        if self._whole is not None and not column.null_count:
            tensor = self._whole.read_joined(column.flatten())
            if tensor is not None:
                return [tensor]
        return self._features.read(self._apart(batch))

    def pack(self, batch: pa.RecordBatch) -> list[Tensor]:
        """As ``Features`` does."""
        return self._features.pack(self._apart(batch))

    def sort(self, batch: pa.RecordBatch) -> tuple[list[pa.Array], list[Refused]]:
        """As ``Features`` does."""
        return self._features.sort(self._apart(batch))

    def _apart(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        column, width = batch.column(self._column), len(self._names)
        if column.null_count:
            columns = [pc.list_element(column, at) for at in range(width)]
        else:
            values, places = column.flatten(), pa.array(range(0, len(column) * width, width), pa.int64())
            columns = [values.slice(at).take(places) for at in range(width)]
        return pa.RecordBatch.from_arrays(columns, self._names)
