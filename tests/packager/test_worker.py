"""Workers in child processes: what is said when one dies, dawdles or breaks the contract."""

import sys
from pathlib import Path

import pytest

from packager import environments, worker
from packager.errors import ConversionError, SourceError


def request(tmp_path: Path, **fields: object) -> worker.WorkerRequest:
    source = tmp_path / "model.bin"
    source.write_bytes(b"\x00\x01 not a model at all")
    return worker.WorkerRequest(action="inspect", source=source, **fields)  # type: ignore[arg-type]


def run(asked: worker.WorkerRequest, job: Path, limits: worker.Limits | None = None) -> None:
    worker.run(asked, job, environments.current(), limits or worker.Limits())


def test_a_file_of_no_known_kind_is_refused_with_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(SourceError) as caught:
        run(request(tmp_path), tmp_path / "job")
    assert "model.bin" in caught.value.message
    assert caught.value.hint


def test_a_worker_that_dawdles_is_stopped(tmp_path: Path) -> None:
    with pytest.raises(ConversionError, match="did not finish within"):
        run(request(tmp_path), tmp_path / "job", worker.Limits(timeout_s=0.01))


def test_a_killed_worker_becomes_a_sentence_with_its_last_lines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A user's factory module that is killed in the middle, as by the kernel when memory runs out."""
    torch = pytest.importorskip("torch")
    torch.save({"w": torch.zeros(1)}, tmp_path / "weights.pt")
    code = "import os, signal\nprint('last words', flush=True)\nos.kill(os.getpid(), signal.SIGKILL)\n"
    (tmp_path / "deadly.py").write_text(code)
    rows = tmp_path / "rows.csv"
    rows.write_text("a\n1\n2\n")
    asked = worker.WorkerRequest(
        action="convert", source=tmp_path / "weights.pt", samples=rows,
        torch_model="deadly:make", import_paths=(tmp_path,),
    )  # fmt: skip
    with pytest.raises(ConversionError, match="SIGKILL") as caught:
        run(asked, tmp_path / "job")
    assert "last words" in caught.value.details


def test_the_worker_sees_only_the_staged_code(tmp_path: Path) -> None:
    with pytest.raises(SourceError):
        run(request(tmp_path), tmp_path / "job")
    staged = sorted(p.name for p in (tmp_path / "job" / "code" / "packager").iterdir())
    assert staged == ["__init__.py", "converters"]
    assert [path.name for path in (tmp_path / "job" / "code").iterdir()] == ["packager"]


def test_a_factory_that_eats_memory_is_stopped_with_its_last_words(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    torch.save({"w": torch.zeros(1)}, tmp_path / "weights.pt")
    code = (
        "kept = []\nwhile True:\n    kept.append(bytearray(b'x') * 50_000_000)\n    print('ate', len(kept))\n"
    )
    (tmp_path / "eater.py").write_text(code)
    (tmp_path / "rows.csv").write_text("a\n1\n2\n")
    asked = worker.WorkerRequest(
        action="convert", source=tmp_path / "weights.pt", samples=tmp_path / "rows.csv",
        torch_model="eater:make", import_paths=(tmp_path,),
    )  # fmt: skip
    with pytest.raises(ConversionError, match="took more than 1200 MB of memory") as caught:
        run(asked, tmp_path / "job", worker.Limits(memory_mb=1200))
    assert caught.value.details[-1].startswith("ate")
    assert caught.value.hint is not None and "--convert-memory-mb" in caught.value.hint


LEAKS = {
    "PYTHONHOME": "/elsewhere", "PYTHONPATH": "/elsewhere", "PYTHONSTARTUP": "/elsewhere",
    "PYTHONWARNINGS": "error", "PYTHONUSERBASE": "/elsewhere", "VIRTUAL_ENV": "/elsewhere",
    "CONDA_PREFIX": "/elsewhere", "PYTHONOPTIMIZE": "2",
}  # fmt: skip


def test_nothing_of_the_users_interpreter_reaches_another_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker in an environment of its own: what it would see, and that it starts in spite of it all."""
    for name, value in LEAKS.items():
        monkeypatch.setenv(name, value)
    made = environments.Environment("made", Path(sys.executable))
    with pytest.raises(SourceError, match="not a model of a known kind"):
        worker.run(request(tmp_path), tmp_path / "job", made, worker.Limits())
    (tmp_path / "other").mkdir()
    seen = worker._environment(tmp_path / "other", made)
    assert "/elsewhere" not in seen.values() and "PYTHONWARNINGS" not in seen
    assert seen["PYTHONNOUSERSITE"] == "1" and seen["TMPDIR"].startswith(str(tmp_path))
    (tmp_path / "own").mkdir()
    assert worker._environment(tmp_path / "own", environments.current())["PYTHONHOME"] == "/elsewhere"
