"""A bucket of its own for each test, and a store that is quick to try again."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from runtimes.batch.stores.s3 import S3
from tests.runtimes.batch.stores.buckets import (
    ENVIRONMENT,
    QUICK,
    Bucket,
    moto_server,
    new_bucket,
    new_client,
)


@pytest.fixture(scope="session")
def moto_url() -> Iterator[str]:
    """One server for all."""
    with moto_server() as url:
        yield url


@pytest.fixture(scope="session")
def moto_client(moto_url: str) -> Iterator[Any]:
    """What tests look at its buckets with."""
    with new_client(moto_url) as client:
        yield client


@pytest.fixture
def bucket(moto_url: str, moto_client: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bucket]:
    """An empty bucket, and an environment that may use it."""
    for name in ("AWS_PROFILE", "AWS_REGION", "AWS_ENDPOINT_URL", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    with new_bucket(moto_url, moto_client) as made:
        yield made


@pytest.fixture
def stopping() -> threading.Event:
    """What a signal would set."""
    return threading.Event()


@pytest.fixture
def store(bucket: Bucket, stopping: threading.Event) -> Iterator[S3]:
    """The store behind the faulty network."""
    made = S3(bucket.url, stopping, QUICK)
    yield made
    made.close()
