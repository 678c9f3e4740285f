"""Another memory for an artifact that stands: written whole, or not at all."""

import shutil
from pathlib import Path

import pytest

from packager import audit, evidence
from packager.errors import ArtifactError, ConfigError
from packager.tuning.apply import apply


@pytest.fixture
def artifact(project: Path, tmp_path: Path) -> Path:
    """The artifact in a place of its own; its model stays where it was built from."""
    return Path(shutil.copytree(project / "dist" / "iris" / "lambda", tmp_path / "dist" / "lambda"))


def test_template_record_and_digests_agree_afterwards(artifact: Path, tmp_path: Path) -> None:
    written = apply(artifact, 768, tmp_path)
    assert (written.memory_mb, written.before_mb, written.config) == (768, 1024, None)
    assert "MemorySize: 768\n" in (artifact / "template.yaml").read_text()
    assert evidence.function_of(artifact).memory_mb == 768
    assert audit.check_digests(artifact)


def test_what_sam_left_behind_stays_and_is_no_part_of_the_artifact(artifact: Path, tmp_path: Path) -> None:
    (artifact / ".aws-sam").mkdir()
    (artifact / ".aws-sam" / "build.toml").write_text("left")
    apply(artifact, 768, tmp_path)
    assert (artifact / ".aws-sam" / "build.toml").read_text() == "left"
    assert ".aws-sam" not in (artifact / "SHA256SUMS").read_text()
    assert audit.check_digests(artifact)


def test_an_artifact_that_was_changed_is_left_alone(artifact: Path, tmp_path: Path) -> None:
    (artifact / "template.yaml").write_text("mine")
    with pytest.raises(ArtifactError, match="is not what was built"):
        apply(artifact, 768, tmp_path)
    assert (artifact / "template.yaml").read_text() == "mine"
    assert evidence.function_of(artifact).memory_mb == 1024


def config_for(project: Path, folder: Path, rest: str) -> Path:
    path = folder / "packager.toml"
    path.write_text(f'model = "{project / "iris.joblib"}"\n{rest}')
    return path


@pytest.mark.parametrize(
    ("rest", "expected"),
    [
        ("", '[[target]]\nkind = "aws_lambda"\nmemory_mb = 768\n'),
        ('[[target]]\nmemory_mb = 1024  # big\narch = "arm64"\n', 'memory_mb = 768  # big\narch = "arm64"\n'),
        ('[[target]]\nkind = "aws_lambda"\n', 'kind = "aws_lambda"\nmemory_mb = 768\n'),
    ],
    ids=["no table", "with the option", "without the option"],
)
def test_the_configuration_that_built_it_gets_the_memory(
    project: Path, artifact: Path, tmp_path: Path, rest: str, expected: str
) -> None:
    path = config_for(project, tmp_path, rest)
    assert apply(artifact, 768, tmp_path).config == path
    assert expected in path.read_text()


def test_a_configuration_of_another_model_is_left_alone(artifact: Path, tmp_path: Path) -> None:
    (tmp_path / "packager.toml").write_text('model = "other.joblib"\n')
    assert apply(artifact, 768, tmp_path).config is None
    assert (tmp_path / "packager.toml").read_text() == 'model = "other.joblib"\n'


def test_a_damaged_configuration_is_said_before_anything_is_written(artifact: Path, tmp_path: Path) -> None:
    (tmp_path / "packager.toml").write_text("model = ")
    with pytest.raises(ConfigError, match="not valid TOML"):
        apply(artifact, 768, tmp_path)
    assert evidence.function_of(artifact).memory_mb == 1024
