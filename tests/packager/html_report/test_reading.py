"""Artifacts and their figures are read strictly: what is damaged, foreign or outdated is refused by name."""

import math
from dataclasses import replace
from pathlib import Path

import pytest

from packager.errors import ArtifactError
from packager.html_report.reading import read_subjects
from tests.packager.html_report import made


def test_reads_what_lies_in_the_folder_above(tmp_path: Path) -> None:
    (subject,) = read_subjects([made.measured_artifact(tmp_path)])
    assert subject.label == "iris"
    assert subject.built.verification.rows == 256
    assert subject.benchmark == made.benchmark()
    assert subject.tune == made.tuning()
    assert subject.sizes == made.sizes(*(f"package_{number}" for number in range(9)))


def test_reads_files_that_are_named_instead(tmp_path: Path) -> None:
    artifact = made.measured_artifact(tmp_path)
    named = made.save(made.bench(stable=False), tmp_path / "elsewhere.json")
    (subject,) = read_subjects([artifact], bench=[named])
    assert subject.benchmark is not None
    assert not subject.benchmark.cold.stable


def test_what_was_not_measured_is_none(tmp_path: Path) -> None:
    (subject,) = read_subjects([made.artifact(tmp_path)])
    assert (subject.bench, subject.tune) == (None, None)


def test_sizes_that_were_not_saved_for_this_archive_are_those_of_now(tmp_path: Path) -> None:
    artifact = made.artifact(tmp_path)
    made.save(replace(made.sizes(), zipped_bytes=99), artifact.parent / "sizes.json")
    (subject,) = read_subjects([artifact])
    assert subject.sizes.files == 2
    assert {share.kind for share in subject.sizes.shares} >= {"model"}
    with pytest.raises(ArtifactError, match="is of another archive"):
        read_subjects([artifact], sizes=[artifact.parent / "sizes.json"])


def test_artifacts_of_one_name_are_told_apart_by_their_paths(tmp_path: Path) -> None:
    artifacts = [made.artifact(tmp_path / "one"), made.artifact(tmp_path / "two")]
    assert [subject.label for subject in read_subjects(artifacts)] == [str(path) for path in artifacts]


def test_refuses_a_folder_that_is_no_artifact(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match=r"build\.json cannot be read"):
        read_subjects([tmp_path])


def test_refuses_a_named_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match=r"nowhere\.json cannot be read: No such file"):
        read_subjects([made.artifact(tmp_path)], tune=[tmp_path / "nowhere.json"])


def test_refuses_a_benchmark_of_another_build(tmp_path: Path) -> None:
    artifact = made.artifact(tmp_path)
    older = replace(made.bench(), measured=(replace(made.benchmark(), archive_sha256="0" * 64),))
    made.save(older, artifact.parent / "bench.json")
    with pytest.raises(ArtifactError, match="'iris' of another build") as caught:
        read_subjects([artifact])
    assert caught.value.hint is not None
    assert caught.value.hint.startswith("measure it again: packager bench ")


def test_refuses_a_tuning_of_another_build(tmp_path: Path) -> None:
    artifact = made.artifact(tmp_path)
    made.save(replace(made.tuning(), archive_sha256="0" * 64), artifact.parent / "tune.json")
    with pytest.raises(ArtifactError, match="'iris' of another build") as caught:
        read_subjects([artifact])
    assert caught.value.hint is not None
    assert caught.value.hint.startswith("measure it again: packager tune ")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"{", "is no JSON document"),
        (b"[]", "has schema None"),
        (b'{"schema_version": 7}', "has schema 7, and this packager reads 1"),
        (b'{"schema_version": 1}', "is not what `packager bench --save` writes: machine: Field required"),
    ],
)
def test_refuses_a_file_of_another_kind(content: bytes, said: str, tmp_path: Path) -> None:
    artifact = made.artifact(tmp_path)
    (artifact.parent / "bench.json").write_bytes(content)
    with pytest.raises(ArtifactError, match=said):
        read_subjects([artifact])


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_refuses_a_figure_that_is_not_finite(value: float, tmp_path: Path) -> None:
    artifact = made.artifact(tmp_path)
    one = replace(made.benchmark(), cold=replace(made.benchmark().cold, total_ms=made.distribution(value)))
    made.save(replace(made.bench(), measured=(one,)), artifact.parent / "bench.json")
    with pytest.raises(ArtifactError, match=r"bench\.json is no JSON document of finite figures"):
        read_subjects([artifact])
