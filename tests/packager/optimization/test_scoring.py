"""Scoring: what the rows can tell of a budget."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from packager import probe
from packager.conversion import Evaluation
from packager.model import Signature, TensorSpec
from packager.optimization import Scoring

SIGNATURE = Signature(
    inputs=(TensorSpec("x", "float32", ("n", 1)),),
    outputs=(TensorSpec("y", "float32", ("n", 3)),),
)


def scoring(folder: Path, rows: int, budget: str, **asked: Any) -> Scoring:
    """Of a model with three scores for each row, and as many labelled rows."""
    path = folder / "evaluation.json"
    labels = np.arange(rows) % 3
    scores = np.eye(3, dtype=np.float32)[labels]
    probe.write_cases(path, [probe.Case({"x": np.zeros((rows, 1), np.float32)}, {"y": scores})])
    document = {**json.loads(path.read_text()), "labels": labels.astype(float).tolist()}
    path.write_text(json.dumps(document))
    found = Evaluation(path, rows, True, "samples", None, 0, ("drawn",))
    return Scoring(found, SIGNATURE, asked.get("metric"), budget)


def test_a_budget_of_less_than_one_row_is_said_with_the_rows_that_it_needs(tmp_path: Path) -> None:
    assert scoring(tmp_path, 100, "0.5%").notes == (
        "drawn",
        "one of 100 rows is 1 % of the accuracy, and 0.5 % may be lost: "
        "to tell that, judge by 200 rows or more",
    )


def test_a_budget_of_a_row_and_more_is_as_it_is(tmp_path: Path) -> None:
    assert scoring(tmp_path, 200, "0.5%").notes == ("drawn",)
    assert scoring(tmp_path, 100, "1%").notes == ("drawn",)


def test_what_has_no_steps_can_tell_any_budget(tmp_path: Path) -> None:
    assert scoring(tmp_path, 100, "0.5%", metric="auc").notes == ("drawn",)


def test_no_loss_at_all_is_no_matter_of_rows(tmp_path: Path) -> None:
    assert scoring(tmp_path, 100, "0").notes == ("drawn",)
