"""The layout of a batch job: each page as it was reviewed, what runs apart from the rest, its digests."""

import hashlib
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from packager import bundle
from packager.layout import IncludedFile, Layout, Parts
from packager.manifest import canonical_json
from packager.model import ModelFile, Signature
from packager.targets.batch.target import Batch
from tests.packager.targets import golden
from tests.packager.targets.models import IMAGE, IRIS, IRIS_ROWS, MIXED

RUNTIME = (
    IncludedFile("runtimes/__init__.py", b"ours"),
    IncludedFile("runtimes/__pycache__/__init__.cpython-313.pyc", b"compiled"),
    IncludedFile("runtimes/batch/__main__.py", b"ours, too"),
)


def parts(folder: Path, *, name: str = "iris", signature: Signature = IRIS, model: bytes = b"onnx") -> Parts:
    """What a build would lay out, with an engine's library and its licence."""
    path, library = folder / "model.onnx", folder / "library.so"
    path.write_bytes(model)
    library.write_bytes(b"library")
    manifest = {
        "name": name, "version": "1f3a0b9c2d4e", "engine": {"kind": "onnxruntime_c", "version": "1.31.1"},
        "source": {"description": "Pipeline(StandardScaler, RandomForestClassifier)"},
    }  # fmt: skip
    return Parts(
        name=name,
        model=ModelFile(path, "onnx", signature, "1f3a0b9c2d4e" + "0" * 52, len(model), 18),
        manifest_json=canonical_json(manifest),
        golden_json=IRIS_ROWS,
        runtime=RUNTIME,
        library=library,
        library_dest="lib/libonnxruntime.so.1",
        licences=(IncludedFile("lib/onnxruntime-LICENSE", b"MIT"),),
    )


def read(layout: Layout, dest: str) -> bytes:
    (found,) = (entry for entry in layout.entries if entry.dest == dest)
    return found.read()


@pytest.mark.parametrize(
    ("case", "target", "signature"),
    [
        ("iris", Batch(), IRIS),
        ("mixed-arm64", Batch(arch="arm64", python="3.12"), MIXED),
        ("image", Batch(), IMAGE),
    ],
)
def test_pages_are_as_they_were_reviewed(
    case: str, target: Batch, signature: Signature, tmp_path: Path
) -> None:
    layout = target.layout(parts(tmp_path, name=case, signature=signature))
    pages = re.compile(r"README\.md|Dockerfile|\.dockerignore|job/(__main__\.py|manifest\.json)")
    golden.check(f"batch/{case}", [file for file in layout.entries if pages.fullmatch(file.dest)])


def test_what_runs_lies_in_the_jobs_folder_and_its_archive(tmp_path: Path) -> None:
    made = Batch().layout(parts(tmp_path))
    inside = {entry.dest for entry in made.entries if entry.dest.startswith("job/")}
    assert inside == {
        "job/__main__.py",
        "job/golden.json",
        "job/lib/libonnxruntime.so.1",
        "job/lib/onnxruntime-LICENSE",
        "job/manifest.json",
        "job/model/model.onnx",
        "job/requirements.txt",
        "job/runtimes/__init__.py",
        "job/runtimes/__pycache__/__init__.cpython-313.pyc",
        "job/runtimes/batch/__main__.py",
    }
    (archive,) = made.archives
    assert (archive.dest, archive.folder, archive.format) == ("job.tar.gz", "job", "tar.gz")


def test_the_manifest_has_the_digest_of_the_model_and_of_the_engine(tmp_path: Path) -> None:
    document = json.loads(read(Batch().layout(parts(tmp_path, model=b"some model")), "job/manifest.json"))
    assert sorted(document["files"]) == [
        "lib/libonnxruntime.so.1",
        "lib/onnxruntime-LICENSE",
        "model/model.onnx",
    ]
    sha256 = hashlib.sha256(b"some model").hexdigest()
    assert document["files"]["model/model.onnx"] == {"sha256": sha256, "size_bytes": 10}


def test_every_requirement_is_exact_and_hashed(tmp_path: Path) -> None:
    text = read(Batch().layout(parts(tmp_path)), "job/requirements.txt").decode()
    packages = re.findall(r"^([\w-]+)(.*?)(?: ;.*)? \\$", text, re.MULTILINE)
    assert {"pyarrow", "boto3", "tqdm"} <= {name for name, _ in packages}
    assert all(version.startswith("==") for _, version in packages)
    assert text.count("--hash=sha256:") >= len(packages)
    assert "://" not in text  # no index is named


def test_no_pure_python_package_takes_numpy_along(tmp_path: Path) -> None:
    assert "numpy" not in read(Batch().layout(parts(tmp_path)), "job/requirements.txt").decode()


def test_the_model_of_a_name_that_templates_could_take_for_their_own(tmp_path: Path) -> None:
    feature = replace(IRIS.features[0], name="a|b `c` {{ d }} <e>")
    signature = replace(IRIS, features=(feature, *IRIS.features[1:]))
    page = read(Batch().layout(parts(tmp_path, signature=signature)), "README.md").decode()
    assert "| `a\\|b `c` {{ d }} <e>` | a number |" in page


def test_a_job_is_written_and_checked_as_any_artifact(tmp_path: Path) -> None:
    dest = tmp_path / "dist" / "iris" / "batch"
    (archive,) = bundle.write(Batch().layout(parts(tmp_path)), dest)
    assert archive.path == dest / "job.tar.gz"
    assert (dest / "job" / "model" / "model.onnx").read_bytes() == b"onnx"


@pytest.mark.parametrize(
    ("field", "value"), [("arch", "armv7"), ("python", "3.10"), ("kind", "edge"), ("runtime", "x")]
)
def test_refuses_what_no_job_has(field: str, value: Any) -> None:
    with pytest.raises(ValueError, match=field):
        Batch.model_validate({field: value})
