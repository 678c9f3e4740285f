"""Runs a function with and without some of its files: are its answers the same, what does it open?"""

import json
import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from packager import preflight, runtime_api, tools
from packager.errors import InvokeError, PreflightError
from packager.sizes.answers import Answer, changing, difference, parsed, refused
from packager.trimming import replay

_TRACE = Path(__file__).with_name("trace_script.py")
_IMPORT = Path(__file__).with_name("import_script.py")
_PATIENCE_S = 120.0


class Trial(Protocol):
    """A way to prove that a function is what it was. ``strong`` ones send it real requests."""

    strong: bool

    @property
    def proof(self) -> str:
        """What was held to be the same, for a report."""

    @property
    def reached(self) -> frozenset[str] | None:
        """The files that the function opened, below its code; None where that is not known."""

    def differs(self, code: Path) -> str | None:
        """What the function in ``code`` does otherwise; None when it does the same."""


class NotRunError(Exception):
    """The function does not run here as it is, so nothing can be proven by running it."""


@dataclass(frozen=True, slots=True)
class _Run:
    answers: tuple[Answer, ...]
    opened: frozenset[str]


class ByEvents:
    """Sends the events to the function through the real runtime interface client, as Lambda does."""

    strong = True

    def __init__(self, code: Path, handler: str, python: Path, events: Sequence[bytes]) -> None:
        """Run it twice as it is; raises NotRunError where an event is not answered."""
        self._handler, self._python, self._events = handler, python, events
        self._client = tools.interface_client(python)
        first = self._run(code, traced=True)
        if all(map(refused, first.answers)):
            raise InvokeError(
                "the function refuses what it is asked, and so nothing is proven: "
                f"{str(first.answers[0])[:300]}",
                "give an event that it takes: --event FILE",
            )
        again = self._run(code)
        self._answers = first.answers
        self._ignored = [changing(*pair) for pair in zip(first.answers, again.answers, strict=True)]
        self.reached: frozenset[str] | None = first.opened

    @property
    def proof(self) -> str:
        """What was compared."""
        count = len(self._events)
        ignored = sum(map(len, self._ignored))
        but = f", but for {ignored} values that change by themselves" if ignored else ""
        return f"the answers to {count} event{'s' if count > 1 else ''} are the same{but}"

    def differs(self, code: Path) -> str | None:
        """What is answered otherwise."""
        try:
            answers = self._run(code).answers
        except NotRunError as error:
            return str(error)
        for number, (before, after) in enumerate(zip(self._answers, answers, strict=True)):
            said = difference(before, after, self._ignored[number])
            if said is not None:
                return f"event {number + 1}: {said}"
        return None

    def _run(self, code: Path, *, traced: bool = False) -> _Run:
        function = runtime_api.Function(code, self._handler, self._python, self._client)
        if not traced:
            with runtime_api.running(function) as instance:
                return _Run(self._ask(instance), frozenset())
        with tempfile.TemporaryFile() as sink:
            number = sink.fileno()
            environment = {**function.environment, "TRACE_DESCRIPTOR": str(number)}
            function = runtime_api.Function(code, self._handler, self._python, self._client, environment)
            launcher = (str(_TRACE),)
            with runtime_api.running(function, launcher=launcher, keep_open=(number,)) as instance:
                answers = self._ask(instance)
                mapped = _mapped(instance.process.pid)
            sink.seek(0)
            opened = sink.read().decode("utf-8", "surrogateescape").splitlines()
        return _Run(answers, _inside(code, [*opened, *mapped]))

    def _ask(self, instance: runtime_api.Instance) -> tuple[Answer, ...]:
        answers = []
        for event in self._events:
            reply = instance.invoke(event, _PATIENCE_S)
            if reply.failure is not None:
                lines = instance.last_lines()
                raise NotRunError(_said(reply.failure, lines))
            answers.append(parsed(reply.body))
        return tuple(answers)


class ByImports:
    """Imports modules and looks which of the function's others came with them."""

    strong = False

    def __init__(self, code: Path, modules: Sequence[str], python: Path) -> None:
        """Import them as they are; raises NotRunError where none of them can be."""
        self._python = python
        self._before, failed = self._run(code, modules)
        self._modules = [name for name in modules if name not in failed]
        if not self._modules:
            raise NotRunError(next(iter(failed.values()), "it has no modules"))
        self.reached: frozenset[str] | None = None

    @property
    def proof(self) -> str:
        """What was compared."""
        return f"the same {len(self._before)} modules can be imported (no event was given)"

    def differs(self, code: Path) -> str | None:
        """What cannot be imported any more: each module that came in is asked for by its name."""
        try:
            after, failed = self._run(code, [*self._modules, *self._before])
        except NotRunError as error:
            return str(error)
        lost = sorted(set(self._before) - set(after))
        if failed:
            name = next(iter(failed))
            return f"{name}: {failed[name]}"
        return f"{lost[0]} is not imported any more" if lost else None

    def _run(self, code: Path, modules: Sequence[str]) -> tuple[list[str], dict[str, str]]:
        with tempfile.TemporaryDirectory(prefix="packager-import-") as scratch:
            dest = Path(scratch) / "modules.json"
            command = [str(self._python), "-I", "-S", "-B", "-W", "ignore", str(_IMPORT)]
            try:
                done = preflight.ReadOnly(_PATIENCE_S)(
                    [*command, str(code.resolve()), str(dest), *modules], code, {}
                )
            except PreflightError as error:
                raise NotRunError(error.message) from error
            if not dest.exists():
                lines = done.stderr.strip().splitlines()
                raise NotRunError(lines[-1] if lines else f"it ended with code {done.returncode}")
            document = json.loads(dest.read_text(encoding="utf-8"))
            return document["modules"], document["failed"]


class ByReplay:
    """Replays an artifact of packager: its golden inputs, its example events, every route."""

    strong = True

    def __init__(self, code: Path, artifact: Path, python: Path) -> None:
        """Run it as it is."""
        events = {
            path.stem: json.loads(path.read_text(encoding="utf-8"))
            for path in sorted((artifact / "events").glob("*.json"))
        }
        self._requests = replay.Requests(events, (artifact / "golden.json").read_bytes())
        self._python = python
        self._before = replay.replay(code, self._requests, python)
        self.reached: frozenset[str] | None = None

    @property
    def proof(self) -> str:
        """What was compared."""
        return f"{len(self._before)} answers of the replay are the same, byte for byte"

    def differs(self, code: Path) -> str | None:
        """What is answered otherwise."""
        return replay.compare(self._before, code, self._requests, self._python)


def _said(failure: str, lines: Sequence[str]) -> str:
    """The failure with the last line of the log, which has the exception."""
    return f"{failure[:300]} ({lines[-1][:200]})" if lines else failure[:300]


def _mapped(pid: int) -> list[str]:
    """The files that a process has mapped: shared libraries that others asked for among them."""
    try:
        lines = Path(f"/proc/{pid}/maps").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []
    return [line.split(maxsplit=5)[5] for line in lines if line.count("/")]


def _inside(code: Path, names: Sequence[str]) -> frozenset[str]:
    root = os.path.realpath(code) + os.sep
    whole = (os.path.join(code, name) for name in names)  # noqa: PTH118 - thousands of names
    real = {os.path.realpath(name) for name in whole}
    return frozenset(name.removeprefix(root) for name in real if name.startswith(root))
