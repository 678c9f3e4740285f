"""A function as a process: the real runtime interface client around a handler, started, asked and ended."""

import contextlib
import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from packager import child
from packager.runtime_api.environment import variables
from packager.runtime_api.server import Reply, RuntimeApi

FULL_CPU_MB = 1769
"""The memory size at which Lambda gives one whole processor."""
_LAST_LINES = 12
_CLIENT = ("-m", "awslambdaric")


@dataclass(frozen=True, slots=True)
class Function:
    """What Lambda would be given: the unpacked folder, its handler, and what runs it here.

    ``client`` is the folder of the runtime interface client for ``python`` (`tools.interface_client`);
    ``name`` is for errors.
    """

    folder: Path
    handler: str
    python: Path
    client: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    memory_mb: int = FULL_CPU_MB
    name: str = "the function"

    def variables(self, port: int) -> dict[str, str]:
        """Lambda's own, with the Runtime API at this port, then the function's."""
        return {
            **variables(self.folder, self.client, "benchmark", self.memory_mb),
            "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{port}",
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            **self.environment,
        }


class Instance:
    """One running process of a function: its first event is a cold start, the others find it warm."""

    def __init__(
        self, name: str, process: "subprocess.Popen[bytes]", began_ns: int, server: RuntimeApi, log: Path
    ) -> None:
        self.name = name
        self.process = process
        self.began_ns = began_ns
        self._server = server
        self._log = log

    def invoke(self, event: bytes, timeout_s: float = 60.0) -> Reply:
        """Give the process one event and wait for what becomes of it."""
        return self._server.exchange(event, timeout_s, self._ended)

    def waited_ns(self) -> int | None:
        """How long the main thread was ready and had no processor; None where the system does not say."""
        try:
            return int(self._proc("schedstat").split()[1])
        except (OSError, IndexError):
            return None

    def peak_memory_bytes(self) -> int:
        """The most memory that was resident; 0 where the system does not say."""
        return self._status("VmHWM") * 1024

    def threads(self) -> int:
        """The threads that it has now; 0 where the system does not say."""
        return self._status("Threads")

    def exit_code(self) -> int | None:
        """What the process ended with (negative: the signal), None while it runs."""
        return self.process.poll()

    def last_lines(self) -> tuple[str, ...]:
        """The end of what it wrote on stderr."""
        lines = self._log.read_text(errors="replace").splitlines()
        return tuple(line for line in lines if line.strip())[-_LAST_LINES:]

    def _ended(self) -> str | None:
        """How the process has ended; None while it runs."""
        code = self.process.poll()
        if code is None:
            return None
        if code >= 0:
            return f"its process ended with exit code {code}"
        named = signal.strsignal(-code) or "unknown"
        return f"its process was ended by signal {-code} ({named})"

    def _status(self, name: str) -> int:
        with contextlib.suppress(OSError):
            for line in self._proc("status").splitlines():
                if line.startswith(f"{name}:"):
                    return int(line.split()[1])
        return 0

    def _proc(self, name: str) -> str:
        return Path(f"/proc/{self.process.pid}/{name}").read_text(encoding="ascii")


@contextmanager
def running(
    function: Function,
    *,
    prepare: Callable[[], object] | None = None,
    launcher: Sequence[str] = _CLIENT,
    keep_open: Sequence[int] = (),
) -> Iterator[Instance]:
    """Start the function; it is ended with all that it started, whatever happens.

    ``prepare`` runs in the child before it becomes the function, as to join a cgroup. ``launcher`` takes the
    place of ``-m awslambdaric``, and ``keep_open`` are descriptors that it gets.
    """
    server = RuntimeApi()
    with tempfile.TemporaryDirectory(prefix="packager-function-") as scratch, _at_once():
        log = Path(scratch) / "stderr"
        # -S: a package that is only in the interpreter's own site-packages is missing on Lambda, too.
        command = [str(function.python), "-S", *launcher, function.handler]
        with log.open("wb") as stderr:
            began_ns = time.perf_counter_ns()
            process = subprocess.Popen(
                command, cwd=function.folder, env=function.variables(server.port), start_new_session=True,
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=stderr,
                preexec_fn=prepare, pass_fds=keep_open,  # noqa: PLW1509 - no thread of ours runs beside it
            )  # fmt: skip
        try:
            yield Instance(function.name, process, began_ns, server, log)
        finally:
            child.end(process)
            server.close()


@contextmanager
def _at_once() -> Iterator[None]:
    """Answer the process at once, where this user may: else its time would hold our wait for a processor."""
    try:
        before = os.sched_getscheduler(0), os.sched_getparam(0)
        # What is started from here runs as everything else does.
        os.sched_setscheduler(0, os.SCHED_RR | os.SCHED_RESET_ON_FORK, os.sched_param(1))
    except (AttributeError, OSError):
        yield
        return
    try:
        yield
    finally:
        os.sched_setscheduler(0, *before)
