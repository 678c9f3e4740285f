"""Pickles that the installed scikit-learn cannot read: converted by the version that wrote them."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from packager import environments, interpreters, recipes
from packager.recipes import Contents
from tests.main_job.commands import build, check, packager

pytestmark = pytest.mark.network

# Run by the old version's own interpreter: what it answers is what the artifact must answer.
WRITER = """
import json, pickle, sys
import numpy as np
from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import GradientBoostingClassifier, HistGradientBoostingClassifier
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline

data, target = load_breast_cancer(return_X_y=True)
data = data[:, :6]
data[::9, 2] = np.nan
last = HistGradientBoostingClassifier(max_iter=15) if sys.argv[2] == "histogram" else None
model = make_pipeline(SimpleImputer(), last or GradientBoostingClassifier(n_estimators=15))
model.fit(data, target)
with open(sys.argv[1], "wb") as file:
    pickle.dump(model, file)
rows = data[1:9]
print(json.dumps({"rows": rows.tolist(), "probabilities": model.predict_proba(rows).tolist()}))
"""


def written_by(version: str, path: Path, kind: str) -> Any:
    """The model in ``path``, and what its own version answers."""
    recipe = recipes.choose(Contents("sklearn", "pickle", {"scikit-learn": version}), "onnx")
    python = environments.find(recipe).python
    command = [str(python), "-I", "-c", WRITER, str(path), kind]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize(("version", "kind"), [("1.7.2", "histogram"), ("1.0.2", "plain")])
def test_an_old_pickle_is_converted_by_the_version_that_wrote_it(
    tmp_path: Path, version: str, kind: str
) -> None:
    if version == "1.0.2" and interpreters.find("3.10") is None:
        pytest.skip("scikit-learn 1.0 has no wheels for Python after 3.10, which is not on this machine")
    asked = written_by(version, tmp_path / "old.pkl", kind)
    refused = packager("build", "old.pkl", "--worker", "current", cwd=tmp_path)
    assert refused.exit_code != 0 and not (tmp_path / "dist").exists()
    report = build(tmp_path / "old.pkl", "--offline", cwd=tmp_path)
    record = report["conversion"]
    assert record["environment"] == f"sklearn-{version}"
    assert record["written_by"] == version and record["framework"] == f"sklearn {version}"
    assert record["packages"]["scikit-learn"] == version
    (tmp_path / "event.json").write_text(json.dumps({"instances": asked["rows"]}))
    artifact = report["artifacts"][0]["path"]
    answered = packager("invoke", artifact, "--event", "event.json", "-o", "json", cwd=tmp_path)
    assert answered.exit_code == 0, answered.stderr
    check(answered.document(), {"probabilities": asked["probabilities"]})


def test_what_the_installed_version_can_read_says_whose_answers_these_are(tmp_path: Path) -> None:
    code = (
        "import pickle, sys, sklearn.linear_model as m\n"
        "pickle.dump(m.LinearRegression().fit([[0.], [1.]], [1., 3.]), open(sys.argv[1], 'wb'))"
    )
    recipe = recipes.choose(Contents("sklearn", "pickle", {"scikit-learn": "1.7.2"}), "onnx")
    command = [str(environments.find(recipe).python), "-I", "-c", code, str(tmp_path / "line.pkl")]
    subprocess.run(command, check=True)
    report = build(tmp_path / "line.pkl", "--worker", "current", cwd=tmp_path)
    assert report["conversion"]["environment"] == "current"
    (note,) = [note for note in report["notes"] if "wrote the model" in note]
    installed = report["conversion"]["packages"]["scikit-learn"]
    assert note == f"the answers are those of scikit-learn {installed}, and 1.7.2 wrote the model"
