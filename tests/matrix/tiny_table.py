"""The engine tiny beside ONNX Runtime, as docs/tiny-engine.md."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from tests.matrix.case import Outcome
from tests.matrix.table import line

DEST = Path(__file__).parents[2] / "docs" / "tiny-engine.md"
_HEAD = """# The engine tiny

Written by `make matrix`. Each model of the [conversion matrix](conversion-matrix.md) that became an ONNX
graph was written for the engine `tiny` as well, which runs it in pure Python. Both it and ONNX Runtime (one
thread, as it ships) answered the same rows; a flip is another label, class or text, and the difference is the
largest absolute one over all floating point outputs, in the unit of the output. Microseconds are of one row,
the quickest of many runs on the machine that ran the matrix; the engine is the one that `--engine auto` took.

"""
_COLUMNS = (
    "| framework | model | engine | rows | flips | largest difference | tiny bytes | µs in tiny "
    "| µs in ONNX Runtime |\n|---|---|---|--:|--:|--:|--:|--:|--:|\n"
)
_REFUSED = "| reason | models |\n|---|--:|\n"


def write(outcomes: Sequence[Outcome]) -> None:
    """Write what runs in tiny, then why the others do not."""
    tried = [(one, one.tiny) for one in outcomes if one.tiny is not None]
    ran = [(one, tiny) for one, tiny in tried if tiny.refused is None]
    chosen = sum(one.engine == "tiny" for one, _ in ran)
    flips = sum(tiny.label_flips for _, tiny in ran)
    largest = max((tiny.max_abs_error for _, tiny in ran), default=0.0)
    said = (
        f"{len(tried)} graphs: {len(ran)} run in tiny, {chosen} of them are quick enough to be taken; "
        f"{sum(tiny.rows for _, tiny in ran):,} rows, {flips} flips, largest difference {largest:.1e}.\n\n"
    )
    rows = [
        line([
            one.case.framework, one.case.architecture, one.engine, str(tiny.rows), str(tiny.label_flips),
            f"{tiny.max_abs_error:.1e}", f"{tiny.bytes:,}", f"{tiny.tiny_us:,.0f}",
            f"{tiny.onnxruntime_us:,.0f}",
        ])
        for one, tiny in ran
    ]  # fmt: skip
    reasons = Counter(tiny.refused for _, tiny in tried if tiny.refused is not None)
    refused = [line([reason, str(count)]) for reason, count in sorted(reasons.items())]
    text = f"{_HEAD}{said}## In tiny\n{_COLUMNS}{''.join(rows)}\n## Not in tiny\n{_REFUSED}{''.join(refused)}"
    DEST.write_text(text, encoding="utf-8")
