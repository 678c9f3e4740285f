"""The models of docs/microcontrollers.md: trained on what scikit-learn brings, or published."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from packager import as_c, conversion, probe, verify
from packager.conversion import Conversion, Way
from packager.firmware import Generated
from packager.suite import published, rows
from packager.worker import WorkerRequest

_ROWS = 540


@dataclass(frozen=True, slots=True)
class Model:
    """A model's file with rows; ``estimator`` is the pickle for other tools, where there is one."""

    name: str
    source: Path
    samples: Path
    estimator: Path | None

    def written(self) -> tuple[Conversion, Generated]:
        """Converted and generated as a build does it."""
        job = self.samples.parent / "job"
        request = WorkerRequest(action="convert", source=self.source, samples=self.samples, rows=_ROWS)
        tiny = conversion.for_tiny(conversion.convert(request, job, Way()), job, Way())
        cases = probe.read_cases(tiny.reference)
        allowed = verify.tolerances(tiny.model.signature, cases)
        return tiny, as_c.answering(tiny, "model", cases, allowed)[0]


def all_models(folder: Path) -> Iterator[Model]:
    """One after the other, each in a folder of its own."""
    from sklearn.datasets import load_digits, load_iris
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.neural_network import MLPClassifier
    from xgboost import XGBClassifier

    iris = load_iris(return_X_y=True)
    digits = load_digits(return_X_y=True)
    yield _trained(folder, "iris forest, 10 trees", RandomForestClassifier(10, random_state=0), iris, 150)
    forest = RandomForestClassifier(30, max_depth=8, random_state=0)
    yield _trained(folder, "digits forest, 30 trees of depth 8", forest, digits, 1257)
    net = MLPClassifier((32,), max_iter=400, random_state=0)
    yield _trained(folder, "digits net, 64-32-10", net, digits, 1257)
    boosted = XGBClassifier(n_estimators=10, max_depth=4, n_jobs=1, random_state=0)
    yield _trained(folder, "digits boosted, 10 rounds of depth 4 (XGBoost)", boosted, digits, 1257)
    yield _published(folder, "walking detector, LightGBM, published", "walking")


def _trained(folder: Path, name: str, estimator: Any, data: Any, trained: int) -> Model:
    import joblib

    place = _place(folder, name)
    x, y = data[0].astype(np.float32), data[1]
    estimator.fit(x[:trained], y[:trained])
    joblib.dump(estimator, place / "model.joblib")
    np.save(place / "rows.npy", x if trained == len(x) else x[trained:])
    return Model(name, place / "model.joblib", place / "rows.npy", place / "model.joblib")


def _published(folder: Path, name: str, called: str) -> Model:
    (found,) = published.models([called])
    place = _place(folder, name)
    source = published.fetch(found)
    made = rows.make(found.rows, source, place)
    return Model(name, source, made.samples, None)


def _place(folder: Path, name: str) -> Path:
    place = folder / name.partition(",")[0].replace(" ", "-")
    place.mkdir()
    return place
