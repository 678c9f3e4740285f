"""Models whose inputs are rows of numbers without names: which columns hold these numbers, in their order."""

from __future__ import annotations

import pyarrow as pa

from runtimes.batch.errors import JobError
from runtimes.batch.rows.kinds import kind_of
from runtimes.core.signature import Feature, Signature, TensorSpec


def spread(signature: Signature, schema: pa.Schema, mapped: dict[str, str], named: bool) -> Signature:
    """The signature with a feature for each column that ``--map INPUT=A,B,C`` says or, without a header, for
    the first ones; as it is where there is a column for each input."""
    if signature.features or not all(is_row(spec) for spec in signature.inputs):
        return signature
    columns = {spec.name: _columns_of(spec, schema, mapped, named) for spec in signature.inputs}
    if not named and len(columns) == 1 and len(schema.names) >= _width(signature.inputs[0]) > 1:
        columns = {signature.inputs[0].name: schema.names[: _width(signature.inputs[0])]}
    if not all(columns.values()):
        return signature
    features = [
        Feature(column, kind_of(spec.dtype), spec.name, at, False)
        for spec in signature.inputs
        for at, column in enumerate(columns[spec.name])
    ]
    return Signature(
        signature.inputs, signature.outputs, signature.class_labels, signature.label_is_index, tuple(features)
    )


def is_row(spec: TensorSpec) -> bool:
    """Whether an input takes one list of a known length from each row."""
    return len(spec.shape) == 2 and isinstance(spec.shape[1], int)


def _columns_of(spec: TensorSpec, schema: pa.Schema, mapped: dict[str, str], named: bool) -> list[str]:
    """The columns that the mapping names for an input; none where it names one column of lists."""
    said = mapped.get(spec.name, spec.name if named else "")
    if said in schema.names or "," not in said:
        return [said] if said in schema.names and _is_number(schema, said) and _width(spec) == 1 else []
    columns = said.split(",")
    if len(columns) != _width(spec):
        raise JobError(
            f"--map names {len(columns)} columns for {spec.name}, which takes {_width(spec)}",
            "name a column for each, in their order, with commas between them",
        )
    return columns


def _is_number(schema: pa.Schema, name: str) -> bool:
    return schema.names.count(name) == 1 and not pa.types.is_nested(schema.field(name).type)


def _width(spec: TensorSpec) -> int:
    return int(spec.shape[1])
