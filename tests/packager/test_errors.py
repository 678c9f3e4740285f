"""Each kind of failure has an exit code of its own, which the README names."""

import re
from pathlib import Path

from packager import cli, errors
from packager.errors import PackagerError

README = Path(__file__).parents[2] / "README.md"
KINDS = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, PackagerError)]


def test_no_two_kinds_of_failure_share_an_exit_code() -> None:
    codes = [kind.exit_code for kind in KINDS]
    assert sorted(codes) == sorted({*codes} - {cli.USAGE, cli.BUG, cli.INTERRUPTED})


def test_the_readme_names_every_exit_code_once() -> None:
    table = README.read_text(encoding="utf-8").partition("### Exit codes")[2].partition("\n## ")[0]
    named = [int(code) for code in re.findall(r"\| (\d+) (?=\|)", table)]
    expected = {0, cli.USAGE, cli.BUG, cli.INTERRUPTED, *(kind.exit_code for kind in KINDS)}
    assert sorted(named) == sorted(expected)
