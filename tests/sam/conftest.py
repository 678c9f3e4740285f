"""The engine, the base image, SAM and the artifacts: each made once for all tests here."""

import os
import re
import subprocess
from collections.abc import Collection, Iterator
from pathlib import Path

import pytest

from packager import containers, interpreters, tools
from packager.invoke.template import Function, read_function
from tests.main_job import sources
from tests.sam import stand_in
from tests.sam.built import Built, built
from tests.sam.engine import NotHereError, container_engine

# The default of a build first; a machine that has none of these has no Lambda runtime's Python.
PYTHONS = ("3.13", "3.12", "3.11")


@pytest.fixture(scope="session")
def python() -> interpreters.Interpreter:
    """The interpreter that plays Lambda's, and whose version the artifacts are built for."""
    found = next(filter(None, map(interpreters.find, PYTHONS)), None)
    if found is None:
        pytest.skip(f"none of Python {', '.join(PYTHONS)} is on this machine")
    return found


@pytest.fixture(scope="session")
def runtime(python: interpreters.Interpreter) -> str:
    return "python" + ".".join(python.version.split(".")[:2])


@pytest.fixture(scope="session")
def sam() -> tuple[str, ...]:
    return tools.fetch_sam()


@pytest.fixture(scope="session")
def forest(tmp_path_factory: pytest.TempPathFactory, runtime: str) -> Built:
    options = ("--arch", tools.host_arch(), "--runtime", runtime, "--image")
    return built(sources.forest, tmp_path_factory.mktemp("forest"), *options)


@pytest.fixture(scope="session")
def mixed(tmp_path_factory: pytest.TempPathFactory, runtime: str) -> Built:
    options = ("--arch", tools.host_arch(), "--runtime", runtime)
    return built(sources.mixed_pipeline, tmp_path_factory.mktemp("mixed"), *options)


@pytest.fixture(scope="session")
def bare_engine() -> Iterator[containers.Engine]:
    """A container engine. Where it cannot be had the tests are skipped with the reason; in CI they fail."""
    try:
        with container_engine() as engine:
            running, images = lambda_containers(), containers.image_names(engine)
            yield engine
            remove("rm", lambda_containers() - running)
            remove("rmi", containers.image_names(engine) - images)
    except NotHereError as error:
        if os.environ.get("CI") == "true":
            pytest.fail(f"CI must have a container engine: {error}")
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def engine(
    bare_engine: containers.Engine,
    forest: Built,
    sam: tuple[str, ...],
    python: interpreters.Interpreter,
    tmp_path_factory: pytest.TempPathFactory,
) -> containers.Engine:
    """The engine with Lambda's base image, under the names by which SAM and the Dockerfile ask for it.

    Amazon's own stays where it is there; else the stand-in takes its place.
    """
    names = (image_of_dockerfile(forest.artifact), image_of_zips(sam, read_function(forest.artifact)))
    missing = tuple(name for name in names if name not in containers.image_names(bare_engine))
    if missing:
        tar = tmp_path_factory.mktemp("stand-in") / "image.tar"
        stand_in.build(python.path, tar)
        stand_in.import_image(tar, missing)
    return bare_engine


def image_of_dockerfile(artifact: Path) -> str:
    """The base that the artifact's own image is built on."""
    text = (artifact / "image" / "Dockerfile").read_text()
    (name,) = re.findall(r"^ARG BASE_IMAGE=(\S+)$", text, flags=re.MULTILINE)
    return str(name)


def image_of_zips(sam: tuple[str, ...], function: Function) -> str:
    """The name under which SAM asks for the image that it runs a zip in: SAM itself is asked."""
    script = Path(sam[0])
    python = script if len(sam) > 1 else Path(script.read_text().splitlines()[0].removeprefix("#!"))
    code = "from samcli.local.docker.lambda_image import LambdaImage; print(LambdaImage._INVOKE_REPO_PREFIX)"
    prefix = subprocess.run([str(python), "-c", code], capture_output=True, text=True, check=True).stdout
    return f"{prefix.strip()}/python:{function.python_version}-{function.arch}"


def lambda_containers() -> set[str]:
    """The containers that SAM made; a server that is stopped can leave some behind."""
    command = ["docker", "ps", "--all", "--quiet", "--filter", "label=sam.cli.container.type=lambda"]
    return set(subprocess.run(command, capture_output=True, text=True).stdout.split())


def remove(command: str, names: Collection[str]) -> None:
    """Leave an engine that was there before as it was; a private one goes with all that it holds."""
    if names:
        subprocess.run(["docker", command, "--force", *sorted(names)], capture_output=True)
