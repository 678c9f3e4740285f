"""Patterns: what is meant, and what is never taken in by mistake."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtimes.batch.errors import JobError
from runtimes.batch.stores.patterns import Pattern, refuse_output, visible

NAMES = st.sampled_from(["a", "b", "a.csv", "_a", ".b", "ab"])
GLOBS = st.sampled_from(["a", "b", "*", "**", "?", "a*", "_*", "[ab]", "*.csv"])


def meant(pattern: list[str], path: list[str]) -> bool:
    """The same by recursion, as one would say it."""
    if not pattern:
        return all(visible(name) for name in path)
    if pattern[0] == "**":
        return meant(pattern[1:], path) or (bool(path) and visible(path[0]) and meant(pattern, path[1:]))
    return bool(path) and Pattern(pattern[0]).matches(path[0]) and meant(pattern[1:], path[1:])


@given(st.lists(GLOBS, min_size=1, max_size=4), st.lists(NAMES, min_size=1, max_size=5))
def test_a_pattern_means_what_it_says(pattern: list[str], path: list[str]) -> None:
    assert Pattern("/".join(pattern)).matches("/".join(path)) == meant(pattern, path)


@pytest.mark.parametrize(
    ("pattern", "name", "matches"),
    [
        ("*", "a", True),
        ("*", ".a", False),
        ("*", "_a", False),
        ("_*", "_a", True),
        (".*", ".a", True),
        ("[!a]", "b", True),
        ("?.csv", "a.csv", True),
        ("a.csv", "abcsv", False),
        ("a\nb", "a\nb", True),
        ("größe*", "größe 1", True),
    ],
)
def test_a_name_is_told_from_others(pattern: str, name: str, matches: bool) -> None:
    assert Pattern(pattern).matches(name) is matches


@pytest.mark.parametrize(
    ("pattern", "output"),
    [
        ("s3://b/in", "s3://b/in"),
        ("s3://b/in/", "s3://b/in/out"),
        ("s3://b", "s3://b/out"),
        ("s3://b/**/*.parquet", "s3://b/out"),
        ("/data", "/data/out/"),
        ("/data/*.parquet", "/data"),
    ],
)
def test_an_output_among_the_input_is_refused(pattern: str, output: str) -> None:
    with pytest.raises(JobError, match="takes in what is written to the output") as refused:
        refuse_output(["/elsewhere", pattern], output, ".parquet")
    assert "outside" in refused.value.hint


@pytest.mark.parametrize(
    ("pattern", "output"),
    [
        ("s3://b/in", "s3://b/in-out"),
        ("s3://b/in", "s3://c/in"),
        ("s3://b/in", "s3://b/in/_out"),
        ("/data/*.csv", "/data"),
        ("/data/a.parquet", "/data"),
        ("/data/in", "/data"),
    ],
)
def test_an_output_beside_the_input_is_not(pattern: str, output: str) -> None:
    refuse_output([pattern], output, ".parquet")


def test_links_and_relative_paths_do_not_hide_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "in")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(JobError, match="takes in"):
        refuse_output(["in"], str(tmp_path / "link/out"), ".csv")
