"""Reads request documents from S3 and writes results there. boto3 is Lambda's own, imported when needed."""

from __future__ import annotations

import os
from typing import Any

from runtimes.core.documents import encode
from runtimes.core.errors import ModelError, RequestError

RESULTS_VARIABLE = "RESULTS_S3_URI"


class StorageError(RequestError):
    """S3 did not give or take an object: not the document's fault, and another try may help."""

    def __init__(self, message: str) -> None:
        super().__init__(message, status=503, code="storage_failed")


class Results:
    """Where answers of records go, by ``RESULTS_S3_URI``: ``s3://bucket/prefix/``."""

    __slots__ = ("bucket", "prefix", "uri")

    def __init__(self, uri: str) -> None:
        scheme, _, rest = uri.partition("://")
        self.bucket, _, prefix = rest.partition("/")
        if scheme != "s3" or not self.bucket:
            message = f"{RESULTS_VARIABLE} is {uri!r}; it must look like s3://bucket/prefix/"
            raise ModelError(message)
        self.prefix = prefix if not prefix or prefix.endswith("/") else prefix + "/"
        self.uri = uri

    def holds(self, bucket: str, key: str) -> bool:
        """Is this object one of ours? A function that answers its own answers would never end."""
        return bucket == self.bucket and key.startswith(self.prefix) and key.endswith(".json")

    def write(self, record_id: str, document: dict[str, object]) -> None:
        """Keep one answer by its record's id; a repeated delivery writes the same place again."""
        key = f"{self.prefix}{record_id}.json"
        _call("put_object", self.bucket, key, Body=encode(document), ContentType="application/json")


def read_object(bucket: str, key: str, limit: int) -> bytes:
    """An object's bytes; one that is larger than a request may be is not read."""
    answer = _call("get_object", bucket, key)
    size = int(answer["ContentLength"])
    with answer["Body"] as body:
        if size <= limit:
            return bytes(body.read())
    message = f"the object has {size} bytes; at most {limit} are taken"
    raise RequestError(message, status=413, code="too_large")


def find_results() -> Results | None:
    """The place for results that the environment names."""
    uri = os.environ.get(RESULTS_VARIABLE)
    return Results(uri) if uri else None


def _call(name: str, bucket: str, key: str, **more: object) -> dict[str, Any]:
    """One call of S3, with every failure as one sentence."""
    client = _open_client()
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        answer: dict[str, Any] = getattr(client, name)(Bucket=bucket, Key=key, **more)
    except (BotoCoreError, ClientError) as error:
        raise StorageError(f"{name} of s3://{bucket}/{key} failed: {error}") from None
    return answer


_clients: list[Any] = []


def _open_client() -> Any:
    if not _clients:
        try:
            import boto3
        except ModuleNotFoundError:
            message = "S3 needs boto3, which is not here; Lambda's managed Python runtimes bring it"
            raise StorageError(message) from None
        _clients.append(boto3.client("s3"))
    return _clients[0]
