"""What one command line shares: how it answers (table or JSON), and where it talks (stderr)."""

import json
import os
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from packager.errors import PackagerError

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

    from packager.results import StepRecord

F = TypeVar("F", bound=Callable[..., Any])


def colour() -> bool | None:
    """No colour where NO_COLOR is set to anything (no-color.org); else as the terminal takes it."""
    return False if os.environ.get("NO_COLOR") else None


@dataclass(slots=True)
class Session:
    """The answer goes to stdout, as a table or as one JSON document; all talk goes to stderr."""

    output: str = "table"

    @property
    def as_json(self) -> bool:
        """Whether stdout is to hold one JSON document and nothing else."""
        return self.output == "json"

    def answer_json(self, document: object) -> None:
        """Write the one JSON document; where stdout is not UTF-8, in ASCII alone."""
        plain = "utf" not in (sys.stdout.encoding or "").lower()
        click.echo(json.dumps(document, indent=2, ensure_ascii=plain, default=str))

    def answer_figures(self, found: "DataclassInstance", save: Path | None, show: Callable[[], None]) -> None:
        """What was measured, as it was asked for; also into the file ``save``."""
        document = asdict(found)
        if save is not None:
            self._write_json(save, document)
        if self.as_json:
            self.answer_json(document)
        else:
            show()

    def _write_json(self, path: Path, document: object) -> None:
        """Write a document into a file, whole or not at all."""
        beside = path.with_name(f".{path.name}.{os.getpid()}")
        try:
            beside.write_text(json.dumps(document, indent=2, default=str) + "\n", encoding="utf-8")
            beside.replace(path)
        finally:
            beside.unlink(missing_ok=True)

    def say(self, text: str) -> None:
        """Talk, on stderr."""
        click.echo(text, err=True, color=colour())

    def show_error(self, error: PackagerError) -> None:
        """The sentence, the details, the hint; in JSON mode also as the document on stdout."""
        self.say(click.style("error: ", fg="red", bold=True) + error.message)
        for line in error.details:
            self.say(f"  {line}")
        if error.hint:
            self.say(click.style("hint: ", fg="cyan") + error.hint)
        if self.as_json:
            kind = type(error).__name__
            found = {"kind": kind, "message": error.message, "hint": error.hint, "details": error.details}
            self.answer_json({"error": found, "exit_code": error.exit_code})


def output_option(command: F) -> F:
    """Add `-o table|json`, which the session remembers."""

    def remember(ctx: click.Context, _: click.Parameter, value: str) -> str:
        ctx.ensure_object(Session).output = value
        return value

    return click.option(
        "-o", "output_format", type=click.Choice(["table", "json"]), default="table", show_default=True,
        expose_value=False, callback=remember, is_eager=True, help="How to answer on stdout.",
    )(command)  # fmt: skip


def save_option(command: F) -> F:
    """Add `--save FILE`; a folder that is not there is refused before anything is measured."""

    def refuse(_ctx: click.Context, _option: click.Parameter, value: Path | None) -> Path | None:
        if value is not None and not value.resolve().parent.is_dir():
            raise click.UsageError(f"--save {value}: there is no folder {value.parent}")
        if value is not None and value.is_dir():
            raise click.UsageError(f"--save {value} is a folder: name a file")
        return value

    return click.option(
        "--save", type=click.Path(path_type=Path), metavar="FILE", callback=refuse,
        help="Also write the figures as JSON.",
    )(command)  # fmt: skip


class Spinner:
    """A watcher on stderr: a spinner with the step on a terminal, one line per step elsewhere."""

    def __init__(self) -> None:
        from rich.console import Console

        self._console = Console(stderr=True, emoji=False, highlight=False)
        self._status = self._console.status("") if self._console.is_terminal else None
        self._step = ""

    def started(self, step: str) -> None:
        """Show the step."""
        self._step = step
        if self._status:
            self._status.update(f"{step} …")
            self._status.start()

    def said(self, text: str) -> None:
        """Show what the step is doing."""
        if self._status:
            self._status.update(f"{self._step}: {text}")
        else:
            self._console.print(f"  {self._step}: {text}", markup=False)

    def finished(self, record: "StepRecord") -> None:
        """Leave one line behind."""
        self.close()
        line = f"  {record.name:<10} {record.seconds:7.1f} s  {record.detail}"
        self._console.print(line, markup=False, soft_wrap=True)

    def __enter__(self) -> "Spinner":
        return self

    def __exit__(self, *_: object) -> None:
        """Whatever happened, an error's text stands alone."""
        self.close()

    def close(self) -> None:
        """Take the spinner away."""
        if self._status:
            self._status.stop()
        sys.stderr.flush()
