"""Every case of the matrix: the artifact answers as its source, or a sentence says why there is none."""

from pathlib import Path

import pytest

from packager import interpreters, recipes
from tests.matrix.case import Case
from tests.matrix.cases import CASES
from tests.matrix.running import fault, run


@pytest.mark.parametrize("case", CASES, ids=[case.id for case in CASES])
def test_answers_as_its_source_or_says_why_not(case: Case, tmp_path: Path) -> None:
    wanted = recipes.recipe(case.environment).pythons if case.environment else ()
    if wanted and not any(map(interpreters.find, wanted)):
        pytest.skip(f"needs Python {' or '.join(wanted)}, and none is on this machine")
    assert fault(run(case, tmp_path)) is None


def test_no_two_cases_have_one_name() -> None:
    names = [case.id for case in CASES]
    assert len(names) == len(set(names))


def test_covers_what_it_claims_to_cover() -> None:
    assert len(CASES) >= 70
    published = [case for case in CASES if case.is_published and case.refused is None]
    assert len(published) >= 15
    frameworks = {"scikit-learn", "XGBoost", "LightGBM", "PyTorch", "Keras", "TensorFlow", "ONNX", "TFLite"}
    assert frameworks <= {case.framework for case in CASES}
