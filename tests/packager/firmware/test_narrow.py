"""A net in double precision may be computed in single; what jumps may not."""

from pathlib import Path
from typing import Any

import pandas
import pytest
from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import RandomForestClassifier
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import KBinsDiscretizer, StandardScaler

from packager.conversion import Conversion
from packager.firmware import precisions
from tests.converters.sklearn.models import converted
from tests.packager.firmware.asking import held, of_job


@pytest.fixture(scope="module")
def table() -> Any:
    return load_breast_cancer(return_X_y=True, as_frame=True)


def _converted(folder: Path, model: Any, table: Any) -> Conversion:
    rows, classes = table
    samples = folder / "rows.csv"
    pandas.DataFrame(rows).to_csv(samples, index=False)
    done = converted(folder, model.fit(rows, classes), samples=str(samples), rows=200)
    return of_job(done)


def test_a_net_takes_half_the_flash_in_single_precision(tmp_path: Path, table: Any) -> None:
    net = make_pipeline(StandardScaler(), MLPClassifier((16,), max_iter=40, tol=1e-1, random_state=0))
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
        make_pipeline(KBinsDiscretizer(4, strategy="uniform"), MLPClassifier((4,), max_iter=20, tol=1e-1)),
    ],
    ids=["trees", "neighbours", "bins"],
)
def test_what_jumps_keeps_its_precision(model: Any, tmp_path: Path, table: Any) -> None:
    assert precisions(_converted(tmp_path, model, table)) == ("own", "double")
