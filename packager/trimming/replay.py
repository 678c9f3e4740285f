"""Replays a function: its answers to the golden inputs and to one request of every route."""

import json
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from packager import preflight
from packager.errors import PreflightError, VerificationError

SCRIPT = Path(__file__).with_name("replay_script.py")
_TIMEOUT_S = 300.0


@dataclass(frozen=True, slots=True)
class Requests:
    """What is asked: events by name, and the golden cases (`docs/contracts.md`)."""

    events: dict[str, Any]
    golden: bytes | None

    def write(self, folder: Path) -> Path:
        """Write them for the script; returns the file that it reads."""
        golden = folder / "golden.json"
        if self.golden is not None:
            golden.write_bytes(self.golden)
        place = folder / "requests.json"
        asked = {"events": self.events, "golden": str(golden) if self.golden is not None else None}
        place.write_text(json.dumps(asked), encoding="utf-8")
        return place


def replay(root: Path, requests: Requests, python: Path) -> dict[str, Any]:
    """Every answer of the function in ``root`` by its name: read-only, without this machine's packages.

    Raises VerificationError when the function does not come so far as to answer; what a single request
    raises is its answer.
    """
    with tempfile.TemporaryDirectory(prefix="packager-replay-") as scratch:
        dest = Path(scratch) / "answers.json"
        command = [
            str(python), "-I", "-S", "-B", "-W", "ignore", str(SCRIPT),
            str(root.resolve()), str(requests.write(Path(scratch))), str(dest),
        ]  # fmt: skip
        done = preflight.ReadOnly(_TIMEOUT_S)(command, root, {})
        answers = json.loads(dest.read_text(encoding="utf-8")) if dest.exists() else {}
    if done.returncode != 0 or not answers or "raised" in answers:
        said = answers.get("raised") or f"it ended with code {done.returncode}"
        lines = tuple((done.stderr or "").strip().splitlines()[-8:])
        raise VerificationError(f"the function does not start: {said}", None, lines)
    routes = answers.pop("routes", {})
    return {**answers, **({"the app": routes} if "raised" in routes else routes)}


def compare(before: dict[str, Any], root: Path, requests: Requests, python: Path) -> str | None:
    """What the function in ``root`` answers otherwise than ``before``; None when it is the same."""
    try:
        return difference(before, replay(root, requests, python))
    except (VerificationError, PreflightError) as error:
        return error.message


def difference(before: dict[str, Any], after: dict[str, Any]) -> str | None:
    """What is answered differently, in a few words; None when every byte is the same.

    What raises comes first, since it says why the others fail.
    """
    names = [name for name in sorted(before.keys() | after.keys()) if before.get(name) != after.get(name)]
    if not names:
        return None
    name = min(names, key=lambda name: not _raised(after.get(name)))
    now, then = _text(after.get(name)), _text(before.get(name))
    same = next((at for at, pair in enumerate(zip(now, then, strict=False)) if pair[0] != pair[1]), 0)
    begin = max(0, same - 20)
    return f"{name}: {_short(now[begin:])} instead of {_short(then[begin:])}"


def _text(answer: Any) -> str:
    if answer is None:
        return "no answer"
    if _raised(answer):
        return str(answer["raised"])
    if isinstance(answer, dict) and "statusCode" in answer:
        return f"status {answer['statusCode']}, {answer.get('body')}, {json.dumps(answer)}"
    return json.dumps(answer)


def _short(text: str) -> str:
    return " ".join(text.split())[:120]


def _raised(answer: Any) -> bool:
    return isinstance(answer, dict) and "raised" in answer
