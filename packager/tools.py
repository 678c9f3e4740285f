"""Where programs that are not ours come from: pinned in data/*.lock, fetched by uv into the cache."""

import hashlib
import platform
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from packager import cache, uv_program
from packager.errors import DependencyError, ToolError

# Who asks for a tool gives one.
Progress = uv_program.Progress
silent = uv_program.silent

EMULATOR = "the Lambda Runtime Interface Emulator"
CLIENT = "awslambdaric, Lambda's runtime interface client"
SAM = "the SAM CLI"

_LOCKS = Path(__file__).parent / "data"
_EMULATOR_LOCK = _LOCKS / "lambda_emulator.lock"
_CLIENT_LOCK = _LOCKS / "lambda_client.lock"
_SAM_LOCK = _LOCKS / "sam_cli.lock"
_ARCHITECTURES: dict[str, Literal["x86_64", "arm64"]] = {
    "x86_64": "x86_64",
    "amd64": "x86_64",
    "aarch64": "arm64",
    "arm64": "arm64",
}


def host_arch() -> Literal["x86_64", "arm64"]:
    """This machine's architecture in Lambda's words: x86_64 or arm64."""
    machine = platform.machine().lower()
    if machine not in _ARCHITECTURES:
        raise ToolError(f"this machine's architecture, {machine}, is not one that Lambda has: x86_64, arm64")
    return _ARCHITECTURES[machine]


def emulator(progress: Progress = silent) -> Path:
    """The emulator's binary for this machine, taken out of the SAM CLI's wheel with its licence."""
    if sys.platform != "linux":
        raise ToolError(
            f"{EMULATOR} runs on Linux only, and this is {sys.platform}",
            hint="use --with sam, which runs the function in a container",
        )
    name = f"aws-lambda-rie-{host_arch()}"

    def make(dest: Path) -> None:
        progress(f"fetching {EMULATOR}")
        wheel = dest / "wheel"
        _install(EMULATOR, ["--no-deps", "--target", str(wheel)], _EMULATOR_LOCK)
        shutil.copy2(wheel / "samcli" / "local" / "rapid" / name, dest / name)
        (licences,) = wheel.glob("aws_sam_cli-*.dist-info/licenses")
        shutil.copytree(licences, dest / "licenses")
        shutil.rmtree(wheel)

    return cache.entry(_key("emulator", _EMULATOR_LOCK, host_arch()), make) / name


def interface_client(python: Path, progress: Progress = silent) -> Path:
    """The folder to put on ``python``'s path so that ``python -m awslambdaric`` runs a handler."""

    def make(dest: Path) -> None:
        progress(f"fetching {CLIENT}")
        # Compiled, as Lambda's own is: a function must not be timed with the compiling of its client.
        options = ["--python", str(python), "--no-deps", "--compile-bytecode", "--target", str(dest)]
        _install(CLIENT, options, _CLIENT_LOCK)

    return cache.entry(_key("interface-client", _CLIENT_LOCK, _abi(python)), make)


def usual_packages(name: str, python: Path, progress: Progress = silent) -> Path:
    """The packages of ``benchmark_NAME.lock`` in a folder, as pip lays them down for ``python``, compiled."""
    lock = _LOCKS / f"benchmark_{name}.lock"
    what = f"what the {name} function of the benchmark consists of"

    def make(dest: Path) -> None:
        progress(f"fetching {what} (once; the cache keeps it)")
        options = ["--python", str(python), "--no-deps", "--compile-bytecode", "--target", str(dest)]
        _install(what, options, lock)

    return cache.entry(_key(f"benchmark-{name}", lock, _abi(python)), make)


def find_sam() -> tuple[str, ...] | None:
    """The command that starts the SAM CLI: the one on PATH, else the one in the cache, else None."""
    found = shutil.which("sam")
    if found and _answers(found):
        return (found,)
    python = _sam_folder() / "bin" / "python"
    # Through -m: a script of an environment names the folder in which it was made.
    return (str(python), "-m", "samcli") if python.exists() else None


def _answers(program: str) -> bool:
    """A version manager's shim has the name and does not start: only an answer counts."""
    try:
        command = [program, "--version"]
        return subprocess.run(command, capture_output=True, check=False, timeout=60).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def fetch_sam(progress: Progress = silent) -> tuple[str, ...]:
    """As ``find_sam``, and when there is none, one is made in the cache (about 340 MB, under a minute)."""

    def make(dest: Path) -> None:
        progress(f"fetching {SAM} into an environment of its own (about 340 MB)")
        _run_uv(SAM, ["venv", "--quiet", "--relocatable", "--python", sys.executable, str(dest)])
        # Compiled now: else each start of `sam` compiles its thousands of files again on a read-only cache.
        _install(SAM, ["--compile-bytecode", "--python", str(dest / "bin" / "python")], _SAM_LOCK)

    found = find_sam()
    if found:
        return found
    cache.entry(_sam_key(), make)
    made = find_sam()
    if made is None:
        raise ToolError(
            f"{SAM} in {_sam_folder()} does not work", hint="remove that folder, and `packager doctor --fix`"
        )
    return made


def has_emulator() -> bool:
    """Whether the emulator is in the cache already."""
    return (cache.root() / _key("emulator", _EMULATOR_LOCK, host_arch())).is_dir()


def has_interface_client(python: Path) -> bool:
    """Whether the client for this interpreter is in the cache already."""
    return (cache.root() / _key("interface-client", _CLIENT_LOCK, _abi(python))).is_dir()


def _sam_key() -> str:
    return _key("sam-cli", _SAM_LOCK, f"{sys.version_info.major}.{sys.version_info.minor}")


def _sam_folder() -> Path:
    return cache.root() / _sam_key()


def _key(name: str, lock: Path, variant: str) -> str:
    """Another lock or another variant is another entry, so an old cache never serves a new pin."""
    digest = hashlib.sha256(lock.read_bytes()).hexdigest()[:12]
    return f"tools/{name}-{digest}-{variant}"


def _abi(python: Path) -> str:
    """What compiled modules of this interpreter are named by, as in cpython-313-x86_64-linux-gnu."""
    code = "import sysconfig; print(sysconfig.get_config_var('SOABI'))"
    done = subprocess.run([str(python), "-I", "-c", code], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise ToolError(
            f"the interpreter {python} does not start", details=tuple(done.stderr.splitlines()[-3:])
        )
    return done.stdout.strip()


def _install(what: str, options: Sequence[str], lock: Path) -> None:
    pinned = ["--only-binary", ":all:", "--require-hashes", "--requirement", str(lock)]
    _run_uv(what, ["pip", "install", "--quiet", *options, *pinned])


def run_uv(what: str, arguments: Sequence[str], hint: str, progress: Progress = silent) -> None:
    """Run uv away from any project; raises DependencyError with ``what``, the hint and uv's last lines."""
    done = uv_program.run(arguments, progress)
    if done.returncode != 0:
        raise DependencyError(f"{what} could not be fetched", done.way_on or hint, done.last())


def _run_uv(what: str, arguments: Sequence[str]) -> None:
    done = uv_program.run(arguments)
    if done.returncode != 0:
        hint = "connect to a package index and run `packager doctor --fix`: once is enough"
        raise ToolError(f"{what} could not be fetched", done.way_on or hint, done.last())
