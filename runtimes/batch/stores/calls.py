"""Calls of S3: one client, tried with patience, every failure judged in one place."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from typing import Any

import boto3
import botocore.exceptions
from botocore.config import Config

from runtimes.batch.errors import InterruptedJobError, JobError
from runtimes.batch.stores import Traffic
from runtimes.batch.stores.answers import FAILURES, About, about, code_of, judge
from runtimes.batch.stores.patience import Patience, Tries
from runtimes.batch.work import InputFile

_CONNECTIONS = 32
_PIECE_BYTES = 256 << 10


class RefusalError(Exception):
    """An answer that the caller expects: its code, and after how many failed tries it came."""

    def __init__(self, code: str, failed: int) -> None:
        super().__init__(code)
        self.code = code
        self.failed = failed


class Calls:
    """Asks S3, from any thread."""

    def __init__(self, endpoint_url: str, patience: Patience, stopping: threading.Event) -> None:
        self.traffic = Traffic()
        self._endpoint_url = endpoint_url
        self._patience = patience
        self._stopping = stopping
        self._lock = threading.Lock()
        self._client: Any = None
        self._reached = False

    def tries(self) -> Tries:
        """For one piece of work. A store that never answered yet may be another than was meant."""
        patience = self._patience
        if not self._reached:
            patience = replace(patience, budget_s=min(patience.budget_s, patience.first_answer_s))
        return Tries(patience, self.traffic, self._stopping)

    def ask(self, method: str, what: About, expect: tuple[str, ...] = (), **more: Any) -> dict[str, Any]:
        """The answer of a request about an object. RefusalError where its code is an expected one."""
        return self._ask(method, what, expect, Key=what.key, **more)

    def head(self, what: About) -> dict[str, Any] | None:
        """What is said of an object; None when there is none."""
        try:
            return self.ask("head_object", what, ("NoSuchKey",))
        except RefusalError:
            return None

    def listed(self, what: About, **arguments: str) -> Iterator[dict[str, Any]]:
        """Objects of a bucket, page after page."""
        answer: dict[str, Any] = {"IsTruncated": True}
        while answer["IsTruncated"]:
            if "NextContinuationToken" in answer:
                arguments["ContinuationToken"] = answer["NextContinuationToken"]
            answer = self._ask("list_objects_v2", what, (), **arguments)
            yield from answer.get("Contents", ())

    def _ask(self, method: str, what: About, expect: tuple[str, ...], **arguments: Any) -> dict[str, Any]:
        tries = self.tries()
        while True:
            try:
                if hasattr(arguments.get("Body"), "seek"):
                    arguments["Body"].seek(0)
                return self._send(method, Bucket=what.bucket, **arguments)
            except FAILURES as error:
                self._judge(error, what, tries, expect)

    def content(self, what: About, expect: tuple[str, ...] = ()) -> bytes:
        """The content of a small object."""
        tries = self.tries()
        while True:
            try:
                with closing(self._send("get_object", Bucket=what.bucket, Key=what.key)["Body"]) as body:
                    data: bytes = body.read()
                self.traffic.add(bytes_read=len(data))
                return data
            except FAILURES as error:
                self._judge(error, what, tries, expect)

    def pieces(self, file: InputFile, start: int, stop: int) -> Iterator[bytes]:
        """The bytes of a planned file from ``start`` to ``stop``, in order. What breaks off is taken up where
        it did."""
        what, tries = about("reading", file.uri), self.tries()
        while start < stop:
            began = start
            try:
                span = f"bytes={start}-{stop - 1}"
                answer = self._send(
                    "get_object", Bucket=what.bucket, Key=what.key, Range=span, IfMatch=f'"{file.version}"'
                )
                with closing(answer["Body"]) as body:
                    _check_range(answer, start, file)
                    while start < stop:
                        self._check_stopping()
                        piece = body.read(min(_PIECE_BYTES, stop - start))
                        if not piece:
                            raise botocore.exceptions.IncompleteReadError(
                                actual_bytes=start - began, expected_bytes=stop - began
                            )
                        start += len(piece)
                        self.traffic.add(bytes_read=len(piece))
                        yield piece
            except FAILURES as error:
                if start > began:
                    tries.progressed()
                self._judge(error, what, tries, ())

    def _send(self, method: str, **arguments: Any) -> dict[str, Any]:
        self.traffic.add(requests=1)
        try:
            answer: dict[str, Any] = getattr(self._opened(), method)(**arguments)
        except botocore.exceptions.ClientError:
            self._reached = True
            raise
        self._reached = True
        return answer

    def _judge(self, error: Exception, what: About, tries: Tries, expect: tuple[str, ...]) -> None:
        if isinstance(error, botocore.exceptions.ClientError) and code_of(error) in expect:
            raise RefusalError(code_of(error), tries.failed) from None
        try:
            tries.again(judge(error, what))
        except JobError as final:
            raise final from error

    def _check_stopping(self) -> None:
        if self._stopping.is_set():
            raise InterruptedJobError("interrupted while reading from S3", "start the same command again")

    def _opened(self) -> Any:
        with self._lock:
            if self._client is None:
                self._client = _client(self._endpoint_url, self._patience)
            return self._client


def _client(endpoint_url: str, patience: Patience) -> Any:
    """A client that leaves trying again to us. A store that is not AWS's has buckets in its path."""
    url = endpoint_url or os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL") or ""
    style = "path" if url and "amazonaws.com" not in url else "auto"
    settings = Config(
        connect_timeout=min(10.0, patience.answer_s),
        read_timeout=patience.answer_s,
        retries={"total_max_attempts": 1, "mode": "standard"},
        max_pool_connections=_CONNECTIONS,
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
        s3={"addressing_style": style},
        tcp_keepalive=True,
    )
    try:
        session = boto3.session.Session()
        region = session.region_name or os.environ.get("AWS_REGION") or None
        return session.client("s3", region_name=region, endpoint_url=url or None, config=settings)
    except (botocore.exceptions.BotoCoreError, ValueError) as error:
        raise JobError(
            f"S3 cannot be used: {error}", "check --endpoint-url, AWS_PROFILE and AWS_REGION"
        ) from error


def _check_range(answer: dict[str, Any], start: int, file: InputFile) -> None:
    """JobError where the answer is not the range that was asked for, of a file of the planned size."""
    said = str(answer.get("ContentRange", ""))
    if not said.startswith(f"bytes {start}-"):
        raise JobError(f"the store of {file.uri} does not answer with parts of a file", "use another store")
    if said.rpartition("/")[2] != str(file.size_bytes):
        raise JobError(f"{file.uri} was changed since the job was planned", "plan again, with another output")
