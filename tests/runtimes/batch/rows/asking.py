"""Asks the job and the function for the same rows, and says how they differ."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import pyarrow as pa

from runtimes.batch.rows import Binding, Rows
from runtimes.batch.work import Predicted
from runtimes.core.predictor import Predictor

Json = Callable[[Any], Any]


@dataclass(frozen=True)
class Job:
    """What of a job's options shapes rows."""

    keep: str | tuple[str, ...] = "none"
    map: dict[str, str] = field(default_factory=dict)
    prefix: str = ""
    header: bool = True
    missing: tuple[str, ...] = ()


def bind(predictor: Predictor, schema: pa.Schema, format: str = "parquet", **options: Any) -> Binding:
    """The columns of a file bound to a model."""
    return Binding(predictor.manifest.signature, schema, format, Job(**options))


def predict(predictor: Predictor, batch: pa.RecordBatch, **options: Any) -> Predicted:
    """A batch through the job's own code."""
    return Rows(bind(predictor, batch.schema, **options), predictor).predict(batch)


def check_same(predictor: Predictor, batch: pa.RecordBatch, messages: bool = True) -> Predicted:
    """The job refuses what the function refuses, with its words, and answers the rest as it does."""
    predicted = predict(predictor, batch)
    results: Any = predictor.predict_rows(as_requested(predictor, batch))["results"]
    refused = {row: result["error"] for row, result in enumerate(results) if "error" in result}
    assert [one.row for one in predicted.refused] == list(refused)
    if messages:
        assert [one.message for one in predicted.refused] == [one["message"] for one in refused.values()]
    taken = [row for row in range(batch.num_rows) if row not in refused]
    assert (list(range(batch.num_rows)) if predicted.taken is None else predicted.taken.to_pylist()) == taken
    for row, answer in zip(taken, predicted.answers.to_pylist(), strict=True):
        assert leaves(list(answer.values())) == leaves(results[row]), f"row {row}"
    return predicted


def as_requested(predictor: Predictor, batch: pa.RecordBatch) -> list[Any]:
    """The rows as requests say them."""
    signature = predictor.manifest.signature
    floats = {spec.name for spec in signature.inputs if spec.dtype.startswith("float")}
    nullable = {one.name for one in signature.features if one.nullable and one.input in floats}
    return [
        {name: plain(value, name in nullable) for name, value in row.items()} for row in batch.to_pylist()
    ]


def plain(value: Any, nullable: bool = False) -> Any:
    """A value as JSON has it: there is no decimal, and where null is taken no NaN."""
    if isinstance(value, list):
        return [plain(one) for one in value]
    if isinstance(value, Decimal):
        return int(value) if value.as_tuple().exponent == 0 else float(value)
    return None if nullable and isinstance(value, float) and math.isnan(value) else value


def leaves(answer: Any) -> list[Any]:
    """The values of an answer in their order, with their types; JSON has no NaN."""
    if isinstance(answer, dict):
        answer = list(answer.values())
    if isinstance(answer, list):
        return [leaf for one in answer for leaf in leaves(one)]
    if isinstance(answer, float) and not math.isfinite(answer):
        answer = None
    return [(type(answer), answer)]
