"""The plan of a job on S3: made by the artifact's own code, and what of it is not done yet."""

import json
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from packager.errors import ConfigError, SubmitError
from packager.invoke.job import DONE, Job
from packager.submit.cloud import Cloud, RefusedError

_OWN = "_packager"


@dataclass(frozen=True, slots=True)
class Planned:
    """A plan, the shards that are not done, and whether the output's manifest is there. A dry run's plan has
    no place."""

    uri: str
    shards: int
    files: int
    size_bytes: int
    left: tuple[int, ...]
    is_complete: bool


def plan(cloud: Cloud, runnable: Job, output: str, arguments: Sequence[str], *, dry_run: bool) -> Planned:
    """Let the job plan; its plan then lies in the output. A dry run's lies in a folder that goes away."""
    if not dry_run:
        answer = _run(runnable, ["--output", output, *arguments])
        bucket, key = split(str(answer["plan"]))
        body = cloud.call("s3", "get_object", Bucket=bucket, Key=key)["Body"].read()
        return _planned(cloud, output, answer, json.loads(body))
    with tempfile.TemporaryDirectory(prefix="packager-plan-") as scratch:
        answer = _run(runnable, ["--output", scratch, *arguments])
        document = json.loads(Path(answer["plan"]).read_bytes())
        return _planned(cloud, output, {"plan": ""}, document)


def split(uri: str) -> tuple[str, str]:
    """Bucket and key of a URI on S3."""
    parts = urlsplit(uri)
    if parts.scheme != "s3" or not parts.netloc:
        raise ConfigError(f"{uri} is not on S3, where a job on AWS reads and writes", "s3://bucket/prefix/")
    return parts.netloc, uri.removeprefix(f"s3://{parts.netloc}").lstrip("/")


def ranges(numbers: Sequence[int]) -> str:
    """The numbers, which are in order, as `--shards` takes them: 3,5-9."""
    found: list[list[int]] = []
    for number in numbers:
        if found and found[-1][1] == number - 1:
            found[-1][1] = number
        else:
            found.append([number, number])
    return ",".join(str(first) if first == last else f"{first}-{last}" for first, last in found)


def _run(runnable: Job, arguments: Sequence[str]) -> dict[str, Any]:
    with runnable.run(["plan", *arguments], subprocess.PIPE) as running:
        said, told = running.communicate()
    if running.returncode != DONE:
        lines = told.strip().splitlines() or ["error: it said nothing"]
        hints = [line.removeprefix("hint: ") for line in lines if line.startswith("hint: ")]
        reasons = [line for line in lines if not line.startswith("hint: ")]
        message = f"the job cannot be planned: {reasons[-1].removeprefix('error: ')}"
        raise SubmitError(message, hints[-1] if hints else f"python {runnable.root} plan --help")
    answer: dict[str, Any] = json.loads(said)
    return answer


def _planned(cloud: Cloud, output: str, answer: dict[str, Any], document: dict[str, Any]) -> Planned:
    bucket, key = split(output)
    place = f"{key.rstrip('/')}/".lstrip("/")
    folder = f"{place}{_OWN}/"
    done = _names(cloud, bucket, f"{folder}done/")
    parts = {name.partition(".")[0] for name in _names(cloud, bucket, place)} if done else set()
    shards = document["shards"]
    left = tuple(
        index
        for index, shard in enumerate(shards)
        if f"{index:05d}-{shard['identity']}.json" not in done
        or f"part-{index:05d}-{shard['identity'][:12]}" not in parts  # somebody may have removed it
    )
    return Planned(
        uri=str(answer["plan"]),
        shards=len(shards),
        files=len(document["files"]),
        size_bytes=sum(file["size_bytes"] for file in document["files"]),
        left=left,
        is_complete=not left and "manifest.json" in _names(cloud, bucket, folder),
    )


def _names(cloud: Cloud, bucket: str, prefix: str) -> set[str]:
    try:
        pages = cloud.pages("s3", "list_objects_v2", Bucket=bucket, Prefix=prefix, Delimiter="/")
        rows = [row for page in pages for row in page.get("Contents", [])]
    except RefusedError as error:
        if error.code == "NoSuchBucket":
            raise SubmitError(f"there is no bucket {bucket}", "name one that exists: --output") from error
        raise
    return {row["Key"].removeprefix(prefix) for row in rows}
