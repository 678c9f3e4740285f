"""The outcomes as docs/conversion-matrix.md."""

from collections.abc import Sequence
from pathlib import Path

from tests.matrix.case import Case, Outcome

DEST = Path(__file__).parents[2] / "docs" / "conversion-matrix.md"
_HEAD = """# Conversion matrix

Written by `make matrix`: each row is a whole `packager build` of one model file, whose artifact answered
the rows with the shipped runtime. Rows are the user's samples where the case has some, and made from the
signature otherwise. The difference is the largest absolute one over all floating point outputs, in the unit
of the output. Seconds are of the whole build on the machine that ran the matrix.

"""
_CONVERTED = (
    "| framework | model | from | version | to | converter | rows | flips | largest difference "
    "| source bytes | model bytes | s |\n|---|---|---|---|---|---|--:|--:|--:|--:|--:|--:|\n"
)
_REFUSED = "| framework | model | to | what the user reads |\n|---|---|---|---|\n"


def write(outcomes: Sequence[Outcome]) -> None:
    """Write the table, the converted first, then the refused with the error that a user sees."""
    converted = [one for one in outcomes if one.error is None]
    refused = [one for one in outcomes if one.error is not None]
    published = len({one.case.origin for one in converted if one.case.is_published})
    said = (
        f"{len(outcomes)} cases: {len(converted)} converted, {len(refused)} refused with a reason; "
        f"models out of {published} published packages among them.\n\n"
    )
    text = _HEAD + said + "## Converted\n" + _CONVERTED + "".join(map(_row, converted))
    text += "\n## Refused\n" + _REFUSED + "".join(map(_refusal, refused))
    DEST.write_text(text, encoding="utf-8")


def _row(one: Outcome) -> str:
    case = one.case
    rows = f"{one.rows} ({one.rows_from})"
    cells = [
        case.framework, case.architecture, case.origin, one.versions, case.format, one.converter, rows,
        str(one.label_flips), f"{one.max_abs_error:.1e}", f"{one.source_bytes:,}", f"{one.model_bytes:,}",
        f"{one.seconds:.0f}",
    ]  # fmt: skip
    return line(cells)


def _refusal(one: Outcome) -> str:
    case: Case = one.case
    assert one.error is not None
    return line([case.framework, case.architecture, case.format, f"{one.error[0]}: {one.error[1]}"])


def line(cells: Sequence[str]) -> str:
    """A row of a table."""
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |\n"
