"""The record of a build is read whole, or refused with the way on."""

import json
from pathlib import Path

import pytest

from packager import evidence
from packager.errors import ArtifactError


def test_a_folder_without_a_record_is_no_artifact(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match=r"none/build\.json cannot be read: No such file") as caught:
        evidence.read(tmp_path / "none")
    assert "`packager build`" in str(caught.value.hint)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"schema_version": 2}', "\x00"])
def test_refuses_what_is_no_record(text: str, tmp_path: Path) -> None:
    (tmp_path / "build.json").write_text(text)
    with pytest.raises(ArtifactError, match="is not a record of a build") as caught:
        evidence.read(tmp_path)
    assert "`packager build`" in str(caught.value.hint)


def test_refuses_a_record_from_another_schema(tmp_path: Path) -> None:
    (tmp_path / "build.json").write_text(json.dumps({"schema_version": 1}))
    with pytest.raises(ArtifactError, match="has schema 1, and this packager reads 2"):
        evidence.read(tmp_path)
