"""A pretended AWS on the loopback: moto's server, with what its CloudFormation lacks and a deploy needs."""

import json
import logging
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from moto.awslambda import models as awslambda
from moto.core.common_models import CloudFormationModel
from moto.server import ThreadedMotoServer

NOT_IN_MOTO = {"AWS::ApiGatewayV2::Api", "AWS::ApiGatewayV2::Stage"}
"""What moto's CloudFormation passes over without a word, though the stack is CREATE_COMPLETE."""
SETTINGS = {
    "lambda": {"use_docker": False},
    "batch": {"use_docker": False},
    "stepfunctions": {"execute_state_machine": False},
}
"""Nothing is run; of the whole process, so that each cloud says it again."""


class Alias(CloudFormationModel):  # type: ignore[misc]
    """AWS::Lambda::Alias for moto's CloudFormation, made by its Lambda, which knows aliases."""

    __module__ = "moto.awslambda.models"  # moto finds the service in the module's name

    def __init__(self, arn: str) -> None:
        self.physical_resource_id = arn

    @staticmethod
    def cloudformation_type() -> str:
        """The type in templates."""
        return "AWS::Lambda::Alias"

    @classmethod
    def create_from_cloudformation_json(
        cls,
        resource_name: str,
        cloudformation_json: dict[str, Any],
        account_id: str,
        region_name: str,
        **_: Any,
    ) -> "Alias":
        """Point a name at a version that exists."""
        wanted = cloudformation_json["Properties"]
        backend = awslambda.get_backend(account_id, region_name)
        made = backend.create_alias(
            wanted["Name"], wanted["FunctionName"], wanted["FunctionVersion"], "", None
        )
        return cls(made.arn)


def _version_attribute(version: Any, name: str) -> str:
    """What Fn::GetAtt reads of a version: moto has only its number."""
    assert name == "Version"
    return str(version.version)


@contextmanager
def cloud() -> Iterator[str]:
    """The server's address. Lambda and Batch take functions and jobs, and never run them."""
    awslambda.LambdaVersion.get_cfn_attribute = _version_attribute
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    address = f"http://{host}:{port}"
    try:
        regarding(address, SETTINGS)
        yield address
    finally:
        # What was made lives in this process, not in the server.
        forget(address)
        server.stop()
        del awslambda.LambdaVersion.get_cfn_attribute


def regarding(address: str, settings: dict[str, Any]) -> None:
    """Set how the pretended services behave."""
    _post(f"{address}/moto-api/config", settings)


def forget(address: str) -> None:
    """Remove all that was made."""
    _post(f"{address}/moto-api/reset", {})


def _post(address: str, document: dict[str, Any]) -> None:
    headers = {"Content-Type": "application/json"}
    urllib.request.urlopen(urllib.request.Request(address, json.dumps(document).encode(), headers)).close()
