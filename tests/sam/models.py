"""Two models of the kinds that users have, with the source library's own answers, built into artifacts."""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import joblib
import pandas as pd
from sklearn.compose import make_column_transformer
from sklearn.datasets import load_iris
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler


@dataclass(frozen=True)
class Built:
    """An artifact, and what it was made from."""

    artifact: Path
    model: Any
    rows: pd.DataFrame

    def answers(self, rows: pd.DataFrame) -> tuple[list[Any], list[list[float]]]:
        """The source model's own labels and probabilities."""
        labels: list[Any] = self.model.predict(rows).tolist()
        probabilities: list[list[float]] = self.model.predict_proba(rows).tolist()
        return labels, probabilities


def forest() -> tuple[Any, pd.DataFrame]:
    """A random forest over four numbers."""
    rows, labels = load_iris(return_X_y=True, as_frame=True)
    return RandomForestClassifier(20, random_state=0).fit(rows, labels), rows


def mixed_columns() -> tuple[Any, pd.DataFrame]:
    """A pipeline over text and numbers that answers with words."""
    cities, hours = ["Oslo", "Rome", "Lima"], range(120)
    rows = pd.DataFrame({
        "city": [cities[hour % 3] for hour in hours],
        "hour": [float(hour % 24) for hour in hours],
        "price": [(hour * 37 % 100) / 10 for hour in hours],
    })  # fmt: skip
    labels = ["busy" if hour % 24 > 12 or hour % 3 == 1 else "calm" for hour in hours]
    columns = make_column_transformer((OneHotEncoder(), ["city"]), (StandardScaler(), ["hour", "price"]))
    return make_pipeline(columns, LogisticRegression()).fit(rows, labels), rows


def build(model: Any, rows: pd.DataFrame, name: str, folder: Path, *options: str) -> Built:
    """`packager build`, as a user runs it."""
    joblib.dump(model, folder / f"{name}.joblib")
    rows.to_csv(folder / f"{name}.csv", index=False)
    done = subprocess.run(
        [sys.executable, "-m", "packager", "build", str(folder / f"{name}.joblib"), "--target", "lambda",
         "--samples", str(folder / f"{name}.csv"), "--output", str(folder / "dist"), "-o", "json", *options],
        capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    (artifact,) = json.loads(done.stdout)["artifacts"]
    return Built(Path(artifact["path"]), model, rows)
