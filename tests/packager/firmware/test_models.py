"""C answers as its source does, under the sanitizers: trees, boosting, linear models, machines, nets."""

import subprocess
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas
import pytest
import torch
from lightgbm import LGBMClassifier
from sklearn.datasets import load_digits
from sklearn.ensemble import (
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
)
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC
from xgboost import XGBClassifier

from packager.conversion import Conversion
from packager.errors import ConversionError
from packager.firmware import generate
from packager.firmware.proof import STRICT, compiler
from tests.converters.jobs import do
from tests.converters.sklearn.models import CLASSES, NAMES, ROWS, WITH_GAPS, bought, converted, mixed
from tests.packager.firmware.asking import answered, held, of_job, single
from tests.published import MACREL_AMP

DIGITS_FLASH_BYTES = 34_000
"""Of code and tables: the same forest takes m2cgen 213 KB, and tl2cgen 455 KB."""
_NET = make_pipeline(StandardScaler(), MLPClassifier((12,), max_iter=60, tol=1e-1, random_state=0))
MODELS: dict[str, tuple[Any, Any, Any]] = {
    "forest": (RandomForestClassifier(10, random_state=0), WITH_GAPS, NAMES),
    "boosting": (GradientBoostingClassifier(n_estimators=6), ROWS, CLASSES),
    "histogram boosting": (HistGradientBoostingClassifier(max_iter=6), WITH_GAPS, CLASSES),
    "poisson": (HistGradientBoostingRegressor(max_iter=6, loss="poisson"), ROWS, ROWS[:, 3]),
    "xgboost": (XGBClassifier(n_estimators=6, max_depth=3), ROWS, CLASSES),
    "lightgbm": (LGBMClassifier(n_estimators=6, verbose=-1), ROWS, CLASSES),
    "logistic": (make_pipeline(StandardScaler(), LogisticRegression()), ROWS, NAMES),
    "linear": (LinearRegression(), ROWS[:, :3], ROWS[:, 3]),
    "neighbours": (KNeighborsClassifier(), ROWS[::3], CLASSES[::3] * 2 - 1),
    "machine": (make_pipeline(StandardScaler(), SVC()), ROWS, CLASSES),
    "net": (_NET, ROWS, CLASSES),
}


@pytest.mark.parametrize("name", MODELS)
def test_answers_as_the_source_model_does(name: str, tmp_path: Path) -> None:
    model, rows, target = MODELS[name]
    samples = tmp_path / "rows.csv"
    names = [f"{'Column_' if name == 'lightgbm' else 'x'}{at}" for at in range(rows.shape[1])]
    pandas.DataFrame(rows, columns=names).to_csv(samples, index=False)
    made = of_job(converted(tmp_path, model.fit(rows, target), samples=str(samples), rows=150))
    generated, found = held(made, name)
    assert found.passed, found.failure
    assert (found.label_flips, found.ties) == (0, 0)
    assert found.rows == len(rows)
    assert generated.scratch_bytes == 0


def test_a_table_of_words_and_numbers_is_a_struct(tmp_path: Path) -> None:
    generator = np.random.default_rng(0)
    people = pandas.DataFrame({
        "age": generator.integers(18, 90, 60), "income (k$)": generator.normal(40, 15, 60).round(1),
        "2nd": generator.random(60), "city": generator.choice(["Köln", "Bonn", 'a "*/"'], 60),
        "rooms": generator.integers(1, 4, 60), "member": generator.random(60) > 0.5,
    })  # fmt: skip
    samples = tmp_path / "people.csv"
    people.to_csv(samples, index=False)
    model = mixed(LogisticRegression()).fit(people, bought(people))
    generated, found = held(of_job(converted(tmp_path, model, samples=str(samples))), "people")
    assert found.passed, found.failure
    for line in (
        "PEOPLE_CITY_KOLN = ", "PEOPLE_OTHER_TEXT (-1)", "double income_k;", "double input_2nd;",
        "int32_t city;", "bool member;", "PEOPLE_CLASS_YES = 1 /* yes */",
    ):  # fmt: skip
        assert line in generated.header, line


def test_a_net_of_torch_is_exact_in_its_tolerance(tmp_path: Path) -> None:
    torch.manual_seed(0)
    net = torch.nn.Sequential(
        torch.nn.Linear(6, 16), torch.nn.BatchNorm1d(16), torch.nn.ReLU(), torch.nn.Linear(16, 8),
        torch.nn.Tanh(), torch.nn.Linear(8, 3), torch.nn.Softmax(dim=1),
    ).eval()  # fmt: skip
    batch = {"x": {0: torch.export.Dim("batch")}}
    program = torch.export.export(net, (torch.zeros(2, 6),), dynamic_shapes={"input": batch["x"]})
    torch.export.save(program, tmp_path / "net.pt2")
    generated, found = held(of_job(do(tmp_path / "job", tmp_path / "net.pt2")), "net")
    assert found.passed, found.failure
    assert generated.precision == "own" and not generated.has_trees


@pytest.fixture(scope="module")
def digits(tmp_path_factory: pytest.TempPathFactory) -> Conversion:
    folder = tmp_path_factory.mktemp("digits")
    rows, classes = load_digits(return_X_y=True)
    model = RandomForestClassifier(30, max_depth=8, random_state=0).fit(rows[540:], classes[540:])
    samples = folder / "rows.csv"
    pandas.DataFrame(rows[:540], columns=[f"x{at}" for at in range(64)]).to_csv(samples, index=False)
    return of_job(converted(folder, model, samples=str(samples), rows=540))


def test_the_digits_forest_answers_540_rows_with_the_sources_labels(digits: Conversion) -> None:
    generated, found = held(digits, "digits")
    assert found.passed, found.failure
    assert (found.rows, found.label_flips, found.ties) == (540, 0, 0)
    assert generated.has_trees


def test_the_digits_forest_takes_less_than_half_of_the_usual_tables(
    digits: Conversion, tmp_path: Path
) -> None:
    from elftools.elf.elffile import ELFFile

    generated = generate(digits, "digits", {})
    for name, text in generated.files.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    subprocess.run([compiler(), *STRICT, "-Os", "-c", "digits.c"], cwd=tmp_path, check=True)
    with (tmp_path / "digits.o").open("rb") as file:
        sizes = {section.name: section["sh_size"] for section in ELFFile(file).iter_sections()}
    kept = [size for name, size in sizes.items() if name.startswith((".text", ".rodata"))]
    assert generated.table_bytes < sum(kept) <= DIGITS_FLASH_BYTES


def test_a_forest_that_nobody_here_trained_answers_as_it_does_elsewhere(tmp_path: Path) -> None:
    _, found = held(of_job(do(tmp_path / "job", MACREL_AMP.fetch(), rows=16)), "peptides")
    assert found.passed, found.failure
    assert found.max_abs_error == 0


def test_a_tree_of_one_node_and_a_model_of_one_class_have_c(tmp_path: Path) -> None:
    stump = RandomForestClassifier(2, max_depth=1, max_features=1, random_state=3)
    constant = np.ones((20, 2))
    made = of_job(converted(tmp_path / "a", stump.fit(constant, [0, 1] * 10)))
    generated, found = held(made, "stump")
    assert found.passed, found.failure
    assert "while" not in generated.source


def test_numbers_at_the_ends_of_their_range_are_answered(tmp_path: Path) -> None:
    made = of_job(converted(tmp_path, HistGradientBoostingClassifier(max_iter=3).fit(WITH_GAPS, CLASSES)))
    ends = single([[1e-45, -1e-45, 3.4e38, -3.4e38], [0.0, -0.0, np.nan, 1e-38]])
    found = answered(made, {"X": ends})
    source = joblib.load(tmp_path / "model.joblib")
    assert found["label"].tolist() == source.predict(ends).tolist()
    np.testing.assert_allclose(found["probabilities"], source.predict_proba(ends), atol=1e-6)


def test_words_of_texts_are_refused_with_the_way_out(tmp_path: Path) -> None:
    from sklearn.feature_extraction.text import CountVectorizer
    from sklearn.naive_bayes import MultinomialNB

    model = make_pipeline(CountVectorizer(), MultinomialNB()).fit(["good day", "bad night"] * 5, [1, 0] * 5)
    made = of_job(converted(tmp_path, model))
    with pytest.raises(ConversionError, match="C has no way to look for words in texts") as raised:
        generate(made, "words", {})
    assert raised.value.hint is not None and "Linux" in raised.value.hint
