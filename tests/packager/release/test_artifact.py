"""What is released is a whole edge bundle, or is refused by name."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from packager.errors import ArtifactError
from packager.release import artifact
from tests.edge.update.releases import make_bundle


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    return make_bundle(tmp_path / "bundle", 1)


def change(bundle: Path, changed: Callable[[dict[str, Any]], object]) -> None:
    place = bundle / "manifest.json"
    document = json.loads(place.read_text())
    changed(document)
    place.write_text(json.dumps(document))


def test_reads_a_whole_bundle(bundle: Path) -> None:
    found = artifact.read(bundle)
    assert (found.name, found.device) == ("iris", "test-device")
    on_disk = sum(path.stat().st_size for path in bundle.rglob("*") if path.is_file())
    assert found.total_bytes == on_disk


def test_an_artifact_is_held_to_its_checksums(bundle: Path, tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match=r"no SHA256SUMS"):
        artifact.read(tmp_path)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        (lambda document: document.pop("device"), "its manifest names no device"),
        (lambda document: document.pop("version"), "is not a manifest"),
        (lambda document: document.update(name="../iris"), "cannot have the name"),
        (lambda document: document["device"].update(name="a/b"), "cannot have the device"),
        (lambda document: document["files"].update({"../x": {}}), "no sound entry for the file '../x'"),
        (
            lambda document: document["files"].update({"x": {"sha256": "0"}}),
            "no sound entry for the file 'x'",
        ),
    ],
)
def test_refuses_a_manifest_that_is_none_of_an_edge_bundle(
    bundle: Path, changed: Callable[[dict[str, Any]], object], said: str
) -> None:
    change(bundle, changed)
    with pytest.raises(ArtifactError, match=said):
        artifact.read(bundle)


def test_refuses_a_bundle_that_is_not_what_was_built(bundle: Path) -> None:
    (bundle / "golden.json").write_text("{}")
    (bundle / "README.md").unlink()
    (bundle / "model" / "model.tiny").rename(bundle / "elsewhere")
    (bundle / "model" / "model.tiny").symlink_to(bundle / "elsewhere")
    with pytest.raises(ArtifactError, match="3 files differ") as caught:
        artifact.read(bundle)
    assert caught.value.details == ("README.md: missing", "golden.json: changed", "model/model.tiny: missing")


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"[" * 100_000])
def test_refuses_what_is_no_manifest(bundle: Path, body: bytes) -> None:
    (bundle / "manifest.json").write_bytes(body)
    with pytest.raises(ArtifactError, match="is not"):
        artifact.read(bundle)


def test_says_that_c_is_not_released(tmp_path: Path) -> None:
    (tmp_path / "c").mkdir()
    with pytest.raises(ArtifactError, match="built into its firmware"):
        artifact.read(tmp_path)
