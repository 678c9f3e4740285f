"""Times two models beside one another: in turn, in processes that are renewed, until the ratio is known."""

import json
import selectors
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from packager import codes
from packager.errors import BenchmarkError
from packager.figures import paired_ratio
from packager.measurement import Ratio
from packager.trial.root import TrialRoot

MOST_S = 5.0
"""For one comparison, if the least number of rounds takes no longer."""
KNOWN_TO = 0.05
"""Warm times of two copies of one model differ by as much."""
_FEWEST_ROUNDS, _LEAST_ROUNDS, _MOST_ROUNDS = 4, 6, 24
_BLOCK_MS = 8.0
_TURNS, _ROUND_S = 5, 0.25
_NARROW = 0.03
_WIDE = 0.25
_TIMEOUT_S = 300.0
_SCRIPT = Path(__file__).with_name("timing_script.py")


@dataclass(frozen=True, slots=True)
class Timed:
    """What a run takes in either model for each of its ``rows``, and the first's time over the second's."""

    own_ms: float
    base_ms: float
    ratio: Ratio
    rows: int = 1


def compare(
    mine: TrialRoot, base: TrialRoot, cases: Path, most_s: float = MOST_S, *, many: bool = False
) -> Timed:
    """Run the first case of ``cases`` in both, in turn; ``many``: the last, which has all rows.

    A process is a little faster or slower for its whole life, by where its memory happens to lie. So each
    round has a process of its own for either, and gives one ratio: the interval is over rounds.
    """
    own_ms: list[float] = []
    base_ms: list[float] = []
    deadline = time.monotonic() + most_s
    with tempfile.TemporaryDirectory(prefix="packager-timing-") as scratch:
        one_case, rows = _one_case(cases, Path(scratch) / "case.json", -1 if many else 0)
        case = {laid.root: _coded(laid, one_case) for laid in (mine, base)}
        while True:
            pair = (mine, base) if len(own_ms) % 2 == 0 else (base, mine)
            first, second = _round(*pair, case)
            own, other = (first, second) if pair[0] is mine else (second, first)
            own_ms.append(own)
            base_ms.append(other)
            ratio = _ratio(own_ms, base_ms)
            late = time.monotonic() > deadline or len(own_ms) == _MOST_ROUNDS
            enough = late or (len(own_ms) >= _LEAST_ROUNDS and _is_known(ratio))
            if enough and len(own_ms) >= _FEWEST_ROUNDS:
                return Timed(median(own_ms) / rows, median(base_ms) / rows, ratio, rows)


def _round(first: TrialRoot, second: TrialRoot, case: Mapping[Path, Path]) -> tuple[float, float]:
    """A block of the first, two of the second, one of the first, and again: what drifts meets both alike.

    The quickest block of each counts: what else runs on a machine takes its caches, and only ever adds.
    """
    with ExitStack() as stack:
        one, other = (stack.enter_context(_started(laid, case[laid.root])) for laid in (first, second))
        turns: list[tuple[float, float]] = []
        until = time.monotonic() + _ROUND_S
        while not turns or (len(turns) < _TURNS and time.monotonic() < until):
            before, middle, later, after = one.block_ms(), other.block_ms(), other.block_ms(), one.block_ms()
            turns.append((min(before, after), min(middle, later)))
    return min(ms for ms, _ in turns), min(ms for _, ms in turns)


def _ratio(own_ms: list[float], base_ms: list[float]) -> Ratio:
    """Rounds that disagree too much to tell anything make it unstable; a clear difference may be wide."""
    found = paired_ratio("latency_ms", own_ms, base_ms, stable=True, known_to=KNOWN_TO)
    wide = found.high - found.low > _WIDE * found.ratio
    if wide and found.verdict == "equal":
        return paired_ratio("latency_ms", own_ms, base_ms, stable=False, known_to=KNOWN_TO)
    return found


def _is_known(ratio: Ratio) -> bool:
    return max(ratio.high - ratio.ratio, ratio.ratio - ratio.low) <= _NARROW * ratio.ratio


def _one_case(cases: Path, dest: Path, place: int) -> tuple[Path, int]:
    """A file with that case alone. Of the first it is not asked how many rows it has: it is a run."""
    document = json.loads(cases.read_text(encoding="utf-8"))
    case = document["cases"][place]
    dest.write_text(json.dumps({**document, "cases": [case]}), encoding="utf-8")
    shapes = [tensor["shape"] for tensor in case["inputs"].values() if tensor["shape"]]
    return dest, max((shape[0] for shape in shapes), default=1) if place else 1


def _coded(laid: TrialRoot, case: Path) -> Path:
    """As that model takes it."""
    if not laid.codes:
        return case
    return codes.write(laid.codes, case, case.with_name("coded.json"))


class _Process:
    """The shipped code with an open model, which runs blocks on demand."""

    def __init__(self, running: "subprocess.Popen[bytes]", said: Path) -> None:
        self._running = running
        self._said = said

    def block_ms(self) -> float:
        """What a run takes in one block of them."""
        assert self._running.stdin is not None  # noqa: S101 - for the type checker
        try:
            self._running.stdin.write(f"{_BLOCK_MS}\n".encode())
            self._running.stdin.flush()
        except BrokenPipeError:
            raise self._ended() from None
        return float(self.line()) / 1e6

    def line(self) -> bytes:
        """The next answer, within the time that one may take."""
        stdout = self._running.stdout
        assert stdout is not None  # noqa: S101
        with selectors.DefaultSelector() as waiting:
            waiting.register(stdout, selectors.EVENT_READ)
            if not waiting.select(_TIMEOUT_S):
                raise BenchmarkError(f"one block of runs took more than {_TIMEOUT_S:.0f} s")
        said = stdout.readline()
        if not said:
            raise self._ended()
        return said

    def _ended(self) -> BenchmarkError:
        lines = self._said.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-8:]
        return BenchmarkError("the shipped code ended while it was timed", None, tuple(lines))


@contextmanager
def _started(laid: TrialRoot, case: Path) -> Iterator[_Process]:
    command = [str(laid.python), "-B", "-I", "-S", str(_SCRIPT), str(laid.root.resolve()), str(case)]
    with tempfile.NamedTemporaryFile(prefix="packager-timing-", suffix=".log") as log:
        running = subprocess.Popen(
            command, cwd=laid.root, env={"LC_ALL": "C", **laid.environment},
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log,
        )  # fmt: skip
        try:
            process = _Process(running, Path(log.name))
            process.line()  # it is ready
            yield process
        finally:
            running.kill()
            running.communicate()
