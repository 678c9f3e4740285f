"""Summaries of one subject add up; what is none is refused."""

import json

import pytest

from edge.telemetry.summary import MOST_CODES, Counts, merged, read_summary, write_line
from edge.telemetry.table import table
from tests.edge.telemetry.summaries import summary


def test_summaries_of_one_device_and_model_are_one() -> None:
    other = summary("c", 5, model={"name": "iris", "version": "2b4c", "number": 8})
    first, second = merged([summary("a", 2, errors={"invalid_input": 1}), other, summary("b", 3)])
    assert (first["requests"], first["rows"], first["summaries"]) == (5, 5, 2)
    assert first["errors"] == {"invalid_input": 1}
    assert (second["requests"], second["summaries"]) == (5, 1)


def test_what_is_merged_can_be_merged_again() -> None:
    one, two, three = summary("a", 1), summary("b", 2), summary("c", 3)
    lost = summary("d", 1, lost={"dropped": 4, "unwritten": 1})
    at_once = merged([one, two, three, lost])
    assert merged([*merged([one, two]), *merged([three, lost])]) == at_once
    assert at_once[0]["lost"] == {"dropped": 4, "unwritten": 1}


def test_codes_that_a_program_makes_up_do_not_fill_a_summary() -> None:
    counts = Counts()
    for number in range(3 * MOST_CODES):
        counts.add(1, 1, f"code-{number}")
    assert len(counts.errors) == MOST_CODES + 1
    assert sum(counts.errors.values()) == 3 * MOST_CODES


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"[]",
        b'{"schema_version": 2}',
        write_line({**summary("a", 3), "requests": 4}),
        write_line({**summary("a", 3), "rows": -1}),
        write_line({**summary("a", 3), "errors": {"x": "many"}}),
        write_line({**summary("a", 3), "latency": None}),
        write_line(summary("a", 3))[:-20],
    ],
)
def test_refuses_a_line_that_is_no_summary(line: bytes) -> None:
    with pytest.raises(ValueError, match=r"it is|it has|its|line 1"):
        read_summary(line)


def test_a_table_has_a_row_for_each_device_and_model() -> None:
    documents = merged([summary("a", 2, errors={"invalid_input": 3, "too_large": 1})])
    head, row, errors = table(json.loads(json.dumps(documents))).splitlines()
    assert head.split()[:4] == ["device", "model", "requests", "rows"]
    assert row.split() == [
        "gate",
        "iris",
        "1f3a",
        "(release",
        "7)",
        "2",
        "2",
        "4",
        *4 * ["1", "ms"],
        "20.0",
        "MB",
        "0",
    ]
    assert errors == "errors of gate, iris 1f3a (release 7): invalid_input 3, too_large 1"


def test_a_table_of_nothing_says_so() -> None:
    assert table([]) == "no telemetry\n"
