"""The gate: what it lets through, and that it fails closed."""

from dataclasses import replace

import numpy as np
import pytest

from packager import verify
from packager.model import Signature, TensorSpec
from packager.probe import Answers, Array, Case
from packager.results import Verification

SIGNATURE = Signature(
    inputs=(TensorSpec("X", "float32", ("batch", 2)),),
    outputs=(
        TensorSpec("label", "int64", ("batch",), "label"),
        TensorSpec("probabilities", "float32", ("batch", 2), "probabilities"),
    ),
)
LABELS = np.array([0, 1, 1], dtype=np.int64)
SCORES = np.array([[0.9, 0.1], [0.2, 0.8], [0.49, 0.51]])


def judge(labels: Array, scores: Array, absolute: float | None = None) -> Verification:
    case = Case({"X": np.zeros((3, 2), np.float32)}, {"label": LABELS, "probabilities": SCORES})
    answers = Answers(({"label": labels, "probabilities": scores},), 1.0, (0.1,))
    tolerance = verify.tolerances(SIGNATURE, [case], absolute)
    return verify.compare([case], answers, SIGNATURE, "samples", tolerance, "onnxruntime_c 1.31.1")


def test_passes_answers_that_differ_by_rounding() -> None:
    found = judge(LABELS, SCORES.astype(np.float32))
    assert found.passed
    assert found.rows == 3
    assert found.label_flips == 0
    assert 0 < found.max_abs_error < 1e-6


def test_one_flipped_label_fails_and_names_the_row() -> None:
    found = judge(np.array([0, 1, 0]), SCORES)
    assert not found.passed
    assert found.label_flips == 1
    assert found.worst_rows[0].row == 2
    assert (found.worst_rows[0].source_answer, found.worst_rows[0].artifact_answer) == ("1", "0")


def test_a_score_outside_the_tolerance_fails_with_both_answers() -> None:
    scores = SCORES.copy()
    scores[1, 0] += 0.01
    found = judge(LABELS, scores)
    assert not found.passed
    assert found.max_abs_error == pytest.approx(0.01)
    assert found.worst_rows[0].row == 1
    assert "0.21" in found.worst_rows[0].artifact_answer


def test_a_raised_tolerance_lets_it_through_and_is_reported() -> None:
    scores = SCORES.copy()
    scores[1, 0] += 0.01
    found = judge(LABELS, scores, absolute=0.02)
    assert found.passed
    assert found.tolerance["probabilities"].absolute == 0.02


@pytest.mark.parametrize(("size", "passes"), [(1e-30, False), (1e-6, False), (1.0, True)])
def test_small_answers_are_held_to_their_own_size(size: float, passes: bool) -> None:
    signature = Signature(SIGNATURE.inputs, (TensorSpec("prediction", "float32", ("batch",), "prediction"),))
    source = np.array([0.3, 1.0, -0.5]) * size
    wrong = source + np.array([0.0, min(size / 2, 5e-5), 0.0])
    case = Case({"X": np.zeros((3, 2), np.float32)}, {"prediction": source})
    tolerance = verify.tolerances(signature, [case])

    def passed(given: Array) -> bool:
        answers = Answers(({"prediction": given},), 1.0, (0.1,))
        return verify.compare([case], answers, signature, "samples", tolerance, "onnxruntime_c").passed

    assert passed(source.astype(np.float32))
    assert passed(wrong) == passes


def test_a_tolerance_never_lowers_the_bound_below_the_dtype_s_own() -> None:
    case = Case({"X": np.zeros((3, 2), np.float32)}, {"label": LABELS, "probabilities": SCORES})
    assert verify.tolerances(SIGNATURE, [case], 1e-12)["probabilities"].absolute == 1e-5


def test_what_the_user_allows_holds_for_small_answers_too() -> None:
    small = Case({"X": np.zeros((3, 2), np.float32)}, {"label": LABELS, "probabilities": SCORES * 1e-6})
    assert verify.tolerances(SIGNATURE, [small])["probabilities"].absolute < 1e-9
    assert verify.tolerances(SIGNATURE, [small], 1e-7)["probabilities"].absolute == 1e-7


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_an_answer_that_is_not_finite_fails(bad: float) -> None:
    scores = SCORES.copy()
    scores[0, 0] = bad
    assert not judge(LABELS, scores).passed


def test_nan_on_both_sides_fails_and_says_whose_it_is() -> None:
    scores = np.full((3, 2), np.nan)
    case = Case({"X": np.zeros((3, 2))}, {"label": LABELS, "probabilities": scores})
    answers = Answers(({"label": LABELS, "probabilities": scores},), 1.0, (0.1,))
    found = verify.compare([case], answers, SIGNATURE, "samples", verify.tolerances(SIGNATURE, [case]), "e")
    assert not found.passed
    assert "the source model answers NaN" in str(found.failure)
    assert "answers with numbers" in verify.what_to_do(found)


def test_equal_infinities_agree() -> None:
    scores = np.array([[np.inf, 0.0], [-np.inf, 0.0], [0.0, 0.0]])
    case = Case({"X": np.zeros((3, 2))}, {"label": LABELS, "probabilities": scores})
    answers = Answers(({"label": LABELS, "probabilities": scores},), 1.0, (0.1,))
    assert verify.compare(
        [case], answers, SIGNATURE, "samples", verify.tolerances(SIGNATURE, [case]), "e"
    ).passed


def test_shapes_are_compared_before_values() -> None:
    found = judge(LABELS, SCORES[:, :1])
    assert not found.passed
    assert "shape [3, 1]" in str(found.failure)


def test_a_missing_output_fails() -> None:
    case = Case({"X": np.zeros((3, 2))}, {"label": LABELS, "probabilities": SCORES})
    answers = Answers(({"label": LABELS},), 1.0, (0.1,))
    found = verify.compare([case], answers, SIGNATURE, "samples", {}, "e")
    assert not found.passed
    assert "'probabilities' is missing" in str(found.failure)


def test_nothing_to_compare_is_a_failure() -> None:
    found = verify.compare([], Answers((), 1.0, ()), SIGNATURE, "signature", {}, "e")
    assert not found.passed


def test_text_answers_must_be_equal() -> None:
    signature = Signature((), (TensorSpec("label", "string", ("batch",), "label"),))
    source, shipped = np.array(["a", "b"], dtype=object), np.array(["a", "B"], dtype=object)
    case = Case({"X": np.zeros((2, 1))}, {"label": source})
    found = verify.compare([case], Answers(({"label": shipped},), 1.0, (0.1,)), signature, "samples", {}, "e")
    assert (found.passed, found.label_flips) == (False, 1)


def judge_labels(labels: list[int], probabilities: list[list[float]]) -> Verification:
    """The source says 0 everywhere."""
    signature = replace(SIGNATURE, class_labels=(0, 1))
    scores = np.array(probabilities)
    case = Case({"X": np.zeros((2, 2))}, {"label": np.array([0, 0]), "probabilities": scores})
    answers = Answers(({"label": np.array(labels), "probabilities": scores},), 1.0, (0.1,))
    return verify.compare([case], answers, signature, "samples", verify.tolerances(signature, [case]), "e")


def test_another_label_of_equal_probability_is_a_tie_and_is_counted() -> None:
    found = judge_labels([1, 0], [[0.5, 0.5], [0.9, 0.1]])
    assert (found.passed, found.label_flips, found.ties) == (True, 0, 1)


def test_another_label_of_almost_equal_probability_is_a_flip() -> None:
    found = judge_labels([1, 0], [[0.50001, 0.49999], [0.9, 0.1]])
    assert (found.passed, found.label_flips, found.ties) == (False, 1, 0)


def test_a_label_that_the_source_does_not_know_is_no_tie() -> None:
    found = judge_labels([7, 0], [[0.5, 0.5], [0.9, 0.1]])
    assert (found.passed, found.label_flips) == (False, 1)


def test_a_failure_on_made_rows_asks_for_real_ones_and_names_each_row_once() -> None:
    case = Case({"X": np.zeros((3, 2), np.float32)}, {"label": LABELS, "probabilities": SCORES})
    answers = Answers(({"label": 1 - LABELS, "probabilities": SCORES},) * 2, 1.0, (0.1, 0.1))
    tolerance = verify.tolerances(SIGNATURE, [case])
    for origin, hinted in (("signature", True), ("samples", False)):
        found = verify.compare([case, case], answers, SIGNATURE, origin, tolerance, "engine")  # type: ignore[arg-type]
        error = verify.verification_error(found, verify.what_to_do(found))
        assert ("give real ones with --samples" in str(error.hint)) is hinted
        assert len(set(error.details)) == len(error.details) == 3


@pytest.mark.parametrize(("shape", "rows"), [((1, 2), 3), ((4, 2), 12), ((4,), 3)])
def test_rows_of_fixed_inputs_are_all_counted(shape: tuple[int, ...], rows: int) -> None:
    spec = TensorSpec("X", "float32", shape)
    signature = Signature(inputs=(spec,), outputs=(replace(spec, name="y", role="prediction"),))
    cases = [Case({"X": np.zeros(shape, np.float32)}, {"y": np.ones(shape)}) for _ in range(3)]
    answers = Answers(tuple({"y": np.ones(shape)} for _ in cases), 1.0, (0.1,) * 3)
    found = verify.compare(
        cases, answers, signature, "samples", verify.tolerances(signature, cases), "litert_c"
    )
    assert (found.passed, found.rows) == (True, rows)
