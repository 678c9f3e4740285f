"""Rows of the suite: of the right shape and kind, and the same each time."""

from pathlib import Path

import numpy as np
import pytest

from packager.suite import rows
from packager.suite.published import Rows


def made(asked: Rows, folder: Path) -> np.ndarray:
    found = rows.make(asked, folder / "model.txt", folder)
    assert found.labels is None
    array = np.load(found.samples)
    return array if isinstance(array, np.ndarray) else array[asked.input or ""]


@pytest.mark.parametrize(
    ("asked", "least", "most"),
    [
        (Rows(kind="tones", count=3, shape=(4000, 1), input="sound"), -1.5, 1.5),
        (Rows(kind="series", count=5, shape=(20, 4)), -6, 6),
        (Rows(kind="pictures", count=4, shape=(16, 12, 3)), 0, 1),
        (Rows(kind="ranges", count=50, low=(0, 10), high=(1, 20)), 0, 20),
    ],
    ids=lambda asked: asked.kind if isinstance(asked, Rows) else None,
)
def test_made_rows_fit_and_are_the_same_each_time(
    asked: Rows, least: float, most: float, tmp_path: Path
) -> None:
    one = made(asked, tmp_path)
    shape = asked.shape or (len(asked.low),)
    assert one.shape == (asked.count, *shape)
    assert least <= one.min() < one.max() <= most
    assert np.array_equal(one, made(asked, tmp_path))


def test_rows_lie_within_what_the_booster_was_trained_on(tmp_path: Path) -> None:
    (tmp_path / "model.txt").write_text("tree\nfeature_infos=[-1:1] [10:30]\n\n")
    found = made(Rows(kind="seen_ranges", count=200), tmp_path)
    assert (found.min(axis=0) >= [-1, 10]).all()
    assert (found.max(axis=0) <= [1, 30]).all()


@pytest.mark.network
def test_digits_come_with_their_labels(tmp_path: Path) -> None:
    asked = Rows(kind="digits", count=40, input="pixels")
    found = rows.make(asked, tmp_path / "model", tmp_path)
    assert found.labels is not None
    assert np.load(found.samples)["pixels"].shape == (40, 1, 28, 28)
    assert set(np.load(found.labels)) <= set(range(10))
