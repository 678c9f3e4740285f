"""The wheel of a bundle: its name, its tag, its version, and a record that holds for every file."""

import base64
import csv
import hashlib
import io
import keyword
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.metadata import Metadata
from packaging.tags import Tag
from packaging.utils import parse_wheel_filename
from packaging.version import Version

from packager import config
from packager.layout import Archive
from packager.targets.edge import profile, wheel
from packager.targets.edge.profile import LinuxDevice
from packager.targets.edge.target import Edge
from tests.packager.targets.test_edge import parts


def made(folder: Path, device: str = "raspberry-pi-4", name: str = "iris") -> Archive:
    layout = Edge(device=device).layout(parts(folder, name=name))
    return next(archive for archive in layout.archives if archive.dest.endswith(".whl"))


@pytest.mark.parametrize(
    ("name", "package"),
    [
        ("iris", "iris"), ("Iris", "Iris"), ("iris-model", "iris_model"), ("2024-model", "model_2024_model"),
        ("class", "class_model"), ("json", "json_model"), ("numpy", "numpy_model"), ("edge", "edge_model"),
        ("runtimes", "runtimes_model"), ("Json", "Json_model"), ("distutils", "distutils_model"),
        ("None", "None_model"), ("3", "model_3"),
    ],
)  # fmt: skip
def test_a_model_is_imported_by_its_name_where_that_can_be(name: str, package: str) -> None:
    assert wheel.import_name(name) == package
    assert bool(wheel.notes(name)) == (name != package)


@given(st.from_regex(config.NAME_PATTERN, fullmatch=True))
def test_every_name_of_an_artifact_gives_a_package_and_a_wheel(name: str) -> None:
    package = wheel.import_name(name)
    assert (
        package.isidentifier() and not keyword.iskeyword(package) and package not in sys.stdlib_module_names
    )
    version = wheel.version_of("0" * 12, name.encode())
    listed = wheel.distribution(package)
    found, parsed, _, _ = parse_wheel_filename(f"{listed}-{version}-py3-none-any.whl")
    assert found == listed.replace("_", "-") and str(parsed) == version


@pytest.mark.parametrize(
    ("device", "glibc", "tag"),
    [
        ("raspberry-pi-4", "2.28", "manylinux_2_28_aarch64"),
        ("linux-x86_64", "2.17", "manylinux_2_17_x86_64"),
        ("linux-x86_64", "2.5", "manylinux_2_17_x86_64"),
        ("raspberry-pi-3-32", "2.31", "manylinux_2_31_armv7l"),
        ("linux-riscv64", "2.39", "manylinux_2_39_riscv64"),
        ("alpine-arm64", "0", "musllinux_1_2_aarch64"),
        ("alpine-arm64", None, "any"),
    ],
)
def test_its_platform_is_what_the_library_asks_for(device: str, glibc: str | None, tag: str) -> None:
    found = profile.find(device)
    assert isinstance(found, LinuxDevice)
    assert wheel.platform_tag(found, glibc) == tag


def test_the_version_tells_models_and_bundles_apart() -> None:
    versions = {
        wheel.version_of(model, content) for model in ("0" * 12, "1" * 12) for content in (b"a", b"b")
    }
    assert len(versions) == 4
    assert all(str(Version(version)) == version for version in versions)


def test_its_record_has_every_file_with_its_digest(tmp_path: Path) -> None:
    archive = made(tmp_path)
    content = {file.dest: file.read() for file in archive.entries}
    (own,) = [name for name in content if name.endswith("/RECORD")]
    lines = list(csv.reader(io.StringIO(content[own].decode())))
    assert [name for name, _, _ in lines] == list(content)
    for name, digest, size in lines:
        if name == own:
            assert (digest, size) == ("", "")
            continue
        found = base64.urlsafe_b64encode(hashlib.sha256(content[name]).digest()).decode().rstrip("=")
        assert (digest, int(size)) == (f"sha256={found}", len(content[name]))


def test_it_holds_all_that_the_manifest_lists_and_no_byte_code(tmp_path: Path) -> None:
    names = [file.dest for file in made(tmp_path, name="iris-model").entries]
    assert not [name for name in names if "__pycache__" in name]
    assert {name.partition("/")[0].partition("-")[0] for name in names} == {"iris_model"}
    assert "iris_model/bundle/manifest.json" in names and "iris_model/bundle/lib/libengine.so" in names


def test_its_metadata_is_what_the_specification_asks_for(tmp_path: Path) -> None:
    archive = made(tmp_path, name="Iris")
    content = {
        file.dest.rpartition("/")[2]: file.read() for file in archive.entries if "dist-info" in file.dest
    }
    metadata = Metadata.from_email(content["METADATA"])
    name, version, _, tags = parse_wheel_filename(archive.dest)
    assert (metadata.name, metadata.version) == (name, version) == ("iris", metadata.version)
    assert "3.9" in (metadata.requires_python or "") and metadata.requires_dist is None
    assert tags == {Tag("py3", "none", "manylinux_2_28_aarch64")}
    assert "Root-Is-Purelib: false" in content["WHEEL"].decode()
