"""S3 on the loopback: moto's server behind a faulty network, and buckets of it."""

import itertools
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.config import Config
from moto.server import ThreadedMotoServer

from runtimes.batch.stores.patience import Patience
from tests.runtimes.batch.stores.faulty import Faulty

ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_CONFIG_FILE": "/nowhere/config",
    "AWS_SHARED_CREDENTIALS_FILE": "/nowhere/credentials",
}
"""What a process needs to speak with it, beside the endpoint's URL."""

QUICK = Patience(budget_s=60.0, answer_s=30.0, first_wait_s=0.01, longest_wait_s=0.05)
"""A store's patience in tests: hundredths of a second between tries."""

_numbers = itertools.count()


@dataclass(frozen=True)
class Bucket:
    """A new bucket: ``client`` asks moto itself, ``url`` leads through the faulty network."""

    name: str
    client: Any
    faulty: Faulty

    @property
    def url(self) -> str:
        """For --endpoint-url."""
        return self.faulty.url

    def uri(self, key: str) -> str:
        """Of a key in it."""
        return f"s3://{self.name}/{key}"

    def put(self, key: str, content: bytes) -> str:
        """An object, and its URI."""
        self.client.put_object(Bucket=self.name, Key=key, Body=content)
        return self.uri(key)

    def content(self, key: str) -> bytes:
        """Of an object."""
        content: bytes = self.client.get_object(Bucket=self.name, Key=key)["Body"].read()
        return content

    def all_keys(self) -> list[str]:
        """All there are."""
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=self.name)
        return [one["Key"] for page in pages for one in page.get("Contents", ())]


def _thousands(keys: list[str]) -> Iterator[list[str]]:
    """As many at once as S3 removes."""
    for place in range(0, len(keys), 1000):
        yield keys[place : place + 1000]


@contextmanager
def moto_server() -> Iterator[str]:
    """Its address."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        yield f"http://{host}:{port}"
    finally:
        server.stop()


@contextmanager
def new_client(moto_url: str) -> Iterator[Any]:
    """Which asks moto itself."""
    client = boto3.session.Session().client(
        "s3",
        endpoint_url=moto_url,
        region_name="us-east-1",
        aws_access_key_id="testing",
        aws_secret_access_key="testing",
        config=Config(s3={"addressing_style": "path"}),
    )
    try:
        yield client
    finally:
        client.close()


@contextmanager
def new_bucket(moto_url: str, client: Any = None) -> Iterator[Bucket]:
    """An empty bucket behind a network of its own; ``client``: one that may be shared."""
    if client is None:
        with new_client(moto_url) as own, new_bucket(moto_url, own) as bucket:
            yield bucket
        return
    name = f"bucket-{next(_numbers)}"
    client.create_bucket(Bucket=name)
    with Faulty(moto_url) as faulty:
        bucket = Bucket(name, client, faulty)
        yield bucket
    for left in _thousands(bucket.all_keys()):
        client.delete_objects(Bucket=name, Delete={"Objects": [{"Key": key} for key in left]})
