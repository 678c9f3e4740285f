"""A file's columns bound to a model: which it reads, which come along, and what its answers are called."""

from __future__ import annotations

from typing import Protocol

import pyarrow as pa
import pyarrow.types as pt

from runtimes.batch.errors import JobError
from runtimes.batch.rows import lists
from runtimes.batch.rows.answering import Answers
from runtimes.batch.rows.kinds import kind_of, movable, refusal, takes, text_type
from runtimes.batch.rows.matching import check_mapped, listed, match
from runtimes.batch.rows.spreading import is_row, spread
from runtimes.core.shapes import batch_of
from runtimes.core.signature import Signature

ARRAY = "array"
"""The one column of a file that has no names: an array of NumPy."""

_TEXT = ("csv", "jsonl")
"""Formats whose columns are read as the model wants them."""


class Job(Protocol):
    """What of a job's options says which columns are read and written."""

    @property
    def keep(self) -> str | tuple[str, ...]: ...
    @property
    def map(self) -> dict[str, str]: ...
    @property
    def prefix(self) -> str: ...
    @property
    def header(self) -> bool: ...
    @property
    def missing(self) -> tuple[str, ...]: ...


class Binding:
    """``wanted``: what to read, with the types to read text as; ``answers``: the output's columns.

    ``schema``: the file's; of CSV all its columns are texts, of JSON lines it is what their beginning tells.
    """

    def __init__(self, signature: Signature, schema: pa.Schema, format: str, job: Job) -> None:
        if batch_of(signature) is None:
            raise JobError(
                "the model does not take rows, since its tensors have no batch in common",
                "build it from a model whose inputs begin with a batch",
            )
        check_mapped([one.name for one in signature.features or signature.inputs], job.map)
        self.signature = signature
        self.read_as = spread(signature, schema, job.map, format != "csv" or job.header)
        self.joined = _joined(signature, schema, job.map)
        self.columns = {} if self.joined else _bound(self.read_as, schema, format, job)
        self.read = {self.joined} if self.joined else set(self.columns.values())
        self.kept = _kept(schema, job.keep, self.read)
        self.wanted: dict[str, pa.DataType | None] = dict.fromkeys([*self.kept, *sorted(self.read)])
        self.wanted.update(_text_types(self.read_as, self.columns))
        if format == "csv":
            _refuse_lists(self.wanted)
        self.missing = _missing_texts(self.read_as, self.columns, format, job.missing)
        self.rigid = {field.name for field in schema if movable(field.type) != field.type}
        self.answers = _answers(self, schema, format, job.prefix)


def _missing_texts(
    signature: Signature, columns: dict[str, str], format: str, named: tuple[str, ...]
) -> dict[str, list[str]]:
    """Columns of texts with those that stand for a missing value: an empty cell of CSV, where the model
    takes a missing one, and what was named."""
    if format not in _TEXT:
        return {}
    found = {}
    for one in signature.features:
        empty = [""] if format == "csv" and one.nullable else []
        if one.kind == "text" and (named or empty):
            found[columns[one.name]] = [*empty, *named]
    return found


def _joined(signature: Signature, schema: pa.Schema, mapped: dict[str, str]) -> str | None:
    """The column that holds all features in lists, where a file has no other."""
    if schema.names != [ARRAY] or not signature.features or mapped:
        return None
    type_, width = schema.field(0).type, len(signature.features)
    if not pt.is_fixed_size_list(type_) or type_.list_size != width:
        if width == 1 and not pt.is_nested(type_):
            return None
        raise JobError(
            f"the rows of the array are {type_}, and the model takes {width} features",
            f"save an array of the shape [rows, {width}]: {listed([one.name for one in signature.features])}",
        )
    wrong = [one for one in signature.features if not takes(one.kind, type_.value_type)]
    if wrong:
        raise JobError(
            refusal(wrong[0].name, wrong[0].kind, ARRAY, type_.value_type), "save it in another dtype"
        )
    return ARRAY


def _bound(signature: Signature, schema: pa.Schema, format: str, job: Job) -> dict[str, str]:
    names = [one.name for one in signature.features or signature.inputs]
    mapped = {name: column for name, column in job.map.items() if name in names}
    if _has_no_names(schema, format, job):
        mapped = {**dict(zip(names, schema.names)), **mapped}
    found, wrong = match(names, schema, mapped)
    if format != "csv":
        wrong += _wrong_types(signature, schema, found)
    if wrong:
        hint = f"the file has {listed(schema.names)}; --map {_mapping(signature)} says which is which"
        raise JobError(f"the columns do not fit the model: {listed(wrong, '; ')}", hint)
    return found


def _mapping(signature: Signature) -> str:
    rows = [spec for spec in signature.inputs if is_row(spec) and spec.shape[1] != 1]
    return f"{rows[0].name}=A,B,…" if rows and not signature.features else "MODEL=COLUMN"


def _refuse_lists(wanted: dict[str, pa.DataType | None]) -> None:
    for name, type_ in wanted.items():
        if type_ is not None and pt.is_nested(type_):
            raise JobError(
                f"the model takes lists of numbers in the column {name!r}, and CSV has none",
                "write the rows as Parquet, Arrow or JSON lines, or as .npy",
            )


def _has_no_names(schema: pa.Schema, format: str, job: Job) -> bool:
    return schema.names == [ARRAY] if format != "csv" else not job.header


def _wrong_types(signature: Signature, schema: pa.Schema, columns: dict[str, str]) -> list[str]:
    wrong = []
    for feature in signature.features:
        column = columns.get(feature.name)
        if column is not None and not takes(feature.kind, schema.field(column).type):
            wrong.append(refusal(feature.name, feature.kind, column, schema.field(column).type))
    for spec in () if signature.features else signature.inputs:
        column = columns.get(spec.name)
        found = None if column is None else lists.wrong_type(spec, column, schema.field(column).type)
        wrong += [] if found is None else [found]
    return wrong


def _text_types(signature: Signature, columns: dict[str, str]) -> dict[str, pa.DataType]:
    specs = {spec.name: spec for spec in signature.inputs}
    if signature.features:
        kinds = {one.name: text_type(one.kind, specs[one.input].dtype) for one in signature.features}
    else:
        leaves = {name: text_type(kind_of(spec.dtype), spec.dtype) for name, spec in specs.items()}
        kinds = {name: lists.text_type(specs[name], leaf) for name, leaf in leaves.items()}
    return {column: kinds[name] for name, column in columns.items()}


def _kept(schema: pa.Schema, keep: str | tuple[str, ...], read: set[str]) -> list[str]:
    if keep == "none":
        return []
    if keep in ("all", "rest"):
        chosen = [name for name in schema.names if keep == "all" or name not in read]
    else:
        chosen = keep.split(",") if isinstance(keep, str) else list(keep)
    for name in chosen:
        count = schema.names.count(name)
        if count != 1:
            what = f"there are {count} columns {name!r}" if count else f"there is no column {name!r} to keep"
            raise JobError(what, f"name others with --keep; the file has {listed(schema.names)}")
    return list(dict.fromkeys(chosen))


def _answers(binding: Binding, schema: pa.Schema, format: str, prefix: str) -> pa.Schema:
    kept = []
    for name in binding.kept:
        as_read = binding.wanted[name] if format in _TEXT else None
        kept.append(pa.field(name, as_read or movable(schema.field(name).type)))
    answers = [field.with_name(prefix + field.name) for field in Answers(binding.signature).fields]
    both = [field.name for field in answers if field.name in binding.kept]
    if both:
        raise JobError(
            f"the answer {both[0]!r} would have the name of a column that is kept",
            "give the answers a prefix (--prefix model_), or keep other columns (--keep)",
        )
    return pa.schema(kept + answers)
