"""The answer is right, or there is no artifact; and what lies on disk is what was built."""

import hashlib
import json
import pickle
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests import published
from tests.main_job import sources
from tests.main_job.commands import build, packager


def wrong_when_converted(folder: Path) -> tuple[Path, Path]:
    """A model whose conversion succeeds and gives other numbers: small differences of large numbers, of which
    single precision keeps little."""
    from sklearn.discriminant_analysis import QuadraticDiscriminantAnalysis

    rows = np.random.default_rng(0).normal(size=(200, 2))
    target = (rows[:, 0] * rows[:, 1] > 0).astype(int)
    rows += 1e5
    (folder / "far.pkl").write_bytes(pickle.dumps(QuadraticDiscriminantAnalysis().fit(rows, target)))
    np.save(folder / "rows.npy", rows)
    return folder / "far.pkl", folder / "rows.npy"


@pytest.fixture(scope="module")
def artifact(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A built forest; the module's tests work on copies."""
    folder = tmp_path_factory.mktemp("forest")
    build(sources.forest(folder).model, cwd=folder)
    return folder / "dist" / "forest" / "lambda"


@pytest.fixture
def copy(artifact: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(artifact, tmp_path / "lambda"))


@pytest.mark.parametrize("with_samples", [True, False])
def test_a_conversion_that_differs_from_its_source_is_refused(with_samples: bool, tmp_path: Path) -> None:
    model, rows = wrong_when_converted(tmp_path)
    samples = ("--samples", str(rows)) if with_samples else ()
    done = packager("build", model, *samples, cwd=tmp_path)
    assert done.exit_code in (7, 8), done.stderr
    assert not (tmp_path / "dist").exists() or not list((tmp_path / "dist").rglob("*.zip"))
    if done.exit_code == 8:
        assert "the source model answers" in done.stderr
        assert "raise --tolerance" in done.stderr


def test_a_published_model_with_operators_of_its_own_is_refused_by_their_name(tmp_path: Path) -> None:
    done = packager("build", published.CUSTOM_OPERATORS.fetch(), cwd=tmp_path)
    assert done.exit_code == 7
    assert "Quant" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_failed_build_leaves_no_empty_folders(tmp_path: Path) -> None:
    """Stopped by its size, after the folders were made."""
    model, rows = wrong_when_converted(tmp_path)
    before = {path.name for path in tmp_path.iterdir()}
    assert packager("build", model, "--samples", rows, "--output", "a/b", cwd=tmp_path).exit_code in (7, 8)
    assert {path.name for path in tmp_path.iterdir()} == before


def test_a_failed_build_leaves_the_artifact_that_was_there(tmp_path: Path) -> None:
    made = sources.forest(tmp_path)
    build(made.model, "--name", "same", cwd=tmp_path)
    before = (tmp_path / "dist/same/lambda/SHA256SUMS").read_text()
    model, rows = wrong_when_converted(tmp_path)
    done = packager("build", model, "--name", "same", "--samples", rows, cwd=tmp_path)
    assert done.exit_code in (7, 8)
    assert (tmp_path / "dist/same/lambda/SHA256SUMS").read_text() == before
    assert [path.name for path in (tmp_path / "dist/same").iterdir()] == ["lambda"]


def test_a_raised_tolerance_stands_in_the_report(tmp_path: Path) -> None:
    report = build(sources.forest(tmp_path).model, "--tolerance", "0.01", cwd=tmp_path)
    assert report["verification"]["tolerance"]["probabilities"]["absolute"] == 0.01


def test_verify_replays_and_rebuilds(artifact: Path, tmp_path: Path) -> None:
    done = packager("verify", artifact, "--rebuild", "-o", "json", cwd=tmp_path)
    assert done.exit_code == 0, done.stderr
    found = done.document()
    assert found["verification"]["passed"]
    assert found["rebuilt_files"] == found["files"]


def test_verify_holds_the_answers_to_the_tolerance_of_the_build(copy: Path, tmp_path: Path) -> None:
    """That of so few rows could be another one."""
    record = json.loads((copy / "build.json").read_text(encoding="utf-8"))
    record["verification"]["tolerance"]["probabilities"] = {"absolute": 0.0, "relative": 0.0}
    (copy / "build.json").write_text(json.dumps(record), encoding="utf-8")
    done = packager("verify", copy, cwd=tmp_path)
    assert done.exit_code == 8
    assert "'probabilities' differs by more than 0 + 0 x |answer|" in done.stderr


def test_what_sam_build_leaves_behind_is_no_change(copy: Path, tmp_path: Path) -> None:
    (copy / ".aws-sam").mkdir()
    (copy / ".aws-sam" / "build.toml").write_text("")
    done = packager("verify", copy, cwd=tmp_path)
    assert done.exit_code == 0, done.stderr


def test_verify_names_a_changed_a_missing_and_a_foreign_file(copy: Path, tmp_path: Path) -> None:
    with (copy / "function" / "manifest.json").open("a") as file:
        file.write(" ")
    (copy / "events" / "alb.json").unlink()
    (copy / "function" / "extra.txt").write_text("")
    done = packager("verify", copy, cwd=tmp_path)
    assert done.exit_code == 12
    assert "function/manifest.json: changed" in done.stderr
    assert "events/alb.json: missing" in done.stderr
    assert "function/extra.txt: not part of the artifact" in done.stderr


def test_verify_finds_an_artifact_that_answers_otherwise(copy: Path, tmp_path: Path) -> None:
    """Every digest is right, and the golden answers are another model's."""
    golden: dict[str, Any] = json.loads((copy / "golden.json").read_text())
    golden["cases"][0]["inputs"], golden["cases"][1]["inputs"] = (
        golden["cases"][1]["inputs"],
        golden["cases"][0]["inputs"],
    )
    (copy / "golden.json").write_text(json.dumps(golden))
    digest = hashlib.sha256((copy / "golden.json").read_bytes()).hexdigest()
    lines = (copy / "SHA256SUMS").read_text().splitlines()
    kept = [f"{digest}  golden.json" if line.endswith("  golden.json") else line for line in lines]
    (copy / "SHA256SUMS").write_text("\n".join(kept) + "\n")
    done = packager("verify", copy, cwd=tmp_path)
    assert done.exit_code == 8, done.stderr
    assert "build it again" in done.stderr
    assert "nothing was written" not in done.stderr


def test_a_rebuild_from_another_model_is_refused(tmp_path: Path) -> None:
    made = sources.forest(tmp_path)
    build(made.model, cwd=tmp_path)
    made.model.write_bytes(made.model.read_bytes() + b"\0")
    done = packager("verify", "dist/forest/lambda", "--rebuild", cwd=tmp_path)
    assert done.exit_code == 4
    assert "has changed since" in done.stderr


def test_a_folder_that_is_no_artifact_is_never_replaced(tmp_path: Path) -> None:
    precious = tmp_path / "dist" / "forest" / "lambda" / "thesis.txt"
    precious.parent.mkdir(parents=True)
    precious.write_text("mine")
    done = packager("build", sources.forest(tmp_path).model, cwd=tmp_path)
    assert done.exit_code == 12
    assert precious.read_text() == "mine"


def test_an_arm64_artifact_is_proved_by_this_machine_s_library_of_the_same_release(tmp_path: Path) -> None:
    given = ("--arch", "arm64", "--engine", "onnxruntime")
    report = build(sources.forest(tmp_path).model, *given, cwd=tmp_path)
    assert "standing in for arm64" in report["verification"]["engine"]
    library = tmp_path / "dist/forest/lambda/function/lib/libonnxruntime.so.1"
    assert library.read_bytes()[18:20] == b"\xb7\x00"  # ELF e_machine: aarch64
    assert "- arm64" in (tmp_path / "dist/forest/lambda/template.yaml").read_text()


@pytest.mark.parametrize("engine", ["onnxruntime", "tiny"])
@pytest.mark.parametrize("runtime", ["python3.11", "python3.12", "python3.14"])
def test_each_runtime_gets_an_artifact_that_answers(runtime: str, engine: str, tmp_path: Path) -> None:
    given = ("--runtime", runtime, "--engine", engine)
    report = build(sources.forest(tmp_path).model, *given, cwd=tmp_path)
    assert report["verification"]["passed"]
    assert f"Runtime: {runtime}" in (tmp_path / "dist/forest/lambda/template.yaml").read_text()


def test_several_targets_are_not_held_to_one_label_for_each_row(tmp_path: Path) -> None:
    """The least accuracy would be no gate: no label is the truth of any answer."""
    import joblib
    from sklearn.linear_model import LogisticRegression
    from sklearn.multioutput import MultiOutputClassifier

    rows = np.random.default_rng(0).normal(size=(60, 3))
    joblib.dump(
        MultiOutputClassifier(LogisticRegression()).fit(rows, rows[:, :2] > 0), tmp_path / "two.joblib"
    )
    np.save(tmp_path / "rows.npy", rows)
    np.save(tmp_path / "truth.npy", rows[:, 0] > 0)
    asked = ("two.joblib", "--samples", "rows.npy", "--labels", "truth.npy", "--min-accuracy", "0.1")
    done = packager("build", *asked, cwd=tmp_path)
    assert done.exit_code != 0
    assert "min_accuracy is 0.1, and this model decides several targets" in done.stderr
    assert not (tmp_path / "dist").exists()
