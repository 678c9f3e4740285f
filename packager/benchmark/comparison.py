"""Opens what is named on a command line, makes the baselines that are asked for, and measures all in turn."""

import tempfile
from collections.abc import Sequence
from pathlib import Path

from packager.benchmark import baselines
from packager.benchmark.bench import bench
from packager.benchmark.subject import Asked, Subject, open_subject
from packager.errors import ArtifactError
from packager.measurement import Bench
from packager.progress import Silence, Steps, Watcher
from packager.tools import Progress

__all__ = ["Asked", "compare"]


def compare(
    path: Path,
    against: Sequence[str],
    asked: Asked,
    rounds: int,
    calls: int,
    watcher: Watcher | None = None,
) -> Bench:
    """Measure what lies at ``path``, in turn with each of ``against``: a baseline's name, or another path."""
    watcher = watcher or Silence()
    with tempfile.TemporaryDirectory(prefix="packager-bench-") as folder:
        scratch = Path(folder)
        with Steps(watcher).step("open") as step:
            subject = open_subject(path, asked, scratch, step.say)
            subjects = [subject, *(_other(name, subject, asked, scratch, step.say) for name in against)]
            step.detail = ", ".join(one.name for one in subjects)
        return bench(subjects, rounds, calls, watcher)


def _other(name: str, subject: Subject, asked: Asked, scratch: Path, say: Progress) -> Subject:
    if name in baselines.NAMES:  # a folder of that name is ./naive
        return baselines.make(name, subject, scratch, say)
    if not Path(name).exists():
        known = ", ".join(baselines.NAMES)
        raise ArtifactError(f"there is nothing at {name}", f"check the path, or name one of {known}")
    return open_subject(Path(name), asked, scratch, say)
