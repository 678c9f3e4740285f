"""`packager optimize` as it is typed: what is listed, and what is refused before anything starts."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from packager.passes import PASSES


def packager(*words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "packager", *words], cwd=cwd, capture_output=True, text=True)


def test_every_pass_is_listed_with_its_options(tmp_path: Path) -> None:
    done = packager("optimize", "--passes", cwd=tmp_path)
    assert done.returncode == 0
    for kind, one in PASSES.items():
        assert f"\n{kind}: " in f"\n{done.stdout}"
        assert all(f"\n  {option} " in done.stdout for option in one.model_fields if option != "kind")


def test_passes_are_listed_as_json_schemas_too(tmp_path: Path) -> None:
    done = packager("optimize", "--passes", "-o", "json", cwd=tmp_path)
    assert set(json.loads(done.stdout)) == set(PASSES)


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("optimize", "model.onnx"), 3, "a drop of at most 0.5% needs rows of the real kind"),
        (("optimize", "model.onnx", "--pass", "static_int8"), 3, "the pass static_int8 needs rows"),
        (("optimize", "model.onnx", "--pass", "static_int9"), 3, "did you mean 'static_int8'?"),
        (
            ("optimize", "model.onnx", "--pass", "float16:kep_io=true"),
            3,
            "has no option 'optimize.passes[0].kep_io'",
        ),
        (("optimize", "model.onnx", "--objective", "speed"), 2, "'speed' is not one of"),
        (("build", "model.onnx", "--min-accuracy", "0.9"), 3, "there are no labelled rows to score"),
        (
            ("build", "model.onnx", "--max-drop", "little", "--samples", "x.npy"),
            3,
            "it must be written like 0.5%",
        ),
        (("bench", "--suite", "mnist-con"), 3, "did you mean 'mnist-conv'?"),
        (("bench",), 2, "name one ARTIFACT"),
    ],
)
def test_refuses_what_cannot_be_searched(
    words: tuple[str, ...], code: int, said: str, tmp_path: Path
) -> None:
    done = packager(*words, cwd=tmp_path)
    assert done.returncode == code
    assert said in done.stderr
    assert list(tmp_path.iterdir()) == []
