"""The section on optimization: what is drawn and labelled, and what it says where nothing was searched."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from packager.html_report import candidates
from packager.html_report.reading import read_subjects
from packager.html_report.subject import Subject
from tests.packager.html_report import made
from tests.packager.optimizations import CANDIDATES, optimization, stays


def subject(folder: Path, **changes: Any) -> Subject:
    (found,) = read_subjects([made.artifact(folder)])
    return replace(found, **changes)


def layer(spec: dict[str, Any], place: int) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = spec["layer"][place]["data"]["values"]
    return rows


def test_candidates_of_known_size_and_time_are_drawn_and_the_taken_one_is_ringed(tmp_path: Path) -> None:
    (chart,) = candidates.section([subject(tmp_path, optimization=optimization())]).charts
    for width in ("wide", "narrow"):
        spec: Any = chart.spec(width)
        assert [one["id"] for one in layer(spec, 0)] == ["c00", "c01", "c02", "c03", "c04"]
        assert [one["id"] for one in layer(spec, 1)] == ["c02"]
    assert chart.title.startswith("iris: take static int8")


def test_labels_say_the_row_and_what_was_lost_and_do_not_meet(tmp_path: Path) -> None:
    close = replace(CANDIDATES[4], outcome="within")
    found = replace(optimization(), front=("c02", "c04"), candidates=(*CANDIDATES[:4], close))
    (chart,) = candidates.section([subject(tmp_path, optimization=found)]).charts
    spec: Any = chart.spec("wide")
    labels = [one["label"] for place in (2, 3) for one in layer(spec, place)]
    assert labels == ["2: −0.20 points", "0: as converted"]


def test_the_table_holds_the_exact_figures(tmp_path: Path) -> None:
    (table,) = candidates.section([subject(tmp_path, optimization=optimization())]).tables
    row = table.rows[2]
    assert row[0].text == "2 → static int8"
    assert [cell.value for cell in row[1:4]] == [109_330, 109_330 / 377_000, 2_498_397]
    assert row[5].value == 0.6
    assert row[7].value == 0.002


def test_one_mark_alone_is_no_chart(tmp_path: Path) -> None:
    found = replace(stays(), candidates=(CANDIDATES[0], CANDIDATES[6]))
    section = candidates.section([subject(tmp_path, optimization=found)])
    assert section.charts == ()
    assert any("no kernel" in note for note in section.notes)


def test_without_a_search_the_command_that_makes_one_is_named(tmp_path: Path) -> None:
    section = candidates.section([subject(tmp_path)])
    assert not section.charts
    assert not section.tables
    (missing,) = section.missing
    assert missing.command == "packager optimize MODEL --name iris --samples FILE"
