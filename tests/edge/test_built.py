"""A bundle as `packager build` writes it: unpacked elsewhere, it answers as the source model does."""

import json
import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import joblib
import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.ensemble import RandomForestClassifier

from tests.edge.running import LEAN, run_edge

DEVICE = {"x86_64": "linux-x86_64", "aarch64": "linux-arm64"}[os.uname().machine]
PROGRAM = """
import json, sys
from edge import Model
rows = json.load(sys.stdin)
with Model.open() as model:
    print(json.dumps([model.predict(rows), model.predict(rows[0])]))
"""


@pytest.fixture(scope="module")
def source() -> RandomForestClassifier:
    frame, target = load_iris(return_X_y=True, as_frame=True)
    names = np.array(["setosa", "versicolor", "virginica"])[target]
    return RandomForestClassifier(8, max_depth=5, random_state=3).fit(frame, names)


@pytest.fixture(scope="module")
def built(source: RandomForestClassifier, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bundle, unpacked out of its archive into an empty folder."""
    folder = tmp_path_factory.mktemp("built")
    joblib.dump(source, folder / "flowers.joblib")
    load_iris(return_X_y=True, as_frame=True)[0].to_csv(folder / "rows.csv", index=False)
    command = [sys.executable, "-m", "packager", "build", "flowers.joblib", "--samples", "rows.csv"]
    done = subprocess.run(
        [*command, "--target", "edge", "--device", DEVICE],
        cwd=folder, env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True, text=True, timeout=600,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    place = folder / "device"
    with tarfile.open(folder / "dist" / "flowers" / "edge" / "flowers.tar.gz") as archive:
        archive.extractall(place, filter="data")
    (wheel,) = (folder / "dist" / "flowers" / "edge").glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    shutil.rmtree(folder / "dist")
    return place


def test_the_unpacked_bundle_proves_itself(built: Path) -> None:
    done = run_edge(built, "selftest", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["ok"]


def test_it_answers_as_the_source_model_does(built: Path, source: RandomForestClassifier) -> None:
    rows = load_iris(return_X_y=True, as_frame=True)[0]
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], input=rows.to_json(orient="values"), cwd=built, env=LEAN,
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found, alone = json.loads(done.stdout)
    assert found["predictions"] == source.predict(rows).tolist()
    np.testing.assert_allclose(found["probabilities"], source.predict_proba(rows), atol=1e-6)
    assert alone["predictions"] == found["predictions"][:1]


def test_its_csv_answers_are_the_source_models(built: Path, source: RandomForestClassifier) -> None:
    rows = load_iris(return_X_y=True, as_frame=True)[0]
    done = run_edge(built, "predict", "--output", "csv", text=rows.iloc[:, ::-1].to_csv(index=False))
    assert done.returncode == 0, done.stderr
    header, *answers = [line.split(",") for line in done.stdout.splitlines()]
    assert header == ["prediction", *(f"probability_{name}" for name in source.classes_), "error"]
    assert [answer[0] for answer in answers] == source.predict(rows).tolist()


def test_a_spoilt_file_is_found_before_anything_is_answered(built: Path, tmp_path: Path) -> None:
    bundle = Path(shutil.copytree(built, tmp_path / "copy"))
    with (bundle / "model" / "model.tiny").open("r+b") as file:
        file.seek(100)
        file.write(b"\0")
    done = run_edge(bundle, "predict", text="[1, 2, 3, 4]")
    assert (done.returncode, done.stdout) == (1, "")
    assert "model/model.tiny has changed" in done.stderr


def test_its_package_has_every_command_of_the_bundle(built: Path, tmp_path: Path) -> None:
    def run(*command: str, text: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-B", "-m", "flowers", *command], input=text,
            cwd=built.parent / "site", env=LEAN, capture_output=True, text=True, timeout=60,
        )  # fmt: skip

    assert run("selftest").returncode == 0
    assert "prediction" in json.loads(run("predict", text="[5.1, 3.5, 1.4, 0.2]").stdout)
    told = run("info").stdout
    assert str(Path("site", "flowers", "bundle")) in told
    counted = run("predict", "--telemetry", str(tmp_path / "spool"), text="[5.1, 3.5, 1.4, 0.2]")
    assert counted.returncode == 0, counted.stderr
    shown = run("telemetry", "--spool", str(tmp_path / "spool"), "show")
    assert shown.returncode == 0, shown.stderr
