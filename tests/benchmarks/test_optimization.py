"""docs/optimization.md: a line for each model, whatever became of it, and every candidate beneath."""

from benchmarks.optimization import Searched, page
from tests.packager.optimizations import MACHINE, optimization, stays

TAKEN = Searched("digits", "convolutions", "images", optimization())
STAYED = Searched("small", "two layers", "images", stays())
FAILED = Searched("broken", "nothing", "rows", None, "the converter died")


def test_every_model_has_a_line_with_what_was_taken_and_why() -> None:
    text = page([TAKEN, STAYED, FAILED], MACHINE, 0.5, 60)
    assert "1 took something better, 1 stayed as they were, 1\nfailed; 60 s in all." in text
    (line,) = [line for line in text.splitlines() if line.startswith("| [digits](#digits) |")]
    assert "accuracy by labels: 1,372 images" in line
    assert "| static int8 | 109.3 kB | 0.29 | 0.60 (0.58–0.62) | 0.20 (0.00 to 0.40) points |" in line
    assert "stay with float32: dynamic int8 was 1.3 × slower here (95 %: 1.2–1.4)" in text
    assert "| broken | nothing | – | rows | failed | – | – | – | – | the converter died |" in text


def test_every_candidate_of_a_model_stands_in_its_section() -> None:
    text = page([TAKEN], MACHINE, 0.5, 60)
    section = text.partition("\n## digits\n")[2]
    assert section.count("\n|") == 2 + 6
    assert "- failed: float16: the engine refused it" in section
