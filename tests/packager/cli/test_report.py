"""How `packager report` is asked."""

from pathlib import Path

from tests.main_job.commands import packager


def test_more_files_than_artifacts_is_a_mistake(tmp_path: Path) -> None:
    done = packager("report", "dist/iris/lambda", "--bench", "a.json", "--bench", "b.json", cwd=tmp_path)
    assert done.exit_code == 2
    assert "more files of figures than artifacts" in done.stderr


def test_figures_are_measured_or_named(tmp_path: Path) -> None:
    done = packager("report", "dist/iris/lambda", "--measure", "--tune", "a.json", cwd=tmp_path)
    assert done.exit_code == 2
    assert "leave out --bench and --tune" in done.stderr
