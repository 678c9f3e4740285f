"""An optimization as it is printed: one line for each candidate, marked, in units that people read."""

from dataclasses import replace

import pytest

from packager.measurement import Ratio
from packager.optimization import table
from packager.optimized import Drop, PassRecord, QuantizedTensor
from tests.packager.optimizations import CANDIDATES, optimization, stays


def test_each_candidate_with_figures_is_one_row_and_the_chosen_one_is_marked() -> None:
    found = optimization()
    rows = [table.row(one, found) for one in table.tried(found)]
    assert [row[1] for row in rows] == [one.title for one in CANDIDATES[:6]]
    assert [row[0] for row in rows] == ["•", "", "→", "•", "", ""]
    assert {len(row) for row in rows} == {len(table.columns(found))}


def test_figures_have_units_ratios_and_intervals() -> None:
    found = optimization()
    said = ("→", "static int8", "109.3 kB", "0.29", "2.5 MB", "27.0 µs", "0.60 (0.58–0.62)", "0.9910")
    assert table.row(CANDIDATES[2], found)[:8] == said
    assert table.row(CANDIDATES[2], found)[8:] == ("0.20 (0.00 to 0.40)", "as accurate as asked")


def test_the_heading_says_the_unit_of_what_was_lost() -> None:
    assert table.columns(optimization())[-2] == "drop, points (95 %)"
    assert table.columns(replace(optimization(), metric="rmse"))[-2] == "drop (95 %)"


def test_what_was_not_measured_is_a_dash() -> None:
    assert table.row(CANDIDATES[5], optimization())[5:7] == ("–", "–")


def test_errors_are_lost_in_their_own_unit() -> None:
    found = replace(optimization(), metric="rmse")
    one = replace(CANDIDATES[2], drop=Drop(1.5, 1.0, 2.0))
    assert table.drop(one, found) == "1.50 (1.00 to 2.00)"
    assert table.short_drop(one, found) == "+1.5"


def test_what_failed_is_said_with_its_reason() -> None:
    assert list(table.untried(optimization())) == [
        "failed: float16: the engine refused it: no kernel <b>",
        "not applicable: prune channels: the source model is not a torch module",
    ]


def test_one_reason_of_several_is_said_once_without_what_stood_before() -> None:
    none = CANDIDATES[7]
    others = (
        replace(none, id="c08", title="cleanup + tidy trees"),
        replace(none, id="c09", title="prune 2 4"),
    )
    found = replace(optimization(), candidates=(CANDIDATES[0], none, *others))
    assert list(table.untried(found)) == [
        "not applicable: prune channels; tidy trees; prune 2 4: the source model is not a torch module"
    ]


def test_the_conditions_are_said(capsys: pytest.CaptureFixture[str]) -> None:
    table.show(optimization())
    shown = capsys.readouterr().out
    assert "take static int8: 0.29 × the bytes" in shown
    assert "accuracy against the labels on 1,372 rows, calibrated on 128 others, seed 0" in shown
    assert "stopped by --max-trials" in shown
    assert all(len(line) < 200 for line in shown.splitlines())


def test_staying_as_it_is_is_a_choice_too(capsys: pytest.CaptureFixture[str]) -> None:
    table.show(stays())
    shown = capsys.readouterr().out
    assert "stay with float32: dynamic int8 was 1.3 × slower here (95 %: 1.2–1.4)" in shown
    assert "→  as converted" in shown


def test_markdown_has_the_same_rows() -> None:
    head, rule, *rows = table.markdown(optimization())
    assert head.count("|") == rule.count("|") == rows[0].count("|")
    assert len(rows) == 6


@pytest.mark.parametrize(("value", "said"), [(None, "–"), (0.0421, "42.1 µs"), (12.3456, "12.35 ms")])
def test_times_are_in_the_unit_that_suits_them(value: float | None, said: str) -> None:
    assert table.milliseconds(value) == said


def test_a_ratio_is_said_with_its_interval() -> None:
    assert table.interval(Ratio("latency_ms", 1.306, 1.2, 1.412, "larger")) == "1.31 (1.20–1.41)"


def test_what_the_codes_of_a_chosen_model_stand_for_is_said() -> None:
    io = (QuantizedTensor("x", "int8", 0.00390625, -128), QuantizedTensor("y", "int8", 0.5, 0))
    taken = replace(CANDIDATES[2], passes=(PassRecord("tflite_full_int8", {}, "", quantized_io=io),))
    found = replace(optimization(), candidates=(CANDIDATES[0], taken))
    said = [line for line in table.remarks(found) if "codes" in line]
    assert said == [
        "note: x holds codes of int8: n stands for 0.00390625 × (n + 128)",
        "note: y holds codes of int8: n stands for 0.5 × (n)",
    ]
    assert not any("codes" in line for line in table.remarks(optimization()))
