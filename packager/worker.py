"""Runs a converter worker in a child process: request.json in, result.json and files out."""

import json
import os
import shutil
import signal
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from packager import child, errors
from packager.environments import Environment
from packager.errors import ConversionError, PackagerError
from packager.model import Format

SCHEMA_VERSION = 1
_OF_ANY_INTERPRETER = ("PYTHON", "VIRTUAL_ENV", "CONDA_")
_OF_THE_INTERPRETER = frozenset({"PYTHONHOME", "PYTHONUSERBASE", "PYTHONNOUSERSITE", "VIRTUAL_ENV"})
"""Without these, the interpreter of an unusual installation does not find its own library."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerRequest:
    """What a worker is asked to do; `docs/contracts.md` describes each field."""

    action: Literal["describe", "inspect", "convert", "translate", "optimize", "sensitivity"]
    source: Path
    name: str = "model"
    samples: Path | None = None
    labels: str | None = None
    columns: tuple[str, ...] = ()
    allow: tuple[str, ...] = ()
    torch_model: str | None = None
    import_paths: tuple[Path, ...] = ()
    max_opset: int = 18
    max_ml_opset: int = 3
    max_ir_version: int = 8
    rows: int = 256
    seed: int = 0
    format: Format = "onnx"
    converted: Path | None = None
    environment: str = "current"
    passes: tuple[dict[str, Any], ...] = ()
    calibration: Path | None = None
    evaluation_rows: int = 0
    calibration_rows: int = 0


@dataclass(frozen=True, slots=True)
class Limits:
    """What a worker may take; ``memory_mb`` None: nine tenths of what is free."""

    timeout_s: float = 1800.0
    memory_mb: int | None = None


class BrokenWorkerError(ConversionError):
    """The worker died, was stopped, or failed in a way that nobody foresaw: no word about the model."""


class AnotherEnvironment(Exception):  # noqa: N818 - a request, not an error
    """A worker says that this model needs the environment ``name``, or else ``error``."""

    def __init__(self, name: str, error: PackagerError) -> None:
        super().__init__(name)
        self.name = name
        self.error = error


def run(request: WorkerRequest, job: Path, environment: Environment, limits: Limits) -> dict[str, Any]:
    """Run one worker in the folder ``job`` and return its result document.

    Raises the error that the worker names, or ConversionError when it dies without a word;
    AnotherEnvironment when the worker asks for one.
    """
    _stage(request, job)
    command = [str(environment.python), "-m", "packager.converters", str(job)]
    memory_mb = limits.memory_mb or child.memory_here_mb()
    log = job / "worker.log"
    ended = child.run(command, job, _environment(job, environment), log, limits.timeout_s, memory_mb)
    if ended.limit == "time":
        raise BrokenWorkerError(
            f"the converter did not finish within {limits.timeout_s:.0f} s and was stopped",
            "raise --convert-timeout-s, or give fewer rows with --samples",
            child.last_lines(log),
        )
    if ended.limit == "memory":
        raise BrokenWorkerError(
            f"the converter took more than {memory_mb} MB of memory and was stopped",
            "convert on a larger machine, or raise --convert-memory-mb",
            child.last_lines(log),
        )
    return _result(job, ended.returncode, log)


def _stage(request: WorkerRequest, job: Path) -> None:
    """Copy the worker's own code beside the request: its environment need not have packager in it."""
    here = Path(__file__).parent
    code = job / "code" / "packager"
    code.mkdir(parents=True)
    shutil.copy(here / "__init__.py", code)
    shutil.copytree(here / "converters", code / "converters", ignore=shutil.ignore_patterns("__pycache__"))
    document = {"schema_version": SCHEMA_VERSION, **asdict(request)}
    for key in (
        "source",
        "samples",
        "converted",
        "calibration",
    ):  # the worker runs in its job folder, not in the user's
        document[key] = document[key].resolve() if document[key] else None
    (job / "request.json").write_text(json.dumps(document, default=str, sort_keys=True))


def _environment(job: Path, environment: Environment) -> dict[str, str]:
    """The worker sees the staged code first; a fixed hash seed and no thread storms make it repeatable.

    What the user has set up for an interpreter holds for the current environment's alone.
    """
    own = _OF_THE_INTERPRETER if environment.is_current else frozenset()
    env = {
        name: value
        for name, value in os.environ.items()
        if name in own or not name.startswith(_OF_ANY_INTERPRETER)
    }
    temporary = job / "temporary"  # a worker that is killed leaves nothing elsewhere
    temporary.mkdir()
    env["TMPDIR"] = str(temporary)
    if not environment.is_current:
        env["PYTHONNOUSERSITE"] = "1"
    env["PYTHONPATH"] = str(job / "code")
    env["PYTHONHASHSEED"] = "0"
    env["PYTHONUTF8"] = "1"
    env["PYTHONUNBUFFERED"] = "1"  # what a killed worker said last is not lost in a buffer
    env["PYTHONDONTWRITEBYTECODE"] = "1"
    env["KERAS_HOME"] = str(job)  # else keras writes its settings into the user's home
    env["TF_CPP_MIN_LOG_LEVEL"] = "2"
    env["CUDA_VISIBLE_DEVICES"] = ""
    env["ORT_DISABLE_TELEMETRY"] = "1"  # onnxruntime would report the user's model to its makers
    return env


def _result(job: Path, returncode: int, log: Path) -> dict[str, Any]:
    path = job / "result.json"
    if not path.exists():
        raise BrokenWorkerError(_epitaph(returncode), None, child.last_lines(log))
    document: dict[str, Any] = json.loads(path.read_text())
    if document.get("schema_version") != SCHEMA_VERSION:
        raise ConversionError(f"the converter answered with schema {document.get('schema_version')!r}")
    if not document["ok"]:
        error = _named_error(document["error"], log)
        wanted = document["error"].get("environment")
        raise AnotherEnvironment(wanted, error) if wanted else error
    return document


def _epitaph(returncode: int) -> str:
    if returncode == -signal.SIGKILL:
        return "the converter was killed (SIGKILL), most likely because memory ran out"
    if returncode < 0:
        return f"the converter crashed with {signal.Signals(-returncode).name}"
    return f"the converter ended with code {returncode} and left no result"


def _named_error(error: dict[str, Any], log: Path) -> PackagerError:
    """The error that the worker names. What nobody foresaw is kept in full where the user can read it."""
    kind = getattr(errors, str(error.get("kind")), ConversionError)
    if not (isinstance(kind, type) and issubclass(kind, PackagerError)):
        kind = ConversionError
    details = tuple(error.get("details") or ())
    if kind is ConversionError and b"Traceback" in log.read_bytes():
        with tempfile.NamedTemporaryFile("wb", prefix="packager-", suffix=".log", delete=False) as kept:
            kept.write(log.read_bytes())
        details = (*details, f"the converter's log: {kept.name}")
        kind = BrokenWorkerError
    return kind(str(error["message"]), error.get("hint"), details)
