"""A file's columns bound to a model: which it reads, which come along, and what its answers are called."""

from __future__ import annotations

from typing import Protocol

import pyarrow as pa

from runtimes.batch.errors import JobError
from runtimes.batch.rows.answering import Answers
from runtimes.batch.rows.kinds import kind_of, refusal, takes, text_type
from runtimes.batch.rows.matching import match
from runtimes.core.shapes import batch_of
from runtimes.core.signature import Signature

_SHOWN = 20


class Job(Protocol):
    """What of a job's options says which columns are read and written."""

    @property
    def keep(self) -> str: ...
    @property
    def map(self) -> dict[str, str]: ...
    @property
    def prefix(self) -> str: ...


class Binding:
    """``wanted``: what to read, with the types to read text as; ``answers``: the output's columns."""

    def __init__(self, signature: Signature, schema: pa.Schema, typed: bool, job: Job) -> None:
        if batch_of(signature) is None:
            raise JobError(
                "the model does not take rows, since its tensors have no batch in common",
                "build it from a model whose inputs begin with a batch",
            )
        self.signature = signature
        self.columns = _bound(signature, schema, typed, job.map)
        self.kept = _kept(schema, job.keep, set(self.columns.values()))
        self.wanted: dict[str, pa.DataType | None] = dict.fromkeys(self.kept)
        self.wanted.update(_text_types(signature, self.columns))
        self.answers = _answers(self, schema, typed, job.prefix)


def _bound(signature: Signature, schema: pa.Schema, typed: bool, mapped: dict[str, str]) -> dict[str, str]:
    kinds = _kinds(signature)
    found, wrong = match(list(kinds), schema, mapped)
    if typed:
        for name, column in found.items():
            type_ = schema.field(column).type
            if not takes(kinds[name], type_):
                wrong.append(refusal(name, kinds[name], column, type_))
    if wrong:
        more = f"; and {len(wrong) - _SHOWN} more" if len(wrong) > _SHOWN else ""
        known = ", ".join(schema.names[:_SHOWN])
        raise JobError(
            f"the columns do not fit the model: {'; '.join(wrong[:_SHOWN])}{more}", f"the file has {known}"
        )
    return found


def _kinds(signature: Signature) -> dict[str, str]:
    """What the model takes under each name."""
    if signature.features:
        return {feature.name: feature.kind for feature in signature.features}
    return {spec.name: kind_of(spec.dtype) for spec in signature.inputs}


def _text_types(signature: Signature, columns: dict[str, str]) -> dict[str, pa.DataType]:
    dtypes = {spec.name: spec.dtype for spec in signature.inputs}
    return {
        columns[feature.name]: text_type(feature.kind, dtypes[feature.input])
        for feature in signature.features
    }


def _kept(schema: pa.Schema, keep: str, read: set[str]) -> list[str]:
    if keep == "none":
        return []
    if keep in ("all", "rest"):
        chosen = [name for name in schema.names if keep == "all" or name not in read]
    else:
        chosen = [name.strip() for name in keep.split(",") if name.strip()]
    for name in chosen:
        count = schema.names.count(name)
        if count != 1:
            what = f"there are {count} columns {name!r}" if count else f"there is no column {name!r} to keep"
            raise JobError(what, f"name others with --keep; the file has {', '.join(schema.names[:_SHOWN])}")
    return list(dict.fromkeys(chosen))


def _answers(binding: Binding, schema: pa.Schema, typed: bool, prefix: str) -> pa.Schema:
    kept = []
    for name in binding.kept:
        as_text = binding.wanted[name] or pa.string()
        kept.append(pa.field(name, schema.field(name).type if typed else as_text))
    answers = [field.with_name(prefix + field.name) for field in Answers(binding.signature).fields]
    both = [field.name for field in answers if field.name in binding.kept]
    if both:
        raise JobError(
            f"the answer {both[0]!r} would have the name of a column that is kept",
            "give the answers a prefix (--prefix model_), or keep other columns (--keep)",
        )
    return pa.schema(kept + answers)
