"""The journal: what a search has tried outlives it, to the last whole line."""

from contextlib import closing
from pathlib import Path

import pytest

from packager.errors import PackagerError
from packager.optimization.journal import Journal, Trial
from packager.passes import LayerError
from tests.packager.optimization.candidates import BASE, candidate

TRIAL = Trial("[]", BASE)
SECOND = Trial(
    "[1]", candidate(1, "static_int8", "within", 300, (0.62, 0.6, 0.64), 0.001), "made", "asked for"
)


@pytest.fixture
def left(tmp_path: Path) -> Path:
    """The folder of a search that ended after two trials."""
    journal = Journal(tmp_path, "key")
    (journal.models / "made").mkdir()
    journal.add(TRIAL)
    journal.add(SECOND)
    journal.add_layers("[1]", (LayerError("dense1", "Gemm", 0.5, 12),))
    journal.close()
    return tmp_path


def test_what_was_tried_is_there_again(left: Path) -> None:
    with closing(Journal(left, "key")) as journal:
        assert (journal.resumed, journal.trial("[]"), journal.trial("[1]")) == (2, TRIAL, SECOND)
        assert journal.layers("[1]") == (LayerError("dense1", "Gemm", 0.5, 12),)
        assert journal.trial("[2]") is None


def test_a_torn_last_line_is_cut_off_and_the_next_one_is_whole(left: Path) -> None:
    path = left / "key" / "journal.jsonl"
    whole = path.read_bytes()
    path.write_bytes(whole + b'{"trial": {"key": "[2]", "cand')
    third = Trial("[2]", candidate(2, "float16", "no_gain"))
    with closing(Journal(left, "key")) as journal:
        journal.add(third)
    assert path.read_bytes().startswith(whole)
    with closing(Journal(left, "key")) as journal:
        assert journal.trial("[2]") == third


def test_a_trial_whose_model_is_gone_is_made_again(left: Path) -> None:
    (left / "key" / "models" / "made").rmdir()
    with closing(Journal(left, "key")) as journal:
        assert journal.trial("[1]") is None
        assert journal.trial("[]") == TRIAL


def test_another_search_begins_anew_and_removes_what_is_left(left: Path) -> None:
    with closing(Journal(left, "other")) as journal:
        assert journal.resumed == 0
    assert [path.name for path in left.iterdir()] == ["other"]


@pytest.mark.parametrize("key", ["key", "other"])
def test_two_searches_for_one_artifact_do_not_run_at_once(left: Path, key: str) -> None:
    with closing(Journal(left, "key")), pytest.raises(PackagerError, match="another search"):
        Journal(left, key)
    Journal(left, "key").remove()
    assert not left.exists()


def test_a_search_that_tried_nothing_leaves_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "net" / ".optimization"
    Journal(folder, "key").leave()
    assert not list(tmp_path.iterdir())


def test_a_search_that_tried_something_is_left_as_it_is(left: Path) -> None:
    Journal(left, "key").leave()
    with closing(Journal(left, "key")) as journal:
        assert journal.resumed == 2


def test_a_line_of_zeros_is_cut_off_with_what_follows(left: Path) -> None:
    path = left / "key" / "journal.jsonl"
    first, *others = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(first + b"\0" * 40 + b"\n" + b"".join(others))
    with closing(Journal(left, "key")) as journal:
        assert journal.resumed == 1
    assert path.read_bytes() == first
