"""A model is built smaller or faster under a budget: what ships, what is said, and what a kill leaves."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest
from sklearn.ensemble import GradientBoostingClassifier

from packager.source_files import sha256_of
from tests.main_job import commands, nets

SHIPPED = ("--http", "none", "--engine", "onnxruntime")
"""The quickest to build; one engine, so that no measured time decides which one it is."""
SEARCH = (*SHIPPED, "--objective", "size")


@dataclass(frozen=True, slots=True)
class Searched:
    """What one search answered, and the folder that it ran in."""

    net: nets.Net
    folder: Path
    report: Any

    @property
    def found(self) -> Any:
        """The optimization."""
        return self.report["optimization"]

    @property
    def artifact(self) -> Path:
        """Its artifact."""
        return self.folder / "dist" / "digits" / "lambda"

    def trial(self, chosen: str) -> Any:
        """One candidate by its id."""
        return next(one for one in self.found["candidates"] if one["id"] == chosen)


@pytest.fixture(scope="module")
def searched(tmp_path_factory: pytest.TempPathFactory) -> Searched:
    """A net that int8 ruins, searched with the model files kept."""
    folder = tmp_path_factory.mktemp("searched")
    net = nets.digits(folder, fragile=True)
    limits = ("--max-trials", "5", "--keep-candidates")
    done = commands.packager("optimize", *net.arguments, *SEARCH, *limits, "-o", "json", cwd=folder)
    assert done.exit_code == 0, done.stderr
    return Searched(net, folder, done.document())


def test_the_smallest_that_keeps_the_budget_is_taken(searched: Searched) -> None:
    chosen = searched.trial(searched.found["chosen"])
    within = [one for one in searched.found["candidates"] if one["outcome"] == "within"]
    smallest = min(within, key=lambda one: one["sizes"]["shipped_bytes"])
    assert chosen == smallest
    assert chosen["sizes"]["model_bytes"] < 0.5 * searched.trial("0")["sizes"]["model_bytes"]
    assert chosen["drop"]["value"] <= 0.005
    assert searched.found["sentence"].startswith(f"take {chosen['title']}: ")


def test_a_net_that_int8_ruins_is_rescued_by_leaving_out_its_worst_layer(searched: Searched) -> None:
    int8 = [one for one in searched.found["candidates"] if one["title"].startswith("static int8")]
    *ruined, rescued = int8
    assert {one["outcome"] for one in ruined} == {"over_budget"}
    assert ruined[0]["drop"]["value"] > 0.5
    assert rescued["outcome"] in ("within", "no_gain")
    assert [record["left"] for record in rescued["passes"]] == [["dense1"]]


def test_what_finds_nothing_to_do_is_no_trial_and_says_so(searched: Searched) -> None:
    idle = [one for one in searched.found["candidates"] if one["outcome"] == "not_applicable"]
    assert [one["why"] for one in idle if one["title"] == "tidy trees"] == ["The model has no tree ensemble"]
    made = [one for one in searched.found["candidates"] if one["outcome"] not in ("base", "not_applicable")]
    assert len(made) == 5
    assert searched.found["stopped"] == "max_trials"


def test_the_artifact_holds_the_chosen_model_and_its_record(searched: Searched) -> None:
    manifest = json.loads((searched.artifact / "function" / "manifest.json").read_text())
    assert manifest["model"]["sha256"] == searched.trial(searched.found["chosen"])["sha256"]
    assert json.loads((searched.artifact / "optimization.json").read_text()) == searched.found
    assert not (searched.folder / "dist" / "digits" / ".optimization").exists()


def test_a_rebuild_does_the_same_passes_and_gives_the_same_bytes(searched: Searched) -> None:
    done = commands.packager("verify", searched.artifact, "--rebuild", cwd=searched.folder)
    assert done.exit_code == 0, done.stderr


def test_every_candidate_is_kept_with_digest_and_lineage(searched: Searched) -> None:
    folder = searched.folder / "dist" / "digits" / "candidates"
    kept = json.loads((folder / "candidates.json").read_text())
    made = [row for row in kept["candidates"] if row["sha256"]]
    assert {row["file"] for row in made} == {path.name for path in folder.glob("*.onnx")}
    assert all(sha256_of(folder / row["file"]) == row["sha256"] for row in made)
    base, first = made[0]["sha256"], made[1]
    assert first["parent_sha256"] == base
    assert [record["kind"] for record in first["passes"]] == ["static_int8"]


def test_a_search_that_was_killed_goes_on_where_it_was(searched: Searched, tmp_path: Path) -> None:
    asked = ("optimize", *searched.net.arguments, *SEARCH, "--max-trials", "5", "-o", "json")
    recorded = killed_after_trials(5, asked, tmp_path)
    done = commands.packager(*asked, cwd=tmp_path)
    assert done.exit_code == 0, done.stderr
    found = done.document()["optimization"]
    assert found["candidates"][: len(recorded)] == recorded  # to the last digit of every time
    for said in ("id", "title", "outcome", "sha256", "sizes", "drop"):
        assert [one[said] for one in found["candidates"]] == [
            one[said] for one in searched.found["candidates"]
        ]
    assert found["chosen"] == searched.found["chosen"]


def test_a_pass_that_was_named_is_refused_over_the_budget_and_nothing_is_written(searched: Searched) -> None:
    unlimited = ("--max-minutes", "0.0001")  # of a search: what is named is done
    asked = (*searched.net.arguments, *SHIPPED, "--pass", "static_int8", "--max-drop", "0.5%", *unlimited)
    done = commands.packager("build", *asked, "--output", "refused", cwd=searched.folder)
    assert done.exit_code == 17
    assert "static int8 lost" in done.stderr
    assert "0.5 are allowed" in done.stderr
    assert not (searched.folder / "refused" / "digits").exists()


def test_an_artifact_below_the_least_accuracy_is_not_written(searched: Searched) -> None:
    asked = (*searched.net.arguments, *SHIPPED, "--min-accuracy", "0.999", "--output", "below")
    done = commands.packager("build", *asked, cwd=searched.folder)
    assert done.exit_code == 17
    assert "at least 0.999 is asked for" in done.stderr
    assert not list((searched.folder / "below").rglob("function.zip"))


def test_trees_over_the_budget_are_sized_as_pure_python_has_them_like_the_base(tmp_path: Path) -> None:
    rows = np.random.default_rng(0).normal(size=(400, 4)).astype(np.float32)
    forest = GradientBoostingClassifier(n_estimators=12, random_state=0).fit(
        rows, rows[:, 0] * rows[:, 1] > 0
    )
    joblib.dump(forest, tmp_path / "trees.joblib")
    np.save(tmp_path / "rows.npy", rows)
    asked = ("trees.joblib", "--samples", "rows.npy", "--http", "none", "--engine", "tiny", "-o", "json")
    limits = ("--objective", "size", "--max-drop", "0", "--max-trials", "4")
    done = commands.packager("optimize", *asked, *limits, cwd=tmp_path)
    assert done.exit_code == 0, done.stderr
    base, *others = done.document()["optimization"]["candidates"]
    over = [one for one in others if one["outcome"] == "over_budget"]
    assert {one["engine"] for one in (base, *over)} == {"tiny"}
    assert over
    assert all(one["sizes"]["model_bytes"] < base["sizes"]["model_bytes"] for one in over)


def test_a_training_function_for_what_is_not_of_torch_is_refused(searched: Searched, tmp_path: Path) -> None:
    asked = (*searched.net.arguments, *SEARCH, "--train", "net:train", "--output", str(tmp_path / "other"))
    done = commands.packager("optimize", *asked, cwd=searched.folder)
    assert done.exit_code == 3
    assert "train is net:train, and nothing of a model of onnx can be trained" in done.stderr
    assert not (tmp_path / "other" / "digits" / "lambda").exists()


def killed_after_trials(count: int, asked: tuple[str, ...], folder: Path) -> list[Any]:
    """Start a search, end it and all that it started with SIGKILL when so many candidates are written down;
    the candidates of the journal."""
    command = [sys.executable, "-m", "packager", *asked]
    with (folder / "log").open("wb") as log:
        running = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log, start_new_session=True)
    try:
        while len(rows := written(folder)) < count and running.poll() is None:
            time.sleep(0.02)
    finally:
        os.killpg(running.pid, signal.SIGKILL)
        running.wait()
    assert running.returncode == -signal.SIGKILL, (folder / "log").read_text()
    return rows


def written(folder: Path) -> list[Any]:
    """The candidates that stand in the journal, whole lines alone."""
    lines = [
        line
        for path in folder.glob("dist/*/.optimization/*/journal.jsonl")
        for line in path.read_text().splitlines(keepends=True)
    ]
    rows = [json.loads(line) for line in lines if line.endswith("\n")]
    return [row["trial"]["candidate"] for row in rows if "trial" in row]
