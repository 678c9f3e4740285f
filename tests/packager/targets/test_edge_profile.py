"""Device profiles: those that come with packager, a user's own, and what is wrong with one in a sentence."""

from pathlib import Path

import pytest

from packager import dependencies
from packager.errors import ArtifactError, ConfigError
from packager.targets.edge import profile
from packager.targets.edge.profile import LinuxDevice

OWN = """
title = "The board in the shed"
kind = "linux"
arch = "arm64"
libc = "musl"
libc_version = "1.2"
python = "3.12"
cores = 1
memory_mb = 64
flash_mb = 8
"""


def refused(folder: Path, text: str, name: str = "shed.toml") -> ConfigError:
    (folder / name).write_text(text)
    with pytest.raises(ConfigError) as caught:
        profile.find(str(folder / name))
    return caught.value


@pytest.mark.parametrize("name", profile.names())
def test_every_profile_is_whole_and_says_its_figures(name: str) -> None:
    device = profile.find(name)
    assert device.name == name
    assert any(figure.isdigit() for figure in device.told)


@pytest.mark.parametrize("name", profile.names())
def test_every_device_with_linux_runs_models_somehow(name: str) -> None:
    device = profile.find(name)
    if isinstance(device, LinuxDevice):
        assert dependencies.is_published("tiny", device.platform)
        has_library = device.libc == "glibc" and device.arch in ("x86_64", "arm64")
        assert dependencies.is_published("onnxruntime_c", device.platform) == has_library


def test_a_users_own_profile_is_named_after_its_file(tmp_path: Path) -> None:
    (tmp_path / "shed.toml").write_text(OWN)
    device = profile.find(str(tmp_path / "shed.toml"))
    assert isinstance(device, LinuxDevice)
    assert (device.name, device.platform.glibc, device.platform.machine) == ("shed", "0", "aarch64")


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("cores = 1", "core = 1", "has no option 'core'"),
        ("cores = 1", "", "it has no 'cores'"),
        ("cores = 1", "cores = 'x'", "cores is 'x': it must be a whole number"),
        ('"1.2"', '"new"', "libc_version is 'new': it must be written like 2.36"),
        ('"3.12"', '"3.8"', "python is '3.8': it must be written like 3.11 (3.9 or newer)"),
        ('"arm64"', '"aarch64"', "arch is 'aarch64': it must be 'x86_64', 'arm64', 'armv7' or 'riscv64'"),
        ('kind = "linux"', "", """it has no 'kind': it must be "linux" or "microcontroller\""""),
        ('kind = "linux"', 'kind = "board"', "kind is 'board'"),
        ("cores = 1", "cores = ", "is not valid TOML"),
    ],
)
def test_a_wrong_profile_is_told_by_its_own_fields(
    tmp_path: Path, before: str, after: str, said: str
) -> None:
    error = refused(tmp_path, OWN.replace(before, after))
    assert said in error.message
    assert "packager init" not in str(error.hint)


def test_a_file_whose_name_is_no_name_of_a_device_is_told(tmp_path: Path) -> None:
    assert (
        "name is 'My board': it must be written like my-device"
        in refused(tmp_path, OWN, "My board.toml").message
    )


def test_a_name_that_is_nearly_right_is_suggested() -> None:
    with pytest.raises(ConfigError, match="there is no device 'rapsberry-pi-4'") as caught:
        profile.find("rapsberry-pi-4")
    assert caught.value.hint == "did you mean 'raspberry-pi-4'?"


def test_a_file_that_is_not_there_is_told() -> None:
    with pytest.raises(ConfigError, match=r"nowhere\.toml cannot be read"):
        profile.find("nowhere.toml")


def test_the_device_of_a_bundle_is_what_its_manifest_says(tmp_path: Path) -> None:
    (tmp_path / "shed.toml").write_text(OWN)
    device = profile.find(str(tmp_path / "shed.toml"))
    document = device.model_dump(mode="json", exclude={"title", "kind"})
    assert profile.of_bundle(document, tmp_path).platform == device.platform  # type: ignore[union-attr]
    with pytest.raises(ArtifactError, match="has no device that this packager knows"):
        profile.of_bundle({"name": "shed"}, tmp_path)
