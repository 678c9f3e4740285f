"""Artifacts built by the command line, with the questions that their sources have answered."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.main_job.commands import build
from tests.main_job.sources import Question, SourceFiles


@dataclass(frozen=True, slots=True)
class Built:
    """An artifact, and what its source's own library answers."""

    artifact: Path
    questions: tuple[Question, ...]

    def event(self, document: object) -> Any:
        """The artifact's own example of an HTTP request, with another body."""
        example = json.loads((self.artifact / "events" / "predict.json").read_text())
        return {**example, "body": json.dumps(document), "isBase64Encoded": False}


def built(source: Callable[[Path], SourceFiles], folder: Path, *options: str) -> Built:
    """Make the source's files in ``folder`` and build them there."""
    made = source(folder)
    report = build(made.model, "--name", "model", "--target", "lambda", *made.arguments, *options, cwd=folder)
    (artifact,) = report["artifacts"]
    return Built(folder / artifact["path"], made.questions)
