"""The image of a batch job: built of its Dockerfile, run without rights, stopped by a signal, byte-equal."""

import json
import os
import pickle
import re
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_iris
from sklearn.tree import DecisionTreeClassifier

from packager import interpreters, tools
from tests.images import base
from tests.main_job.commands import build, packager
from tests.sam.engine import NotHereError, container_engine

pytestmark = pytest.mark.engine
PYTHONS = ("3.13", "3.12", "3.11")
IMAGE = "packager-test-job"
ROWS, AT_ONCE = 40_000, 200


@pytest.fixture(scope="module")
def engine() -> Iterator[None]:
    """A container engine; it is left as it was found. In CI there must be one."""
    try:
        with container_engine():
            yield
    except NotHereError as error:
        if os.environ.get("CI") == "true":
            pytest.fail(f"CI must have a container engine: {error}")
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def python() -> interpreters.Interpreter:
    found = next(filter(None, map(interpreters.find, PYTHONS)), None)
    if found is None:
        pytest.skip(f"none of Python {', '.join(PYTHONS)} is on this machine")
    return found


@pytest.fixture(scope="module")
def work(engine: None, python: interpreters.Interpreter, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A job of a small tree, and rows for it, in a folder that anybody may read."""
    folder = tmp_path_factory.mktemp("image")
    folder.chmod(0o755)
    data, target = load_iris(return_X_y=True, as_frame=True)
    model = DecisionTreeClassifier(max_depth=3, random_state=0).fit(data, target)
    (folder / "iris.pkl").write_bytes(pickle.dumps(model))
    data.to_csv(folder / "samples.csv", index=False)
    version = ".".join(python.version.split(".")[:2])
    options = ("--target", "batch", "--python", version, "--arch", tools.host_arch())
    build(folder / "iris.pkl", "--samples", "samples.csv", *options, cwd=folder)
    (folder / "rows").mkdir()
    drawn = np.random.default_rng(0).normal(3, 2, (ROWS, 4)).astype(np.float32)
    pd.DataFrame(drawn, columns=data.columns).to_parquet(
        folder / "rows" / "rows.parquet", row_group_size=AT_ONCE
    )
    return folder


@pytest.fixture(scope="module")
def job(work: Path) -> Path:
    return work / "dist" / "iris" / "batch"


@pytest.fixture(scope="module")
def image(
    work: Path, job: Path, python: interpreters.Interpreter, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """Built as the README of the artifact says it, upon a stand-in for the base, without a network."""
    scratch = tmp_path_factory.mktemp("base")
    (scratch / "wheels").mkdir()
    base.fetch_wheels(python.path, job / "job" / "requirements.txt", scratch / "wheels")
    base.write(python.path, scratch / "wheels", scratch / "base.tar")
    base.import_image(scratch / "base.tar", f"{IMAGE}-base")
    options = ("--network", "none", "--build-arg", f"BASE_IMAGE={IMAGE}-base", "--tag", IMAGE)
    docker("build", *options, str(job))
    yield IMAGE
    subprocess.run(["docker", "rmi", "--force", IMAGE, f"{IMAGE}-base"], capture_output=True)


def docker(*arguments: str) -> str:
    done = subprocess.run(["docker", *arguments], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def parts(output: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in output.glob("part-*")}


def writable(path: Path) -> Path:
    """A folder that the image's user, who owns nothing here, may write to."""
    path.mkdir()
    path.chmod(0o777)
    return path


def test_its_user_has_no_rights_and_its_entry_point_no_shell(image: str) -> None:
    (found,) = json.loads(docker("inspect", image))
    config = found["Config"]
    assert config["User"] == "65532:65532"
    assert config["Entrypoint"] == ["python", "/job"]
    assert not config.get("Cmd")
    assert config.get("Healthcheck", {}).get("Test") == ["NONE"]
    assert not any("PIP_INDEX_URL" in variable for variable in config["Env"])


def test_what_runs_is_the_artifacts_folder_and_what_it_requires(image: str, job: Path) -> None:
    code = (
        "import importlib.metadata as m; print(sorted(f'{d.name}=={d.version}' for d in m.distributions()))"
    )
    listed = docker("run", "--rm", "--network", "none", "--entrypoint", "python", image, "-c", code)
    required = re.findall(r"^([\w-]+==[\w.]+)", (job / "job" / "requirements.txt").read_text(), re.MULTILINE)
    assert set(required) - set(json.loads(listed.replace("'", '"'))) == {
        "colorama==0.4.6"
    }  # of Windows alone
    digest = "import hashlib; print(hashlib.sha256(open('/job/manifest.json', 'rb').read()).hexdigest())"
    inside = docker("run", "--rm", "--network", "none", "--entrypoint", "python", image, "-c", digest).strip()
    assert f"{inside}  job/manifest.json" in (job / "SHA256SUMS").read_text()


def test_a_mounted_folder_gets_the_bytes_that_this_machine_makes(
    image: str, job: Path, work: Path, tmp_path: Path
) -> None:
    out = writable(tmp_path / "out")
    mounts = ("-v", f"{work / 'rows'}:/data/rows:ro", "-v", f"{out}:/data/out")
    limits = ("--read-only", "--network", "none", "--cap-drop", "ALL")
    said = docker("run", "--rm", *limits, *mounts, image, "--input", "rows", "--output", "out/answers")
    assert json.loads(said)["rows_out"] == ROWS
    here = tmp_path / "here"
    rows = work / "rows" / "rows.parquet"
    done = packager("invoke", job, "--input", rows, "--output", str(here), cwd=work)
    assert done.exit_code == 0, done.stderr
    # The two files are one, and another to a plan: its place and its time of change are its version.
    assert list(parts(out / "answers").values()) == list(parts(here).values())


def test_sigterm_ends_it_with_75_and_the_same_command_goes_on(image: str, work: Path, tmp_path: Path) -> None:
    out = writable(tmp_path / "out")
    mounts = ("-v", f"{work / 'rows'}:/data/rows:ro", "-v", f"{out}:/data/out")
    arguments = ("--input", "rows", "--output", "out/answers", "--shard-rows", str(AT_ONCE), "--threads", "1")
    limits = ("--read-only", "--network", "none")
    container = docker("run", "--detach", *limits, *mounts, image, *arguments).strip()
    try:
        done = out / "answers" / "_packager" / "done"
        deadline = time.monotonic() + 60
        while not (done.is_dir() and any(done.iterdir())) and time.monotonic() < deadline:
            time.sleep(0.01)
        docker("stop", "--time", "30", container)
        assert docker("wait", container).strip() == "75", docker("logs", container)
    finally:
        subprocess.run(["docker", "rm", "--force", container], capture_output=True)
    said = docker("run", "--rm", *limits, *mounts, image, *arguments)
    metrics = json.loads(said)
    assert metrics["rows_out"] == ROWS and metrics["shards"]["done_before"] > 0
