"""A net in double precision is computed in single from its first product on; what jumps is not."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas
import pytest
from sklearn.datasets import load_breast_cancer, load_iris
from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LinearRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from packager.conversion import Conversion
from packager.firmware import Generated, answers, generate, is_near_between, mixed, precisions
from packager.model import Feature, Signature, TensorSpec
from packager.probe import Case, read_cases
from packager.results import Tolerance
from tests.converters.sklearn.models import converted
from tests.packager.firmware.asking import held, of_job


@pytest.fixture(scope="module")
def table() -> Any:
    return load_breast_cancer(return_X_y=True, as_frame=True)


def _is_near_between(made: Conversion, single: Generated, allowed: dict[str, Tolerance]) -> bool:
    own, cases = generate(made, single.name, allowed), read_cases(made.reference)
    return is_near_between(single, own, made.model.signature, cases, allowed)


@pytest.fixture(scope="module")
def seconds() -> Any:
    """Times of a day, in seconds since 1970."""
    rows = pandas.DataFrame({"time": 1.7e9 + np.random.default_rng(0).integers(0, 86400, 200)})
    return rows, rows.time > 1.7e9 + 40000


def _converted(folder: Path, model: Any, table: Any) -> Conversion:
    rows, classes = table
    samples = folder / "rows.csv"
    pandas.DataFrame(rows).to_csv(samples, index=False)
    done = converted(folder, model.fit(rows, classes), samples=str(samples), rows=200)
    return of_job(done)


def test_a_net_takes_half_the_flash_in_single_precision(tmp_path: Path, table: Any) -> None:
    net = make_pipeline(StandardScaler(), MLPClassifier((64,), max_iter=40, tol=1e-1, random_state=0))
    made = _converted(tmp_path, net, table)
    assert precisions(made) == ("single", "own", "double")
    single, found = held(made, precision="single")
    own, exact = held(made)
    assert found.passed and exact.passed, (found.failure, exact.failure)
    assert (found.rows, found.label_flips) == (200, 0)
    assert single.table_bytes < 0.55 * own.table_bytes
    assert exact.max_abs_error <= found.max_abs_error < 1e-5


@pytest.mark.parametrize(
    "model",
    [
        make_pipeline(StandardScaler(), RandomForestClassifier(3, random_state=0)),
        make_pipeline(StandardScaler(), KNeighborsClassifier(3)),
    ],
    ids=["trees", "neighbours"],
)
def test_what_jumps_keeps_its_precision(model: Any, tmp_path: Path, table: Any) -> None:
    assert precisions(_converted(tmp_path, model, table)) == ("own", "double")


def test_what_stands_before_the_first_product_stays_in_double(tmp_path: Path, seconds: Any) -> None:
    net = make_pipeline(StandardScaler(), MLPClassifier((4,), max_iter=20, tol=1e-1, random_state=0))
    made = _converted(tmp_path, net, seconds)
    generated, found = held(made, precision="single")
    assert found.passed and found.max_abs_error < 1e-5, found.failure
    assert re.search(r"\b17000\d{5}\.", generated.source), "the mean of the times, all its digits"
    assert _is_near_between(made, generated, found.tolerance)


def test_large_numbers_that_cancel_out_are_found_by_rows_that_nobody_gave(
    tmp_path: Path, seconds: Any
) -> None:
    rows, _ = seconds
    model = LinearRegression().fit(rows, (rows.time - 1.7e9) / 1e5)
    samples = tmp_path / "rows.csv"
    # Single precision has these very rows.
    pandas.DataFrame({"time": [1.7e9, 1.7e9 + 256 * 100, 1.7e9 + 256 * 300]}).to_csv(samples, index=False)
    made = of_job(converted(tmp_path, model, samples=str(samples), rows=3))
    generated, found = held(made, precision="single")
    assert not _is_near_between(made, generated, found.tolerance)


def test_mixed_rows_keep_to_categories_and_are_the_same_each_time() -> None:
    spec = TensorSpec("x", "float64", ("batch", 2))
    features = (Feature("a", "number", "x", 0), Feature("b", "number", "x", 1, categories=(3, 7)))
    signature = Signature((spec,), (), features=features)
    cases = [Case({"x": np.array([[0.0, 3.0], [10.0, 7.0]])}, {})]
    (made,) = mixed.rows(cases, signature)
    x = made.inputs["x"]
    assert x.shape == (mixed.ROWS, 2) and set(x[:, 1]) == {3.0, 7.0}
    assert set(x[::2, 0]) == {0.0, 10.0} and -5 <= x.min() < 0 and 10 < x.max() <= 15
    assert np.array_equal(x, mixed.rows(cases, signature)[0].inputs["x"])


def test_the_compiler_leaves_no_rounding_out(tmp_path: Path) -> None:
    made = _converted(
        tmp_path,
        GradientBoostingClassifier(n_estimators=8, random_state=0),
        load_iris(return_X_y=True, as_frame=True),
    )
    generated, cases = held(made)[0], read_cases(made.reference)
    quick, plain = answers(generated, cases), answers(generated, cases, ("-O0",))
    for one, other in zip(quick.outputs, plain.outputs, strict=True):
        assert one["probabilities"].tobytes() == other["probabilities"].tobytes()
