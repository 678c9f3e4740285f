"""The whole of `packager explain-size`: the ledger, the cuts with their proof, and the cuts carried out."""

import json
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from packager import tools, trimming
from packager.errors import ArtifactError, VerificationError
from packager.measurement import SizeLedger
from packager.sizes import runnable
from packager.sizes.advice import advice
from packager.sizes.candidates import Candidate, candidates
from packager.sizes.carrying_out import carry_out, demand_free, write
from packager.sizes.choosing import choose_trial
from packager.sizes.growth import amount
from packager.sizes.judged import judged
from packager.sizes.ledger import account
from packager.sizes.reading import Opened, opened
from packager.sizes.recompiled import recompiled
from packager.sizes.runnable import Runnable
from packager.sizes.trial import Trial

_EVENT_HINT = "name a file that holds one event as JSON: --event FILE"


@dataclass(frozen=True, slots=True)
class Asked:
    """How to run a function that others made; an artifact of packager says it all itself."""

    handler: str | None = None
    events: tuple[Path, ...] = ()
    runtime: str | None = None


def explain(
    path: Path, asked: Asked, dest: Path | None = None, say: tools.Progress = tools.silent
) -> SizeLedger:
    """The ledger of ``path`` with every cut that is known; with ``dest`` the safe ones carried out there."""
    if dest is not None:
        demand_free(dest)
    events = [_event(file) for file in asked.events]
    say(f"reading {path}")
    with (
        opened(path) as found,
        tempfile.TemporaryDirectory(prefix="packager-trial-", dir=found.root.parent) as work,
    ):
        if found.is_listed:
            return _of_listed(found, asked, dest)
        run = runnable.find(found, asked.handler, asked.runtime)
        trial, notes = choose_trial(found, run, events, say)
        by_byte_code = _by_byte_code(found, run, say)
        every = [*candidates(found, run.version, trial.reached if trial else None)]
        if by_byte_code and trial and trial.strong and _spares(found, by_byte_code):
            every.append(by_byte_code)
        kept, undone = _tried(found, every, trial, Path(work), say)
        ledger = account(found)
        cuts = judged(found, every, kept, undone, trial)
        notes += [*advice(found, run.version, by_byte_code)]
        if dest is not None:
            notes.append(_carried_out(found, kept, trial, dest, Path(work)))
    return replace(ledger, cuts=cuts, notes=tuple(notes))


def _of_listed(found: Opened, asked: Asked, dest: Path | None) -> SizeLedger:
    """A bundle's or a job's ledger. Its manifest names its files, so that none can be cut out of it."""
    if dest is not None or asked.events or asked.handler:
        raise ArtifactError(
            f"{found.path} is a {'job' if found.is_job else 'bundle'}, whose manifest names every file: "
            "nothing is cut out of it",
            "leave --apply, --event and --handler out; a smaller model makes it smaller",
        )
    return account(found)


def _event(file: Path) -> bytes:
    try:
        return json.dumps(json.loads(file.read_text(encoding="utf-8-sig"))).encode()
    except OSError as error:
        raise ArtifactError(f"the event {file} cannot be read: {error.strerror}", _EVENT_HINT) from error
    except ValueError as error:
        raise ArtifactError(f"the event {file} is not JSON: {error}", _EVENT_HINT) from error


def _by_byte_code(found: Opened, run: Runnable, say: tools.Progress) -> Candidate | None:
    if run.python is None:
        return None
    names = [item.path.removeprefix(found.prefix) for item in found.items]
    say(f"compiling with Python {run.python.version}")
    return recompiled(found.code, names, run.python)


def _spares(found: Opened, cut: Candidate) -> bool:
    """Where sources have no byte-code yet, theirs takes more than they do: that is advice, and no cut."""
    gone = sum(
        item.zipped_bytes for item in found.items if item.path.removeprefix(found.prefix) in cut.removed
    )
    return gone > sum(file.zipped_bytes for file in cut.added)


def _tried(
    found: Opened, every: Sequence[Candidate], trial: Trial | None, work: Path, say: tools.Progress
) -> tuple[list[Candidate], dict[str, str]]:
    """The cuts that change nothing, and why each other one of those that could be tried is none."""
    if trial is None:
        return [], {}
    able = [cut for cut in every if cut.untried is None and (trial.strong or not cut.strong)]

    def differs(tried: Sequence[Candidate]) -> str | None:
        say(f"trying {len(tried)} cuts")
        with tempfile.TemporaryDirectory(dir=work) as folder:
            code = Path(folder, "function")
            carry_out(found.code, code, tried)
            return trial.differs(code)

    kept, undone = trimming.prove(able, differs)
    return kept, {cut.what: reason for cut, reason in undone}


def _carried_out(
    found: Opened, kept: Sequence[Candidate], trial: Trial | None, dest: Path, work: Path
) -> str:
    """Write what is left, and prove it once more as it lies there, before it gets its name."""
    if trial is None or not kept:
        return f"{dest} was not written: there is no cut that is proven to be safe"
    proven, now = trial, [found.zipped_bytes]

    def judge(beside: Path) -> None:
        with opened(beside) as written:
            said = proven.differs(written.code)
            now.append(written.zipped_bytes)
        if said is not None:
            raise VerificationError(
                f"the function without all that was cut answers otherwise: {said}", "nothing was written"
            )

    whole = work / "cut"
    carry_out(found.code, whole / found.prefix, kept)
    write(whole, dest, judge)
    return (
        f"{dest} has {amount(now[-1])} zipped in place of {amount(now[0])}, and was proven once more: "
        f"{trial.proof}"
    )
