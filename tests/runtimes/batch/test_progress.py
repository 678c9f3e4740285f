"""How far a job is, in figures."""

import json

import pytest

from runtimes.batch.progress import Progress
from runtimes.batch.tally import Tally
from tests.runtimes.batch.test_tally import done, plan


def test_a_line_says_rows_share_and_dead_letters_of_what_is_done(capsys: pytest.CaptureFixture[str]) -> None:
    tally = Tally(plan(), range(4), [done(0, bad=2)])
    with Progress("json", tally, {"job_id": "7:0"}):
        tally.advance(50)
        tally.finish(done(1, bad=1))
    line = json.loads(capsys.readouterr().err)
    assert (line["rows"], line["share"], line["dead_letters"], line["job_id"]) == (200, 0.5, 3, "7:0")
    assert line["seconds_left"] == 0
    assert line["rows_per_s"] > 0


def test_nothing_is_said_where_nothing_is_asked(capsys: pytest.CaptureFixture[str]) -> None:
    with Progress("none", Tally(plan(), range(4), []), {}):
        pass
    assert capsys.readouterr() == ("", "")


def test_a_job_that_did_nothing_yet_does_not_know_when_it_ends() -> None:
    state = Progress("none", Tally(plan(), range(4), []), {}).state()
    assert (state["rows"], state["share"], state["seconds_left"]) == (0, 0.0, None)


def test_time_left_counts_what_this_run_did_alone() -> None:
    tally = Tally(plan(rows=None), range(4), [done(0), done(1), done(2)])
    assert Progress("none", tally, {}).state()["seconds_left"] is None
