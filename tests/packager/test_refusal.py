"""What is refused of a packager.toml is said in words that say what to write instead."""

from pathlib import Path

import pytest

from packager import config
from packager.errors import ConfigError

RULE = "[[trim]]\nname = 'tests'\n"


def refused(folder: Path, text: str) -> ConfigError:
    (folder / "packager.toml").write_text(f"model = 'a'\n{text}")
    with pytest.raises(ConfigError) as caught:
        config.load(folder / "packager.toml", {})
    return caught.value


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (RULE, "trim[0] has no 'files'"),
        (f"{RULE}files = []", "trim[0].files is []: it must not be empty"),
        (f"{RULE}files = 'a'", "trim[0].files is 'a': it must be a list"),
        ("engine_version = 1.31", "engine_version is 1.31: it must be a text in quotes"),
        ("rows = 1.5", "rows is 1.5: it must be a whole number"),
        ("tiny_limit_ms = 'fast'", "tiny_limit_ms is 'fast': it must be a number"),
        ("tiny_limit_ms = 0", "tiny_limit_ms is 0: it must be greater than 0"),
        ("offline = 'perhaps'", "offline is 'perhaps': it must be true or false"),
        ("engine = 'onx'", "engine is 'onx': it must be 'auto', 'onnxruntime', 'litert' or 'tiny'"),
        ("[[target]]\nmemory_mb = 64", "target[0].memory_mb is 64, and AWS Lambda takes 128 to 10240"),
    ],
)
def test_says_the_field_its_value_and_what_it_must_be(tmp_path: Path, text: str, said: str) -> None:
    assert said in refused(tmp_path, text).message


@pytest.mark.parametrize("name", ["trim", "target"])
def test_one_table_where_many_may_stand_is_told_how_to_be_written(tmp_path: Path, name: str) -> None:
    error = refused(tmp_path, f"[{name}]\nname = 'a'\n")
    assert f"[[{name}]]" in str(error.hint)


def test_a_mistyped_name_is_said_before_what_it_leaves_missing(tmp_path: Path) -> None:
    error = refused(tmp_path, "[[trim]]\nnam = 'tests'\nfiles = ['a']\n")
    assert "has no option 'trim[0].nam'" in error.message
    assert error.hint == "did you mean 'name'?"


def test_what_pydantic_calls_an_input_is_never_said(tmp_path: Path) -> None:
    for text in ("rows = []", "offline = 3", "favour = 1", "environment = 1", "trim = 3", "tolerance = 'x'"):
        error = refused(tmp_path, text)
        assert "Input" not in error.message and "valid" not in error.message
