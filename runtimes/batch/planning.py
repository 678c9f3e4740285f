"""Makes the plan: finds the files, looks at each, holds its columns to the model, and cuts it into shards."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pyarrow as pa

from runtimes.batch import formats, writers
from runtimes.batch.errors import JobError
from runtimes.batch.job import Job
from runtimes.batch.opened import read_model, wanted_of
from runtimes.batch.options import Options
from runtimes.batch.plan import Plan, identity_of
from runtimes.batch.rows import Binding, batch_rows
from runtimes.batch.stores import Stores
from runtimes.batch.stores.patterns import refuse_output
from runtimes.batch.work import Cut, InputFile, Shard
from runtimes.core.signature import Signature

_DELIMITERS = ",;\t|"
_LOOKING = 16
"""Files that are looked at together: a store at a distance answers them together, too."""


def make_plan(options: Options, stores: Stores, root: str = "") -> Plan:
    """The plan of a job; JobError for what another row could not change: columns, formats, no input."""
    manifest, model = read_model(root)
    refuse_output(list(options.input), options.output, writers.SUFFIXES[options.output_format])
    files = _find_files(options, stores)
    job = _job(options, files, manifest.signature)
    looked = _look_at(files, _Looking(options, job, manifest.signature, stores))
    answers = _same_answers(looked)
    writers.check(options.output_format, answers)
    schemas = {
        one.schema: number for number, one in enumerate({found.schema: found for found in looked}.values())
    }
    shape = job.shape()
    shards = [
        Shard(index, found.file, cut, identity_of(model, shape, found.file, cut))
        for index, (found, cut) in enumerate((found, cut) for found in looked for cut in found.cuts)
    ]
    return Plan(
        model=model,
        job=job,
        answers=tuple((field.name, str(field.type)) for field in answers),
        schemas=tuple(schemas),
        files=tuple(found.file for found in looked),
        schema_numbers=tuple(schemas[found.schema] for found in looked),
        shards=tuple(shards),
    )


@dataclass(frozen=True)
class _Looked:
    """A file as it was found."""

    file: InputFile
    schema: pa.Schema
    binding: Binding
    cuts: tuple[Cut, ...]


class _Looking:
    """Looks at files. Most have the columns of the one before, and need one look alone."""

    def __init__(self, options: Options, job: Job, signature: Signature, stores: Stores) -> None:
        self._options = options
        self._job = job
        self._signature = signature
        self._stores = stores
        self._bindings: dict[tuple[pa.Schema, str], Binding] = {}
        self._last: dict[str, Binding] = {}

    def __call__(self, file: InputFile) -> _Looked | None:
        """None for an empty file: other programs leave such behind, and nothing of it can be lost."""
        last = self._last.get(file.format)
        schema, cuts = self._describe(file, last)
        if not schema.names and not cuts:
            return None
        binding = self._bind(file, schema)
        if last is None or last.wanted != binding.wanted:
            _, cuts = self._describe(file, binding)
        self._last[file.format] = binding
        return _Looked(file, schema, binding, cuts)

    def _describe(self, file: InputFile, binding: Binding | None) -> tuple[pa.Schema, tuple[Cut, ...]]:
        options = self._options
        with self._stores.of(file.uri).open(file) as source:
            described = formats.find(file.format).describe(
                file, source, wanted_of(self._job, binding), options.shard_rows, options.shard_mb * 1_000_000
            )
        return _bare(described.schema), described.cuts

    def _bind(self, file: InputFile, schema: pa.Schema) -> Binding:
        key = (schema, file.format)
        if key not in self._bindings:
            try:
                self._bindings[key] = Binding(self._signature, schema, key[1], self._job)
            except JobError as error:
                hint = self._other_delimiter(file, schema) or error.hint
                raise JobError(f"{file.uri}: {error.message}", hint) from None
        return self._bindings[key]

    def _other_delimiter(self, file: InputFile, schema: pa.Schema) -> str:
        """A hint where a file of one column looks as if it had several."""
        found = [one for one in _DELIMITERS if one != self._job.delimiter and one in "".join(schema.names)]
        if file.format != "csv" or len(schema.names) != 1 or not found:
            return ""
        return f"its first line has {found[0]!r}: name what separates its values with --delimiter"


def _look_at(files: tuple[InputFile, ...], look: _Looking) -> list[_Looked]:
    first = look(files[0])
    pool = ThreadPoolExecutor(_LOOKING)
    try:
        looked = [one for one in (first, *pool.map(look, files[1:])) if one is not None]
    finally:
        pool.shutdown(wait=False, cancel_futures=True)  # whoever is interrupted does not wait for a store
    if not looked:
        raise JobError("the input's files are empty", "check that they were written and copied as a whole")
    return looked


def _find_files(options: Options, stores: Stores) -> tuple[InputFile, ...]:
    """The input's files, each once, in the order in which they are named."""
    found: dict[str, InputFile] = {}
    for one in (one for pattern in options.input for one in stores.of(pattern).find(pattern)):
        if one.uri not in found:
            format, compression = _format(one.uri, options.input_format)
            found[one.uri] = InputFile(one.uri, format, compression, one.size_bytes, one.version)
    inside = next((uri for uri in found if uri.startswith(f"{options.output}/")), None)
    if inside is not None:
        raise JobError(
            f"the input {inside} lies in the output {options.output}", "name another folder for the output"
        )
    return tuple(found.values())


def _format(uri: str, asked: str) -> tuple[str, str]:
    if not asked:
        return formats.format_of(uri)
    compressions = (kind for suffix, kind in formats.COMPRESSIONS.items() if uri.lower().endswith(suffix))
    return asked, next(compressions, "") if asked in ("csv", "jsonl") else ""


def _job(options: Options, files: tuple[InputFile, ...], signature: Signature) -> Job:
    return Job(
        output=options.output,
        output_format=options.output_format,
        keep=options.keep,
        map=options.map,
        prefix=options.prefix,
        batch_rows=batch_rows(signature, options.memory_mb),
        max_bad_rows=options.max_bad_rows,
        delimiter=options.delimiter or _delimiter(files),
        header=options.header,
        newlines_in_values=options.newlines_in_values,
        missing=options.missing,
        endpoint_url=options.endpoint_url,
    )


def _delimiter(files: tuple[InputFile, ...]) -> str:
    tabs = {".tsv" in file.uri.rpartition("/")[2].lower() for file in files if file.format == "csv"}
    if len(tabs) == 2:
        raise JobError(
            "the input has .csv and .tsv files",
            "name the one delimiter of both with --delimiter, or run a job for each",
        )
    return "\t" if tabs == {True} else ","


def _same_answers(looked: list[_Looked]) -> pa.Schema:
    """The columns of the answers, which are those of every file."""
    first = looked[0]
    for one in looked[1:]:
        if one.binding is not first.binding and one.binding.answers != first.binding.answers:
            differ = _difference(first.binding.answers, one.binding.answers)
            raise JobError(
                f"{first.file.uri} and {one.file.uri} would be answered in different columns: {differ}",
                "write the files alike, choose columns with --keep, or run a job for each",
            )
    return first.binding.answers


def _difference(one: pa.Schema, other: pa.Schema) -> str:
    for name in (*one.names, *other.names):
        types = [
            str(schema.field(name).type) if name in schema.names else "missing" for schema in (one, other)
        ]
        if types[0] != types[1]:
            return f"{name} is {types[0]} in the one and {types[1]} in the other"
    return "in another order"


def _bare(schema: pa.Schema) -> pa.Schema:
    """Without what a writer says beside names and types."""
    return pa.schema([field.remove_metadata() for field in schema])
