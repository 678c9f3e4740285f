"""Which shards a process has, as a child of an array job of AWS Batch or as told, and what Batch calls it."""

from __future__ import annotations

import os
from collections.abc import Mapping

from runtimes.batch.errors import JobError

INDEX, SIZE = "AWS_BATCH_JOB_ARRAY_INDEX", "AWS_BATCH_JOB_ARRAY_SIZE"
_NAMED = {"job_id": "AWS_BATCH_JOB_ID", "attempt": "AWS_BATCH_JOB_ATTEMPT", "array_index": INDEX}


def chosen(
    count: int, shards: str = "", size: int | None = None, environment: Mapping[str, str] = os.environ
) -> tuple[int, ...]:
    """The shards of a plan of ``count`` that are this process's: those of ``shards`` ("3,5-9"), or all; of
    them a child of an array takes every ``size``-th, from its own index on."""
    wanted = tuple(range(count)) if not shards else _listed(shards, count)
    if INDEX not in environment:
        return wanted
    index = _number(INDEX, environment[INDEX])
    size = size or (_number(SIZE, environment[SIZE]) if SIZE in environment else None)
    if size is None:
        raise JobError(
            f"this is child {index} of an array job, and nothing says how many there are",
            "name the number with --array-size",
        )
    if not index < size:
        raise JobError(f"this is child {index} of an array job, and the array has {size}", "see --array-size")
    return wanted[index::size]


def place(environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """What AWS Batch calls this process, for its lines of progress; empty elsewhere."""
    return {name: environment[variable] for name, variable in _NAMED.items() if variable in environment}


def _listed(text: str, count: int) -> tuple[int, ...]:
    """The numbers of "3,5-9", in order, each once."""
    found: set[int] = set()
    for part in text.split(","):
        first, _, last = part.strip().partition("-")
        if not first.isdecimal() or not (last or first).isdecimal() or part.strip().endswith("-"):
            raise JobError(f"--shards has {part!r}", "write numbers and ranges: --shards 3,5-9")
        if not int(first) <= int(last or first) < count:
            raise JobError(f"--shards has {part!r}, and the plan has shards 0 to {count - 1}")
        found.update(range(int(first), int(last or first) + 1))
    return tuple(sorted(found))


def _number(variable: str, text: str) -> int:
    if not text.isdecimal():
        raise JobError(f"{variable} is {text!r}, which is no number")
    return int(text)
