"""A small artifact, built and measured with few rounds: what is looked at is the structure, never a time."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from packager.benchmark import baselines, table
from packager.benchmark.bench import bench
from packager.benchmark.comparison import Asked, compare
from packager.benchmark.subject import Subject, open_subject
from packager.benchmark.trace import traced
from packager.errors import ArtifactError, BenchmarkError
from packager.measurement import COLD_PARTS, Bench
from packager.tools import silent
from tests.main_job.commands import build, packager

pytestmark = pytest.mark.network
TOML = """
model = "iris.joblib"
engine = "onnxruntime"
[[target]]
kind = "aws_lambda"
http = "none"
runtime = "{runtime}"
"""


@pytest.fixture(scope="module")
def artifact(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tree over the iris data."""
    import joblib
    from sklearn.datasets import load_iris
    from sklearn.tree import DecisionTreeClassifier

    work = tmp_path_factory.mktemp("iris")
    joblib.dump(DecisionTreeClassifier(random_state=0).fit(*load_iris(return_X_y=True)), work / "iris.joblib")
    (work / "packager.toml").write_text(TOML.format(runtime="python3.11"))
    made: Path = work / build(work / "iris.joblib", cwd=work)["artifacts"][0]["path"]
    return made


@pytest.fixture(scope="module")
def subject(artifact: Path, tmp_path_factory: pytest.TempPathFactory) -> Subject:
    return open_subject(artifact, Asked(), tmp_path_factory.mktemp("scratch"), silent)


@pytest.fixture(scope="module")
def measured(subject: Subject, tmp_path_factory: pytest.TempPathFactory) -> Bench:
    hello = baselines.make("hello", subject, tmp_path_factory.mktemp("hello"), silent)
    return bench([subject, hello], rounds=3, calls=30)


def test_the_parts_of_a_cold_start_add_up_to_its_median(measured: Bench) -> None:
    for one in measured.measured:
        assert sum(one.cold.parts_ms.values()) == pytest.approx(one.cold.total_ms.p50)
        assert all(time_ms > 0 for time_ms in one.cold.parts_ms.values())


def test_an_artifact_has_all_parts_and_a_foreign_function_those_that_are_known(measured: Bench) -> None:
    ours, hello = measured.measured
    assert tuple(ours.cold.parts_ms) == COLD_PARTS
    assert tuple(hello.cold.parts_ms) == ("interpreter", "imports", "first_answer")


def test_the_time_on_the_wall_is_never_less_than_without_the_waits(measured: Bench) -> None:
    for one in measured.measured:
        assert one.cold.wall_ms.p50 >= one.cold.total_ms.p50
        assert one.cold.total_ms.count == one.cold.wall_ms.count == measured.rounds == 3


def test_the_engines_run_is_a_part_of_the_call_and_the_call_of_the_round_trip(measured: Bench) -> None:
    warm = measured.measured[0].warm
    assert warm.engine_run_ms is not None and warm.round_trip_ms is not None
    assert warm.engine_run_ms.p50 < warm.latency_ms.p50 < warm.round_trip_ms.p50
    assert warm.latency_ms.count >= 30
    assert sum(count for _, count in warm.histogram) == warm.latency_ms.count
    assert measured.measured[1].warm.engine_run_ms is None


def test_sizes_are_those_on_disk(measured: Bench, artifact: Path) -> None:
    ours = measured.measured[0]
    assert ours.archive_bytes == (artifact / "function.zip").stat().st_size
    files = [path for path in (artifact / "function").rglob("*") if path.is_file()]
    assert ours.unzipped_bytes == sum(path.stat().st_size for path in files)
    assert ours.model_bytes == (artifact / "function" / "model" / "model.onnx").stat().st_size


def test_the_engine_brings_no_threads(measured: Bench) -> None:
    assert measured.measured[0].threads == 1


def test_three_rounds_are_declared_unstable_and_give_no_verdict(measured: Bench) -> None:
    assert not any(one.cold.stable for one in measured.measured)
    (cold,) = (ratio for ratio in measured.ratios if ratio.figure == "cold_ms")
    assert cold.verdict == "unstable"
    text = "\n".join(table.lines(measured))
    assert table.NO_VERDICT in text
    assert f"cold start: {cold.ratio:.4g} ({cold.low:.4g} to {cold.high:.4g}) unstable" in text


def test_sizes_have_a_verdict_whatever_the_times(measured: Bench) -> None:
    (size,) = (ratio for ratio in measured.ratios if ratio.figure == "archive_bytes")
    ours, hello = measured.measured
    assert size.verdict == "larger"
    assert size.ratio == ours.archive_bytes / hello.archive_bytes


def test_a_copy_is_as_large_and_takes_as_much_memory(subject: Subject) -> None:
    verdicts = {ratio.figure: ratio.verdict for ratio in bench([subject, subject], rounds=1, calls=9).ratios}
    assert verdicts["archive_bytes"] == verdicts["peak_memory_bytes"] == "equal"
    assert verdicts["cold_ms"] == "unstable"


def test_measuring_changes_no_file(artifact: Path, measured: Bench) -> None:
    done = packager("verify", artifact, cwd=artifact)
    assert done.exit_code == 0, done.stderr


def test_a_traced_call_answers_as_an_untraced_one(subject: Subject) -> None:
    with traced(subject.function) as started:
        started.start(subject.event, None)
        reply = started.instance.invoke(subject.event)
    subject.check(reply.body)


def spoiled(artifact: Path, dest: Path, change: Any) -> Path:
    """The artifact with other golden answers."""
    shutil.copytree(artifact, dest)
    golden = json.loads((dest / "golden.json").read_text())
    change(golden["cases"][0]["outputs"])
    (dest / "golden.json").write_text(json.dumps(golden))
    return dest


def test_a_wrong_answer_is_refused_and_has_no_times(artifact: Path, tmp_path: Path) -> None:
    def change(outputs: dict[str, Any]) -> None:
        outputs["label"]["b64"] = "CQAAAAAAAAA=" + outputs["label"]["b64"][12:]  # the class 9

    wrong = spoiled(artifact, tmp_path / "wrong", change)
    done = packager("bench", wrong, "--rounds", "1", "-o", "json", cwd=tmp_path)
    assert done.exit_code == 15
    assert done.document()["error"]["kind"] == "BenchmarkError"
    assert "the source model 9" in done.document()["error"]["message"]


def test_an_answer_that_changes_from_start_to_start_is_refused(artifact: Path, tmp_path: Path) -> None:
    (tmp_path / "dice.py").write_text("import os\ndef handler(event, context): return os.getpid()")
    event = artifact / "events" / "predict.json"
    with pytest.raises(BenchmarkError, match="is not the expected one"):
        compare(tmp_path, (), Asked("dice.handler", "3.11", event), 2, 3)


def test_the_command_saves_what_it_answers_and_measures_zips_of_others(
    artifact: Path, tmp_path: Path
) -> None:
    work = tmp_path / "work"
    work.mkdir()
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "main.py").write_text("def run(event, context): return 7")
    shutil.make_archive(str(work / "seven"), "zip", tmp_path / "code")
    event = artifact / "events" / "predict.json"
    asked: list[str | Path] = ["seven.zip", "--handler", "main.run", "--event", event, "--python", "3.11"]
    done = packager(
        "bench", *asked, "--rounds", "1", "--warm", "3", "--save", "s.json", "-o", "json", cwd=work
    )
    assert done.exit_code == 0, done.stderr
    document = done.document()
    assert json.loads((work / "s.json").read_text()) == document
    assert document["schema_version"] == 1
    (only,) = document["measured"]
    assert (only["name"], only["engine"]) == ("seven.zip", None)
    assert only["archive_bytes"] == (work / "seven.zip").stat().st_size
    assert sorted(path.name for path in work.iterdir()) == ["s.json", "seven.zip"]


def test_an_interrupt_leaves_no_process_and_no_file(artifact: Path, tmp_path: Path) -> None:
    code, scratch = tmp_path / "code", tmp_path / "scratch"
    code.mkdir()
    scratch.mkdir()
    (code / "slow.py").write_text(
        "import os, time\nopen('../part', 'w').write(str(os.getpid()))\nos.rename('../part', '../pid')\n"
        "def handler(event, context): time.sleep(600)"
    )
    event = artifact / "events" / "predict.json"
    command: list[str | Path] = [sys.executable, "-m", "packager", "bench", code, "--handler", "slow.handler"]
    running = subprocess.Popen(
        [*command, "--python", "3.11", "--event", event],
        env={**os.environ, "TMPDIR": str(scratch)},
        stderr=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 60
    while not (tmp_path / "pid").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    running.send_signal(signal.SIGINT)
    assert running.wait(30) == 130
    assert list(scratch.iterdir()) == []
    assert not Path(f"/proc/{(tmp_path / 'pid').read_text()}").exists()


def test_an_artifact_against_the_usual_way_with_the_same_model(artifact: Path) -> None:
    found = compare(artifact, ("naive",), Asked(), rounds=1, calls=3)
    ours, naive = found.measured
    assert naive.name == "naive"
    assert naive.model_bytes == ours.model_bytes
    assert naive.archive_bytes > 40_000_000
    (size,) = (ratio for ratio in found.ratios if ratio.figure == "archive_bytes")
    assert size.verdict == "smaller"
    assert not found.notes  # its answers were held to the source model's


def test_the_usual_way_of_an_artifact_whose_source_changed_is_refused(artifact: Path, tmp_path: Path) -> None:
    copy = tmp_path / "lambda"
    shutil.copytree(artifact, copy)
    record = json.loads((copy / "build.json").read_text())
    record["source"]["sha256"] = "0" * 64
    (copy / "build.json").write_text(json.dumps(record))
    with pytest.raises(BenchmarkError, match="has changed since"):
        compare(copy, ("sklearn",), Asked(), 1, 3)


def test_what_to_compare_with_and_is_not_there_is_refused_with_the_names_that_are(artifact: Path) -> None:
    with pytest.raises(ArtifactError) as caught:
        compare(artifact, ["naiv"], Asked(), rounds=1, calls=9)
    assert caught.value.message == "there is nothing at naiv"
    assert "naive, sklearn, hello" in str(caught.value.hint)
