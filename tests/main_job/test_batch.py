"""Batch jobs, as a user builds and runs them: row by row as the source model, or refused in a sentence."""

import json
import os
import pickle
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pandas as pd
import pyarrow as pa
import pyarrow.parquet
import pytest
from onnx import TensorProto, helper
from sklearn.datasets import load_iris
from sklearn.ensemble import RandomForestClassifier

from tests.main_job.commands import Done, build, packager

NAMES = ("a", "b", "c")
JOB = ("--target", "batch")


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a forest over iris, its rows as samples, and two jobs of it: beside a function too."""
    folder = tmp_path_factory.mktemp("batch")
    data, target = load_iris(return_X_y=True, as_frame=True)
    model = RandomForestClassifier(5, max_depth=4, random_state=0).fit(data, np.array(NAMES)[target])
    (folder / "iris.pkl").write_bytes(pickle.dumps(model))
    data.to_csv(folder / "samples.csv", index=False)
    made = build(
        folder / "iris.pkl",
        "--samples",
        "samples.csv",
        *JOB,
        "--target",
        "lambda",
        "--http",
        "none",
        cwd=folder,
    )
    (folder / "report.json").write_text(json.dumps(made))
    return folder


@pytest.fixture(scope="module")
def job(work: Path) -> Path:
    return work / "dist" / "iris" / "batch"


@pytest.fixture(scope="module")
def rows(work: Path) -> pd.DataFrame:
    """Other rows than the samples, in single precision as the forest decides, with a key."""
    seen = pd.read_csv(work / "samples.csv")
    drawn = np.random.default_rng(1).normal(seen.mean(), seen.std(), (2500, 4)).astype(np.float32)
    found = pd.DataFrame(drawn, columns=seen.columns)
    found.insert(0, "key", [f"row {number}" for number in range(len(found))])
    return found


def invoke(job: Path, *arguments: str | Path, work: Path) -> Done:
    return packager("invoke", job, *arguments, cwd=work)


def metrics_of(done: Done) -> Any:
    assert done.exit_code == 0, done.stderr
    return done.document()


def expected(work: Path, rows: pd.DataFrame) -> tuple[list[str], Any]:
    model = pickle.loads((work / "iris.pkl").read_bytes())
    features = rows.drop(columns="key")
    return model.predict(features).tolist(), model.predict_proba(features)


def test_each_step_of_the_build_is_told(work: Path) -> None:
    report = json.loads((work / "report.json").read_text())
    told = {step["name"]: step["detail"] for step in report["steps"]}
    assert told["job"] == "150 rows through parquet and csv"
    assert [artifact["target"] for artifact in report["artifacts"]] == ["batch", "lambda"]


def test_many_rows_are_for_a_library_and_a_quick_start_is_for_pure_python(work: Path) -> None:
    report = json.loads((work / "report.json").read_text())
    kinds = [
        json.loads((work / "dist" / "iris" / place / "manifest.json").read_text())["engine"]["kind"]
        for place in ("batch/job", "lambda/function")
    ]
    assert kinds == ["onnxruntime_c", "tiny"]
    assert report["engine"]["engine"] == "onnxruntime"
    assert any("the lambda artifact has another engine, tiny" in note for note in report["notes"])


@pytest.mark.parametrize("suffix", ["parquet", "csv", "jsonl"])
def test_answers_every_row_as_the_source_model(
    job: Path, work: Path, rows: pd.DataFrame, suffix: str, tmp_path: Path
) -> None:
    path = tmp_path / f"rows.{suffix}"
    if suffix == "parquet":
        rows.to_parquet(path, row_group_size=700)
    elif suffix == "csv":
        rows.to_csv(path, index=False)
    else:
        rows.to_json(path, orient="records", lines=True, double_precision=15)
    output = tmp_path / "answers"
    metrics = metrics_of(invoke(job, "--input", path, "--output", str(output), "-o", "json", work=work))
    assert (metrics["rows_in"], metrics["rows_out"], metrics["dead_letters"]) == (2500, 2500, 0)
    answers = pa.concat_tables(
        pa.parquet.read_table(part) for part in sorted(output.glob("part-*.parquet"))
    ).to_pandas()
    labels, chances = expected(work, rows)
    assert answers["key"].tolist() == rows["key"].tolist()
    assert answers["prediction"].tolist() == labels
    found = answers[[f"probability_{name}" for name in NAMES]].to_numpy()
    assert np.abs(found - chances).max() < 1e-5


def test_without_input_it_answers_its_golden_rows(job: Path, work: Path) -> None:
    done = invoke(job, work=work)
    assert done.exit_code == 0, done.stderr
    *answers, metrics = map(json.loads, done.stdout.splitlines())
    golden = json.loads((job / "job" / "golden.json").read_text())["cases"][-1]["outputs"]["label"]["data"]
    assert [answer["prediction"] for answer in answers] == golden[: len(answers)]
    assert metrics["rows_in"] == len(golden) and "output" not in metrics
    assert "name a place with --output" in done.stderr


def test_options_of_the_job_stand_behind_two_dashes(
    job: Path, work: Path, rows: pd.DataFrame, tmp_path: Path
) -> None:
    for part, half in enumerate((rows[:10], rows[10:30])):
        half.to_csv(tmp_path / f"rows-{part}.csv", index=False)
    files = sorted(tmp_path.glob("rows-*.csv"))  # as a shell writes out `--input rows-*.csv`
    options = ("--", "--keep", "none", "--output-format", "jsonl", "--prefix", "is_")
    output = str(tmp_path / "answers")
    done = invoke(job, "--input", *files, "--output", output, *options, work=work)
    assert done.exit_code == 0, done.stderr
    first = json.loads(done.stdout.splitlines()[0])
    assert list(first) == ["is_prediction", *(f"is_probability_{name}" for name in NAMES)]
    assert json.loads(done.stdout.splitlines()[-1])["rows_out"] == 30


def test_rows_that_the_model_does_not_take_are_dead_letters(job: Path, work: Path, tmp_path: Path) -> None:
    text = (work / "samples.csv").read_text().splitlines()
    text[3] = "1.0,oops,1.0,1.0"
    (tmp_path / "dirty.csv").write_text("\n".join(text) + "\n")
    arguments = ("--input", tmp_path / "dirty.csv", "--output", str(tmp_path / "answers"), "-o", "json")
    metrics = metrics_of(invoke(job, *arguments, work=work))
    assert (metrics["rows_in"], metrics["rows_out"], metrics["reasons"]) == (150, 149, {"not_a_number": 1})
    done = invoke(job, *arguments[:-3], str(tmp_path / "strict"), "--", "--max-bad-rows", "0", work=work)
    assert done.exit_code == 13
    assert "the job goes on from here" in done.stderr and "the job ended with code 2" in done.stderr


def test_wrong_columns_are_named_before_the_first_row(job: Path, work: Path, tmp_path: Path) -> None:
    (tmp_path / "other.csv").write_text("length,width\n1,2\n")
    output = tmp_path / "answers"
    done = invoke(job, "--input", tmp_path / "other.csv", "--output", str(output), work=work)
    assert done.exit_code == 13
    assert "sepal length (cm)" in done.stderr
    assert not list(output.glob("part-*"))


def test_a_signal_reaches_the_job_and_the_same_command_goes_on(job: Path, work: Path, tmp_path: Path) -> None:
    drawn = np.random.default_rng(2).random((60_000, 4), np.float32)
    columns = pd.read_csv(work / "samples.csv").columns
    pd.DataFrame(drawn, columns=columns).to_parquet(tmp_path / "rows.parquet", row_group_size=200)
    rows = str(tmp_path / "rows.parquet")
    arguments = ["invoke", str(job), "--input", rows, "--output", str(tmp_path / "out")]
    options = ["-o", "json", "--", "--shard-rows", "200"]
    command = [sys.executable, "-m", "packager", *arguments, *options]
    started = subprocess.Popen(command, cwd=work, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    done = tmp_path / "out" / "_packager" / "done"
    while not (done.is_dir() and any(done.iterdir())):
        assert started.poll() is None, started.communicate()
        time.sleep(0.01)
    os.kill(started.pid, signal.SIGTERM)
    out, said = started.communicate(timeout=60)
    assert started.returncode == 75, said
    assert json.loads(out)["exit_code"] == 75 and "the same command goes on" in said
    again = packager(*arguments, *options, cwd=work)
    assert metrics_of(again)["shards"]["done_before"] > 0
    whole = packager(*arguments[:-1], str(tmp_path / "whole"), *options, cwd=work)
    assert metrics_of(whole)["rows_out"] == 60_000
    assert parts(tmp_path / "out") == parts(tmp_path / "whole")


def parts(output: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in output.glob("part-*")}


def test_verify_replays_the_golden_rows_and_builds_the_same_again(job: Path, work: Path) -> None:
    done = packager("verify", job, "--rebuild", "-o", "json", cwd=work)
    assert done.exit_code == 0, done.stderr
    steps = {step["name"]: step["detail"] for step in done.document()["steps"]}
    assert steps["job"].endswith("rows through parquet and csv")
    assert steps["rebuild"].endswith("byte for byte the same")


@pytest.mark.parametrize(
    ("command", "code", "words"),
    [
        (("bench",), 12, "is a batch job, and this measures functions"),
        (("tune",), 12, "is a batch job, and this is about Lambda functions"),
        (("explain-size", "--apply", "out"), 12, "is a job, whose manifest names every file"),
        (("invoke", "--with", "sam"), 2, "are for functions, and this is a batch job"),
    ],
)
def test_commands_for_other_artifacts_say_what_to_do(
    job: Path, work: Path, command: tuple[str, ...], code: int, words: str
) -> None:
    name, *options = command
    done = packager(name, job, *options, cwd=work)
    assert (done.exit_code, words in done.stderr) == (code, True), done.stderr


def test_sizes_and_report_are_of_the_jobs_folder(job: Path, work: Path, tmp_path: Path) -> None:
    sizes = packager("explain-size", job, "-o", "json", cwd=work)
    assert sizes.exit_code == 0, sizes.stderr
    assert {"runtimes", "lib"} <= {share["package"] for share in sizes.document()["shares"]}
    report = packager("report", job, "--output", tmp_path / "report.html", cwd=work)
    assert report.exit_code == 0, report.stderr
    assert "bench" not in report.stderr and "tune" not in report.stderr


def test_the_other_processors_job_is_proved_with_this_machines_library(work: Path) -> None:
    other = "arm64" if os.uname().machine == "x86_64" else "x86_64"
    options = (*JOB, "--samples", "samples.csv", "--arch", other, "--name", "other")
    made = build(work / "iris.pkl", *options, cwd=work)
    assert f"standing in for {other}" in made["verification"]["engine"]


def test_pure_python_is_taken_where_it_is_asked_for(work: Path) -> None:
    options = (*JOB, "--samples", "samples.csv", "--engine", "tiny", "--name", "slow")
    assert build(work / "iris.pkl", *options, cwd=work)["engine"]["engine"] == "tiny"
    assert not (work / "dist" / "slow" / "batch" / "job" / "lib").exists()


def test_images_are_answered_out_of_npy(work: Path, tmp_path: Path) -> None:
    """A model without columns: its one input is an array, a row for each entry of the first axis."""
    pool = helper.make_node("GlobalAveragePool", ["image"], ["pooled"])
    flat = helper.make_node("Flatten", ["pooled"], ["mean"])
    write_onnx(tmp_path / "image.onnx", [pool, flat], {"image": ["batch", 3, 4, 4]}, {"mean": ["batch", 3]})
    build(tmp_path / "image.onnx", *JOB, cwd=tmp_path)
    images = np.random.default_rng(0).random((50, 3, 4, 4), np.float32)
    np.save(tmp_path / "rows.npy", images)
    arguments = ("--input", tmp_path / "rows.npy", "--output", str(tmp_path / "answers"))
    done = invoke(tmp_path / "dist" / "image" / "batch", *arguments, work=tmp_path)
    assert done.exit_code == 0, done.stderr
    (part,) = (tmp_path / "answers").glob("part-*.parquet")
    answers = pa.parquet.read_table(part)
    found = np.stack([answers[f"prediction_{place}"].to_numpy() for place in range(3)], axis=1)
    assert np.abs(found - images.mean(axis=(2, 3))).max() < 1e-6


def test_refuses_a_model_that_takes_no_rows(work: Path, tmp_path: Path) -> None:
    product = helper.make_node("MatMul", ["a", "b"], ["c"])
    write_onnx(tmp_path / "product.onnx", [product], {"a": ["n", 3], "b": [3, "m"]}, {"c": ["n", "m"]})
    done = packager("build", tmp_path / "product.onnx", *JOB, cwd=tmp_path)
    assert done.exit_code == 8
    assert "the model takes no rows" in done.stderr
    assert not (tmp_path / "dist").exists()


def test_refuses_to_optimize_for_a_job_and_a_function_at_once(work: Path) -> None:
    options = ("--samples", "samples.csv", *JOB, "--target", "lambda", "--pass", "cleanup")
    done = packager("build", work / "iris.pkl", *options, cwd=work)
    assert done.exit_code == 3
    assert "build them one after the other" in done.stderr


def test_refuses_to_make_answers_hang_on_the_rows_beside(tmp_path: Path) -> None:
    """Dynamic int8 takes one range for all rows of a run."""
    weights = np.random.default_rng(0).normal(size=(30, 300)).astype(np.float32)
    constant = helper.make_node("Constant", [], ["w"], value=onnx.numpy_helper.from_array(weights))
    product = helper.make_node("MatMul", ["x", "w"], ["y"])
    write_onnx(tmp_path / "net.onnx", [constant, product], {"x": ["batch", 30]}, {"y": ["batch", 300]})
    np.save(tmp_path / "rows.npy", np.random.default_rng(1).normal(size=(64, 30)).astype(np.float32))
    options = ("--samples", "rows.npy", "--pass", "dynamic_int8", *JOB)
    done = packager("build", tmp_path / "net.onnx", *options, cwd=tmp_path)
    assert done.exit_code == 7
    assert "the rows of a batch share one range" in done.stderr and "static_int8" in done.stderr


def write_onnx(path: Path, nodes: list[Any], inputs: dict[str, Any], outputs: dict[str, Any]) -> None:
    named = [
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in specs.items()]
        for specs in (inputs, outputs)
    ]
    graph = helper.make_graph(nodes, "model", *named)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    onnx.save(model, path)
