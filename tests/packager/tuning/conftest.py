"""A small artifact, built once by the command line as a user builds it."""

from pathlib import Path

import pytest

from tests.main_job.commands import build

CONFIGURATION = """\
model = "iris.joblib"  # the flowers

[[target]]
kind = "lambda"
http = "none"  # no pages
image = true
"""


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with iris.joblib and dist/iris/lambda."""
    import joblib
    from sklearn.datasets import load_iris
    from sklearn.linear_model import LogisticRegression

    folder = tmp_path_factory.mktemp("tuned")
    joblib.dump(LogisticRegression(max_iter=500).fit(*load_iris(return_X_y=True)), folder / "iris.joblib")
    (folder / "packager.toml").write_text(CONFIGURATION)
    build(folder / "iris.joblib", cwd=folder)
    return folder
