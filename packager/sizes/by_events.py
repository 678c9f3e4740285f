"""The strong proof for a function of anyone: through Lambda's own client events have the same answers."""

import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from packager import runtime_api, tools
from packager.errors import InvokeError
from packager.sizes.answers import Answer, changing, difference, parsed, refused
from packager.sizes.trial import NotRunError

_TRACE = Path(__file__).with_name("trace_script.py")
_PATIENCE_S = 120.0


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
        but = f", but for what changes by itself ({ignored} of their values)" if ignored else ""
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
        before = _state(code)
        done = self._run_once(code, traced=traced)
        written = sorted(name for name, _ in before ^ _state(code))
        if written:  # into files that its other copies share
            raise NotRunError(f"it writes into its own folder ({written[0]}), which is read-only on Lambda")
        return done

    def _run_once(self, code: Path, *, traced: bool) -> _Run:
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


def _said(failure: str, lines: Sequence[str]) -> str:
    """The failure with the last line of the log, which has the exception."""
    return f"{failure[:300]} ({lines[-1][:200]})" if lines else failure[:300]


def _state(code: Path) -> set[tuple[str, tuple[int, int]]]:
    """The files of a folder with their sizes and dates."""
    found = set()
    for folder, _, names in os.walk(code):
        for name in names:
            place = Path(folder, name)
            status = place.stat()
            found.add((place.relative_to(code).as_posix(), (status.st_size, status.st_mtime_ns)))
    return found


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
