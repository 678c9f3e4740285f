"""The command line as values."""

from __future__ import annotations

import os
import re
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from dataclasses import dataclass
from typing import NoReturn

from runtimes.batch import engines, formats, writers
from runtimes.batch.errors import JobError

_COMMANDS = {
    "run": "answer all rows of the input (the default)",
    "plan": "write the plan of a job into its output, for `run --plan`",
    "status": "say how far the job of an output is",
}
_SHARD_ROWS, _SHARD_MB, _MEMORY_MB = 500_000, 64, 256


@dataclass(frozen=True)
class Options:
    """What was asked for. Empty texts and None: not given."""

    command: str
    input: tuple[str, ...]
    output: str
    input_format: str
    output_format: str
    keep: str
    map: dict[str, str]
    prefix: str
    delimiter: str
    header: bool
    newlines_in_values: bool
    missing: tuple[str, ...]
    max_bad_rows: str | None
    endpoint_url: str
    shard_rows: int
    shard_mb: int
    memory_mb: int
    threads: int | None
    engine: str
    ray_address: str
    progress: str
    metrics: str
    plan: str
    array_size: int | None
    shards: str


class _Parser(ArgumentParser):
    """Says what is wrong in one sentence, as every other failure of a job is said."""

    def error(self, message: str) -> NoReturn:
        """Refuse the command line."""
        raise JobError(message, f"{self.prog} --help lists the options")


def read(arguments: list[str]) -> Options:
    """The options of a command line; JobError where something is wrong with it."""
    parser = _parser()
    if not arguments or arguments[0] not in (*_COMMANDS, "-h", "--help"):
        arguments = ["run", *arguments]
    found = parser.parse_args(arguments)
    if found.command == "run" and found.plan:
        given = [option for option in _PLANNING if _given(found, option)]
        if given:
            raise JobError(
                f"--plan says all of the job; {given[0]} was given beside it", f"leave {given[0]} away"
            )
    elif found.command != "status" and not (found.input and found.output):
        missing = "--output" if found.input else "--input"
        raise JobError(
            f"{missing} is missing", "name files with --input, and a folder for the answers with --output"
        )
    return _options(found)


_PLANNING = ("--input", "--output", "--input-format", "--output-format", "--keep", "--map", "--prefix",
             "--delimiter", "--no-header", "--newlines-in-values", "--missing", "--max-bad-rows",
             "--shard-rows", "--shard-mb", "--memory-mb")  # fmt: skip


def _given(found: Namespace, option: str) -> bool:
    return getattr(found, option[2:].replace("-", "_")) not in (None, False, [])


def _options(found: Namespace) -> Options:
    given = vars(found)
    return Options(
        command=found.command,
        input=tuple(_place(uri) for uri in given.get("input") or ()),
        output=_place(given.get("output") or ""),
        input_format=given.get("input_format") or "",
        output_format=given.get("output_format") or "parquet",
        keep=given.get("keep") or "rest",
        map=_mapping(given.get("map") or []),
        prefix=given.get("prefix") or "",
        delimiter=given.get("delimiter") or "",
        header=not given.get("no_header"),
        newlines_in_values=bool(given.get("newlines_in_values")),
        missing=tuple(sorted(set(given.get("missing") or ()))),
        max_bad_rows=given.get("max_bad_rows"),
        endpoint_url=found.endpoint_url or "",
        shard_rows=given.get("shard_rows") or _SHARD_ROWS,
        shard_mb=given.get("shard_mb") or _SHARD_MB,
        memory_mb=given.get("memory_mb") or _MEMORY_MB,
        threads=given.get("threads"),
        engine=given.get("engine") or "threads",
        ray_address=given.get("ray_address") or "",
        progress=given.get("progress") or "auto",
        metrics=given.get("metrics") or "",
        plan=given.get("plan") or "",
        array_size=given.get("array_size"),
        shards=given.get("shards") or "",
    )


def _parser() -> ArgumentParser:
    parser = _Parser(
        prog="python -m runtimes.batch",
        description="Answers the rows of files with the model of this folder.",
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    made = {name: commands.add_parser(name, help=text, description=text) for name, text in _COMMANDS.items()}
    for name in ("run", "plan"):
        _add_job(made[name])
    _add_running(made["run"])
    made["status"].add_argument("--output", required=True, metavar="URI", help="the job's output")
    for command in made.values():
        command.add_argument("--endpoint-url", metavar="URL", help="of another store than AWS's own S3")
    return parser


def _add_job(command: ArgumentParser) -> None:
    add = command.add_argument
    text = "files, folders or globs, of this machine or s3://…"
    add("--input", nargs="+", action="extend", metavar="URI", help=text)
    add("--output", metavar="URI", help="a folder of this machine, or s3://bucket/prefix")
    add("--input-format", choices=tuple(formats.MODULES), help="where the files' names do not say it")
    add("--output-format", choices=tuple(writers.SUFFIXES), help="(default parquet)")
    text = "columns beside the answers: rest (that the model does not read; the default), all, none, or A,B"
    add("--keep", metavar="WHAT", help=text)
    add(
        "--map", nargs="+", action="extend", type=_pair, metavar="MODEL=COLUMN", help="columns of other names"
    )
    add("--prefix", metavar="TEXT", help="before the names of the answers' columns")
    add("--delimiter", type=_delimiter, metavar="C", help="of CSV (default a comma, of .tsv a tab)")
    add(
        "--no-header",
        action="store_true",
        help="CSV begins with a row: its columns are the model's, in order",
    )
    add("--newlines-in-values", action="store_true", help="CSV may have line breaks between quotes")
    text = "of CSV and JSON lines: what stands for a missing value beside an empty cell and null; repeatable"
    add("--missing", action="append", metavar="TEXT", help=text)
    text = "more bad rows, in all or of a hundred, are a failure (default: only when no row is good)"
    add("--max-bad-rows", type=_limit, metavar="N|P%", help=text)
    add("--shard-rows", type=_count, metavar="N", help=f"the most rows of a shard (default {_SHARD_ROWS})")
    add("--shard-mb", type=_count, metavar="N", help=f"the most MB of a shard (default {_SHARD_MB})")
    add("--memory-mb", type=_count, metavar="N", help=f"what batches are sized to (default {_MEMORY_MB})")


def _add_running(command: ArgumentParser) -> None:
    add = command.add_argument
    add("--plan", metavar="URI", help="what `plan` printed: do its shards, or some of them")
    text = "with --plan: how many children share it (default AWS_BATCH_JOB_ARRAY_SIZE)"
    add("--array-size", type=_count, metavar="N", help=text)
    add("--shards", metavar="3,5-9", help="with --plan: only these")
    add("--threads", type=_count, metavar="N", help="that predict (default: one for each processor)")
    add("--engine", choices=tuple(engines.MODULES), help="(default threads)")
    add("--ray-address", metavar="A", help="of a Ray cluster (default: one on this machine)")
    add("--progress", choices=("auto", "bar", "json", "none"), help="(default auto: a bar on a terminal)")
    add("--metrics", metavar="FILE", help="write the metrics there, too")


def _place(uri: str) -> str:
    """A URI in one spelling: absolute, links resolved, no slash at its end."""
    if uri.startswith("s3://"):
        return uri.rstrip("/")
    if "://" in uri:
        raise JobError(f"{uri} is in no store that is known here", "name a path, or s3://bucket/key")
    return os.path.realpath(uri) if uri else ""


def _pair(text: str) -> tuple[str, str]:
    model, sign, column = text.partition("=")
    if not (sign and model and column):
        raise ArgumentTypeError(f"{text!r} is not MODEL=COLUMN")
    return model, column


def _mapping(pairs: list[tuple[str, str]]) -> dict[str, str]:
    for model, column in pairs:
        others = {one for name, one in pairs if name == model and one != column}
        if others:
            raise JobError(f"--map names {column!r} and {others.pop()!r} for {model}", "name one of them")
    return dict(pairs)


def _delimiter(text: str) -> str:
    text = {"\\t": "\t", "tab": "\t"}.get(text, text)
    if len(text) != 1 or not text.isascii() or text in '"\r\n':
        raise ArgumentTypeError(f"{text!r} is not one character that can separate values")
    return text


def _limit(text: str) -> str:
    if re.fullmatch(r"\d+|\d+(\.\d+)?%", text) is None or (text.endswith("%") and float(text[:-1]) > 100):
        raise ArgumentTypeError(f"{text!r} is neither a number of rows nor a share such as 0.5%")
    return text


def _count(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) < 10**12:
        raise ArgumentTypeError(f"{text!r} is no whole number from 1 on")
    return int(text)
