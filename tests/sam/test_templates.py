"""What SAM says of the templates, without an engine."""

from pathlib import Path

import pytest

from packager.invoke.sam import run
from tests.sam.built import Built

pytestmark = pytest.mark.network


@pytest.mark.parametrize("template", ["template.yaml", "template-image.yaml"])
def test_sam_and_its_linter_find_the_template_valid(
    template: str, sam: tuple[str, ...], forest: Built, tmp_path: Path
) -> None:
    printed = run(sam, ["validate", "--lint", "--template", str(forest.artifact / template)], tmp_path)
    assert printed.exit_code == 0 and "is a valid SAM Template" in printed.stdout, printed


def test_sam_build_takes_the_zip_as_it_is(sam: tuple[str, ...], forest: Built, tmp_path: Path) -> None:
    dest = tmp_path / "build"
    options = ["--template", str(forest.artifact / "template.yaml"), "--build-dir", str(dest)]
    printed = run(sam, ["build", *options], tmp_path)
    assert printed.exit_code == 0, printed.stderr
    assert "Build Succeeded" in printed.stdout + printed.stderr
    assert (dest / "template.yaml").is_file()
