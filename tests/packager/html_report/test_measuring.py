"""A whole run: a model is built and measured, and its report holds what was found."""

import json
from pathlib import Path

from packager.html_report.measuring import measure
from packager.progress import Silence
from tests.main_job.commands import build, packager


def test_a_built_artifact_is_measured_and_reported(tmp_path: Path) -> None:
    import joblib
    from sklearn.datasets import load_iris
    from sklearn.linear_model import LogisticRegression

    flowers = LogisticRegression(max_iter=500).fit(*load_iris(return_X_y=True))
    joblib.dump(flowers, tmp_path / "iris.joblib")
    build(tmp_path / "iris.joblib", cwd=tmp_path)
    artifact = tmp_path / "dist" / "iris" / "lambda"
    measure(artifact, Silence(), rounds=1, calls=10)
    done = packager("report", "dist/iris/lambda", "-o", "json", cwd=tmp_path)
    assert done.exit_code == 0, done.stderr
    (found,) = done.document()["artifacts"]
    for name in ("bench", "tune"):
        assert found[name] == json.loads((artifact.parent / f"{name}.json").read_bytes())
    assert found["sizes"]["zipped_bytes"] == (artifact / "function.zip").stat().st_size
    assert found["built"]["verification"]["label_flips"] == 0
    page = (tmp_path / "report.html").read_text()
    for chart in (
        "size-0-zipped",
        "size-0-unzipped",
        "cold-0",
        "latency-0",
        "memory-0-latency",
        "memory-0-cost",
    ):
        assert f'id="{chart}-title"' in page
    assert packager("verify", "dist/iris/lambda", cwd=tmp_path).exit_code == 0
