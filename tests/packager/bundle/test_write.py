"""A layout becomes a folder in one step, within its limits, or nothing at all."""

import hashlib
import os
import stat
import subprocess
import zipfile
from pathlib import Path

import pytest

from packager import bundle
from packager.errors import ArtifactError, ConfigError, PackagerError, SizeLimitError
from packager.layout import Archive, IncludedFile, Layout, SizeKind, SizeLimit


def layout(*entries: IncludedFile, limits: tuple[SizeLimit, ...] = ()) -> Layout:
    return Layout("aws_lambda", entries, (Archive("function.zip", "function", "zip", limits),))


def small(limits: tuple[SizeLimit, ...] = ()) -> Layout:
    return layout(
        IncludedFile("function/z.txt", b"last"),
        IncludedFile("function/model/m.onnx", b"\0" * 4000),
        IncludedFile("function/run", b"#!/bin/sh\n", executable=True),
        IncludedFile("template.yaml", b"Resources: {}\n"),
        limits=limits,
    )


def limit(kind: SizeKind, most: int, *, refuse: bool = True) -> SizeLimit:
    return SizeLimit(kind, most, "a function", "make the model smaller", refuse)


def listing(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))


def test_writes_the_folder_and_its_zip(tmp_path: Path) -> None:
    (written,) = bundle.write(small(), tmp_path / "dist" / "lambda")
    with zipfile.ZipFile(written.path) as archive:
        assert archive.namelist() == ["model/m.onnx", "run", "z.txt"]
        assert archive.read("z.txt") == b"last"
        modes = {info.filename: stat.filemode(info.external_attr >> 16) for info in archive.infolist()}
        assert {info.date_time for info in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
    assert modes == {"model/m.onnx": "-rw-r--r--", "run": "-rwxr-xr-x", "z.txt": "-rw-r--r--"}
    assert (tmp_path / "dist/lambda/function/run").read_bytes() == b"#!/bin/sh\n"
    assert written.unzipped_bytes == 4014
    assert written.size_bytes == written.path.stat().st_size < 4014
    assert written.sha256 == hashlib.sha256(written.path.read_bytes()).hexdigest()
    assert [part.name for part in written.parts] == ["model/m.onnx", "run", "z.txt"]
    assert sum(part.unzipped_bytes for part in written.parts) == 4014
    assert listing(tmp_path / "dist") == [
        "lambda", "lambda/SHA256SUMS", "lambda/function", "lambda/function.zip", "lambda/function/model",
        "lambda/function/model/m.onnx", "lambda/function/run", "lambda/function/z.txt",
        "lambda/template.yaml",
    ]  # fmt: skip


def test_permissions_are_normal_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        bundle.write(small(), tmp_path / "lambda")
    finally:
        os.umask(before)
    folder = tmp_path / "lambda"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o755
    assert stat.S_IMODE((folder / "function/model").stat().st_mode) == 0o755
    assert stat.S_IMODE((folder / "function/run").stat().st_mode) == 0o755
    assert stat.S_IMODE((folder / "function.zip").stat().st_mode) == 0o644
    assert stat.S_IMODE((folder / "SHA256SUMS").stat().st_mode) == 0o644


def test_checksums_name_every_file_and_are_what_sha256sum_reads(tmp_path: Path) -> None:
    bundle.write(small(), tmp_path / "lambda", lambda stage, _: _touch(stage / "build.json"))
    folder = tmp_path / "lambda"
    named = [line.split("  ")[1] for line in (folder / bundle.CHECKSUMS).read_text().splitlines()]
    assert named == [
        "function.zip",
        "function/model/m.onnx",
        "function/run",
        "function/z.txt",
        "template.yaml",
    ]
    done = subprocess.run(
        ["sha256sum", "--check", "--strict", bundle.CHECKSUMS], cwd=folder, capture_output=True
    )
    assert done.returncode == 0, done.stderr


def _touch(path: Path) -> None:
    path.write_text("{}")


def test_source_date_epoch_is_the_date_of_every_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    (written,) = bundle.write(small(), tmp_path / "lambda")
    with zipfile.ZipFile(written.path) as archive:
        assert {info.date_time for info in archive.infolist()} == {(2023, 11, 14, 22, 13, 20)}
    assert (tmp_path / "lambda/function/run").stat().st_mtime == 1_700_000_000


def test_refuses_a_source_date_epoch_that_is_no_number(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "yesterday")
    with pytest.raises(ConfigError, match="SOURCE_DATE_EPOCH is 'yesterday'"):
        bundle.write(small(), tmp_path / "lambda")
    assert listing(tmp_path) == []


@pytest.mark.parametrize(("kind", "most"), [("unzipped", 4013), ("zipped", 100)])
def test_over_a_limit_nothing_is_written(tmp_path: Path, kind: SizeKind, most: int) -> None:
    with pytest.raises(SizeLimitError, match=f"function.zip is 0.0 MiB {kind}, over the limit") as raised:
        bundle.write(small((limit(kind, most),)), tmp_path / "lambda")
    assert raised.value.hint == "make the model smaller"
    assert listing(tmp_path) == []


def test_the_largest_files_are_named_when_the_sum_is_over_the_limit(tmp_path: Path) -> None:
    with pytest.raises(SizeLimitError) as raised:
        bundle.write(small((limit("unzipped", 10),)), tmp_path / "lambda")
    assert raised.value.details[0].endswith("model/m.onnx")


def test_exactly_the_limit_is_allowed(tmp_path: Path) -> None:
    (written,) = bundle.write(small((limit("unzipped", 4014),)), tmp_path / "lambda")
    assert written.notes == ()


def test_a_limit_that_does_not_refuse_becomes_a_note(tmp_path: Path) -> None:
    (written,) = bundle.write(small((limit("zipped", 100, refuse=False),)), tmp_path / "lambda")
    (note,) = written.notes
    assert "over the limit of 0.0 MiB for a function: make the model smaller" in note


def test_a_judge_that_refuses_leaves_what_was_there_before(tmp_path: Path) -> None:
    bundle.write(layout(IncludedFile("function/a", b"old")), tmp_path / "lambda")

    def judge(stage: Path, archives: tuple[bundle.WrittenArchive, ...]) -> None:
        assert (stage / "function/z.txt").is_file()
        assert archives[0].path == tmp_path / "lambda" / "function.zip"
        raise PackagerError("its answers are wrong")

    with pytest.raises(PackagerError, match="answers are wrong"):
        bundle.write(small(), tmp_path / "lambda", judge)
    assert (tmp_path / "lambda/function/a").read_bytes() == b"old"
    assert listing(tmp_path) == [
        "lambda", "lambda/SHA256SUMS", "lambda/function", "lambda/function.zip", "lambda/function/a",
    ]  # fmt: skip


def test_replaces_an_older_artifact_whole(tmp_path: Path) -> None:
    bundle.write(layout(IncludedFile("function/gone", b"old")), tmp_path / "lambda")
    bundle.write(small(), tmp_path / "lambda")
    assert not (tmp_path / "lambda/function/gone").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["lambda"]


def test_does_not_replace_a_folder_that_is_no_artifact(tmp_path: Path) -> None:
    (tmp_path / "lambda").mkdir()
    (tmp_path / "lambda/thesis.tex").write_text("years")
    with pytest.raises(ArtifactError, match="is not an artifact"):
        bundle.write(small(), tmp_path / "lambda")
    assert listing(tmp_path / "lambda") == ["thesis.tex"]


def test_does_not_replace_a_file(tmp_path: Path) -> None:
    (tmp_path / "lambda").write_text("notes")
    with pytest.raises(ArtifactError, match="is a file"):
        bundle.write(small(), tmp_path / "lambda")


@pytest.mark.parametrize("dest", ["../out", "/etc/passwd", "a/../../b", "a//b", "a\\b", ""])
def test_refuses_a_file_outside_the_folder(tmp_path: Path, dest: str) -> None:
    with pytest.raises(ArtifactError, match="outside its folder"):
        bundle.write(layout(IncludedFile(dest, b"")), tmp_path / "lambda")


def test_refuses_two_files_of_one_name(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match="two files 'function/a'"):
        bundle.write(
            layout(IncludedFile("function/a", b"1"), IncludedFile("function/a", b"2")), tmp_path / "lambda"
        )
