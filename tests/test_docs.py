"""What README and docs point to is there: files, commands and their options."""

import re
import shlex
from importlib import import_module
from pathlib import Path

import click
import pytest

from packager.cli.group import SUMMARIES

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def options(command: str) -> set[str]:
    name = command.replace("-", "_")
    found: click.Command = getattr(import_module(f"packager.cli.{name}"), name)
    return {option for parameter in found.params for option in parameter.opts} | {"--help"}


def job_options() -> set[str]:
    """Those of a batch job's own command line."""
    return set(re.findall(r'"(--[a-z-]+)"', (ROOT / "runtimes/batch/options.py").read_text(encoding="utf-8")))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_to_a_file_leads_to_one(page: Path) -> None:
    links = re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_the_readmes_commands_are_written_as_they_are_taken() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    lines = re.findall(r"^(?:\$ )?packager ([a-z-]+)(.*)$", text, re.MULTILINE)
    assert {command for command, _ in lines} >= {
        "build",
        "invoke",
        "verify",
        "explain-size",
        "bench",
        "tune",
        "report",
    }
    for command, rest in lines:
        own, _, of_the_job = " ".join(shlex.split(rest, comments=True)).partition(" -- ")
        assert {word for word in own.split() if word.startswith("-")} <= options(command), f"{command}{rest}"
        assert {word for word in of_the_job.split() if word.startswith("-")} <= job_options()


def test_every_option_that_the_readme_names_is_one() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`(--[a-z-]+)", text))
    others = {"--guided", "--user"}  # of `sam deploy` and `systemd-run`
    known = {option for command in SUMMARIES for option in options(command)}
    assert named - others <= known | job_options()
