"""The layout of a bundle: each rendering as it was reviewed, each file in its manifest, units that load."""

import hashlib
import json
import re
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from packager import bundle
from packager.errors import ConfigError, SizeLimitError
from packager.layout import IncludedFile, Layout, Parts
from packager.manifest import canonical_json
from packager.model import Feature, Format, ModelFile, Signature
from packager.targets.edge import pages, profile
from packager.targets.edge.profile import LinuxDevice
from packager.targets.edge.target import Edge
from tests.devices.presence import NotHereError, need_programs, skip_or_fail
from tests.packager.targets import golden
from tests.packager.targets.models import IMAGE, IRIS, IRIS_ROWS, tensor
from tests.packager.targets.models import golden as golden_cases

RUNTIME = (
    IncludedFile("edge/__init__.py", b"ours"),
    IncludedFile("edge/__pycache__/__init__.cpython-311.pyc", b"compiled"),
    IncludedFile("runtimes/__init__.py", b"ours, too"),
)
IMAGE_ROWS = golden_cases({"image": tensor([[[[0.0] * 64] * 64] * 3], "float32")})


def parts(
    folder: Path,
    *,
    name: str = "iris",
    signature: Signature = IRIS,
    cases: bytes = IRIS_ROWS,
    format: Format = "onnx",
    model_bytes: int = 4,
) -> Parts:
    """What a build would lay out: a model of some bytes, and unless it is for tiny a library."""
    path = folder / f"model.{format}"
    path.write_bytes(b"m" * model_bytes)
    library = folder / "library.so"
    library.write_bytes(b"library")
    kind = {"onnx": "onnxruntime_c", "tflite": "litert_c", "tiny": "tiny"}[format]
    manifest = {
        "name": name, "version": "1f3a0b9c2d4e", "engine": {"kind": kind, "version": "1.31.1"},
        "source": {"description": "Pipeline(StandardScaler, RandomForestClassifier)"},
    }  # fmt: skip
    made = Parts(
        name=name,
        model=ModelFile(path, format, signature, "1f3a0b9c2d4e" + "0" * 52, model_bytes, 18),
        manifest_json=canonical_json(manifest),
        golden_json=cases,
        runtime=RUNTIME,
        packages=(IncludedFile("tuf/__init__.py", b"theirs"),),
        library=library,
        library_dest="lib/libengine.so",
        licences=(IncludedFile("lib/onnxruntime-LICENSE", b"MIT"),),
        library_glibc="2.28",
        tolerance={"probabilities": {"absolute": 1e-5, "relative": 1e-4}},
    )
    without = replace(made, library=None, library_dest=None, licences=(), library_glibc=None)
    return without if format == "tiny" else made


def texts(layout: Layout) -> list[IncludedFile]:
    """What is rendered, of the bundle and of the wheel, whose version depends on every other byte."""
    inside = [entry for archive in layout.archives for entry in archive.entries]
    version = next(entry.dest for entry in inside if "dist-info" in entry.dest).split("-")[1]
    wanted = re.compile(
        r"bundle/(README\.md|manifest\.json|systemd/.*)|[^/]+/__(init|main)__\.py|.*dist-info/(METADATA|WHEEL)"
    )
    return [
        IncludedFile(
            _place(file.dest), file.read().replace(version.removesuffix(".dist").encode(), b"VERSION")
        )
        for file in sorted((*layout.entries, *inside), key=lambda file: file.dest)
        if wanted.fullmatch(file.dest)
    ]


def _place(dest: str) -> str:
    """Beneath `wheel/`, and so named that no tool takes it for a module of these tests."""
    if dest.startswith("bundle/"):
        return dest
    return f"wheel/{dest.rpartition('/')[2]}".replace(".py", ".py.txt")


def read(layout: Layout, name: str) -> str:
    return next(file.read().decode() for file in layout.entries if file.dest == f"bundle/{name}")


def manifest_of(layout: Layout) -> Any:
    return json.loads(read(layout, "manifest.json"))


@pytest.mark.parametrize("format", ["onnx", "tiny"])
def test_every_rendering_is_as_it_was_reviewed(format: Format, tmp_path: Path) -> None:
    layout = Edge(device="raspberry-pi-4").layout(parts(tmp_path, format=format, name="iris-model"))
    golden.check(f"edge/{format}", texts(layout))


def test_the_manifest_lists_every_file_but_byte_code_and_itself(tmp_path: Path) -> None:
    layout = Edge(device="raspberry-pi-4").layout(parts(tmp_path))
    files = {file.dest.removeprefix("bundle/"): file for file in layout.entries}
    listed = manifest_of(layout)["files"]
    left_out = {"manifest.json", "SHA256SUMS", "edge/__pycache__/__init__.cpython-311.pyc"}
    assert set(files) - set(listed) == left_out
    assert {
        "lib/libengine.so", "lib/onnxruntime-LICENSE", "update_packages/tuf/__init__.py", "model/model.onnx"
    } <= set(listed)  # fmt: skip
    for name, entry in listed.items():
        content = files[name].read()
        assert entry == {
            "sha256": hashlib.sha256(content).hexdigest(),
            "size_bytes": len(content),
            "blake2b": [hashlib.blake2b(content, digest_size=32).hexdigest()],
        }


def test_the_bundles_own_checksums_hold_on_the_device(tmp_path: Path) -> None:
    dest = tmp_path / "edge"
    bundle.write(Edge(device="linux-x86_64").layout(parts(tmp_path)), dest)
    done = subprocess.run(["sha256sum", "--check", "--strict", "--quiet", "SHA256SUMS"], cwd=dest / "bundle")
    assert done.returncode == 0


def test_the_page_asks_a_real_row_of_this_model(tmp_path: Path) -> None:
    page = read(Edge(device="linux-x86_64").layout(parts(tmp_path)), "README.md")
    assert "model.predict([[5.1, 3.5, 1.4, 0.2]])" in page
    assert "echo '[5.1, 3.5, 1.4, 0.2]' | python3 -m edge predict" in page
    assert "| `petal length (cm)` | number | no |" in page


def test_the_page_of_a_model_whose_rows_are_long_shows_its_inputs(tmp_path: Path) -> None:
    made = parts(tmp_path, signature=IMAGE, cases=IMAGE_ROWS)
    page = read(Edge(device="linux-x86_64").layout(made), "README.md")
    assert 'model.run({"image": …})' in page
    assert "| `image` | float32 | batch × 3 × 64 × 64 |" in page


def test_names_of_columns_stay_within_their_cell_and_their_quotes(tmp_path: Path) -> None:
    strange = Feature("it's a|b\nc", "text", "X", 0)
    signature = replace(IRIS, features=(strange, *IRIS.features[1:]))
    cases = golden_cases({"X": tensor([["don't", "b", "c", "d"]], "string")})
    page = read(
        Edge(device="linux-x86_64").layout(parts(tmp_path, signature=signature, cases=cases)), "README.md"
    )
    assert "| `it's a\\|b c` | text | no |" in page
    command = next(line for line in page.splitlines() if line.startswith("echo "))
    said = subprocess.run(["sh", "-c", command.partition(" | ")[0]], capture_output=True, text=True).stdout
    assert json.loads(said) == ["don't", "b", "c", "d"]


def test_systemd_takes_every_unit_without_a_word_and_finds_them_locked_up(tmp_path: Path) -> None:
    try:
        need_programs("systemd-analyze", package="systemd")
    except NotHereError as error:
        skip_or_fail(error)
    device = profile.find("raspberry-pi-4")
    assert isinstance(device, LinuxDevice)
    units = pages.units("iris_1-model", device)
    for unit in units:
        (tmp_path / Path(unit.dest).name).write_bytes(unit.read())
    names = sorted(path.name for path in tmp_path.iterdir())
    assert len(names) == 5
    done = subprocess.run(["systemd-analyze", "verify", *names], cwd=tmp_path, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    for name in (name for name in names if name.endswith(".service")):
        command = ["systemd-analyze", "security", "--offline=yes", "--threshold=20", name]
        assert subprocess.run(command, cwd=tmp_path, capture_output=True).returncode == 0, name


def test_the_units_keep_the_models_process_within_its_budget() -> None:
    device = profile.find("raspberry-pi-zero-2")
    assert isinstance(device, LinuxDevice)
    units = {file.dest: file.read().decode() for file in pages.units("iris", device)}
    assert f"MemoryMax={device.memory_mb}M\n" in units["systemd/iris@.service"]
    assert all("NoNewPrivileges=yes" in text for name, text in units.items() if name.endswith(".service"))


@pytest.mark.parametrize(
    ("format", "model_bytes", "hint"),
    [
        ("onnx", 3 << 20, "--pass static_int8"),
        ("tflite", 3 << 20, "tflite_full_int8"),
        ("tiny", 3 << 20, "truncate_trees"),
    ],
)
def test_a_bundle_over_its_flash_is_refused_with_the_passes_that_help(
    format: Format, model_bytes: int, hint: str, tmp_path: Path
) -> None:
    own = tmp_path / "small.toml"
    text = Path("edge/devices/linux-x86_64.toml").read_text()
    own.write_text(text.replace("flash_mb = 400", "flash_mb = 1"))
    layout = Edge(device=str(own)).layout(parts(tmp_path, format=format, model_bytes=model_bytes))
    with pytest.raises(
        SizeLimitError, match=r"iris\.tar\.gz is 3\.0 MiB unzipped, over the limit of 1\.0 MiB"
    ) as no:
        bundle.write(layout, tmp_path / "dist" / "edge")
    assert hint in str(no.value.hint)
    assert f"model/model.{format}" in no.value.details[0]
    assert not (tmp_path / "dist").exists()


def test_a_bundle_whose_library_alone_is_too_large_is_told_that_no_pass_helps(tmp_path: Path) -> None:
    own = tmp_path / "small.toml"
    own.write_text(
        Path("edge/devices/linux-x86_64.toml").read_text().replace("flash_mb = 400", "flash_mb = 1")
    )
    made = parts(tmp_path)
    assert made.library is not None
    made.library.write_bytes(b"l" * (2 << 20))
    with pytest.raises(SizeLimitError) as refused:
        bundle.write(Edge(device=str(own)).layout(made), tmp_path / "dist")
    assert "no pass on the model would help" in str(refused.value.hint)
    assert "--engine tiny" in str(refused.value.hint)


def test_a_device_has_to_be_named() -> None:
    with pytest.raises(ConfigError, match="none is named") as refused:
        _ = Edge().platform
    assert "raspberry-pi-4" in str(refused.value.hint)
