"""AWS as it is asked here: every refusal becomes a sentence with a way on."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import Any

from packager.errors import SubmitError, ToolError

_UNKNOWN = frozenset(
    {
        "ExpiredToken", "ExpiredTokenException", "InvalidAccessKeyId", "InvalidClientTokenId",
        "SignatureDoesNotMatch", "UnrecognizedClientException", "AuthFailure",
    }
)  # fmt: skip
_DENIED = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "403", "Forbidden"})
_LOG_IN = "log in (aws sso login, aws configure), or set AWS_PROFILE"


class Cloud:
    """The services of one account and region; ``endpoint_url`` stands in for all of them."""

    def __init__(self, endpoint_url: str = "") -> None:
        self._endpoint_url = endpoint_url or None
        self._clients: dict[tuple[str, str], Any] = {}

    @cached_property
    def _session(self) -> Any:
        try:
            import boto3
        except ImportError as error:
            raise ToolError(
                "boto3, which talks to AWS, is not installed here", "pip install boto3, or the extra [aws]"
            ) from error
        with _sentences("the configuration"):
            return boto3.session.Session()

    @property
    def region(self) -> str:
        """Where all is asked."""
        return str(self._client("batch").meta.region_name)

    def call(self, service: str, operation: str, *, region: str = "", **parameters: Any) -> dict[str, Any]:
        """Ask once; SubmitError with the service's own reason where it refuses."""
        client = self._client(service, region)
        with _sentences(f"{service}:{operation}"):
            answer: dict[str, Any] = getattr(client, operation)(**parameters)
        return answer

    def pages(self, service: str, operation: str, **parameters: Any) -> Iterator[dict[str, Any]]:
        """Every page of an answer that comes in pages."""
        client = self._client(service)
        with _sentences(f"{service}:{operation}"):
            yield from client.get_paginator(operation).paginate(**parameters)

    def wait(self, service: str, waiter: str, **parameters: Any) -> None:
        """Return when it is as the waiter says."""
        client = self._client(service)
        with _sentences(f"{service}: {waiter}"):
            client.get_waiter(waiter).wait(**parameters)

    def _client(self, service: str, region: str = "") -> Any:
        """``region``: where something lies that is not where the jobs run."""
        if (service, region) not in self._clients:
            session = self._session
            with _sentences(service):
                self._clients[service, region] = session.client(
                    service,
                    region_name=region or session.region_name or os.environ.get("AWS_REGION"),
                    endpoint_url=self._endpoint_url,
                )
        return self._clients[service, region]


@contextmanager
def _sentences(asked: str) -> Iterator[None]:
    from botocore import exceptions
    from botocore.parsers import ResponseParserError

    try:
        yield
    except exceptions.ClientError as error:
        raise _refusal(asked, error.response.get("Error", {})) from error
    except (exceptions.NoCredentialsError, exceptions.PartialCredentialsError) as error:
        raise SubmitError("there are no credentials for AWS", _LOG_IN) from error
    except exceptions.NoRegionError as error:
        raise SubmitError("no region of AWS is named", "set AWS_REGION, or `aws configure`") from error
    except (exceptions.EndpointConnectionError, exceptions.HTTPClientError) as error:
        raise SubmitError(f"AWS does not answer: {error}", "see the network, and --endpoint-url") from error
    except (exceptions.BotoCoreError, ResponseParserError, ValueError) as error:
        raise SubmitError(f"{asked} cannot be asked: {error}") from error


class RefusedError(SubmitError):
    """AWS answered, and refused; ``code`` is its own word for why."""

    def __init__(self, code: str, message: str, hint: str | None = None) -> None:
        super().__init__(message, hint)
        self.code = code


def _refusal(asked: str, error: dict[str, Any]) -> RefusedError:
    code, reason = str(error.get("Code", "")), str(error.get("Message", "")).strip()
    if code in _UNKNOWN:
        return RefusedError(code, f"AWS does not take these credentials: {reason or code}", _LOG_IN)
    if code in _DENIED:
        return RefusedError(
            code, f"AWS denies {asked}: {reason or code}", "let your user or role do this, and submit again"
        )
    return RefusedError(code, f"AWS refuses {asked}: {reason or code}")
