"""`python -m benchmarks.microcontroller`: models as C on Cortex-M parts, ours beside other generators', into
docs/microcontrollers.md."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import microcontroller_models as models
from packager import environments, probe, verify
from packager.errors import PackagerError
from packager.firmware import board
from packager.model import Signature, TensorSpec
from packager.probe import Case
from packager.recipes import Recipe
from packager.results import Footprint
from packager.targets.edge import profile
from packager.targets.edge.profile import Microcontroller

PAGE = Path("docs/microcontrollers.md")
PARTS = ("cortex-m4", "cortex-m3")
OTHERS = Recipe(
    "benchmark-c",
    pythons=("3.11", "3.12"),
    requirements=("emlearn==0.23.2", "m2cgen==0.10.0", "scikit-learn==1.9.1", "xgboost-cpu==3.2.0"),
)
_SCRIPT = Path(__file__).with_name("microcontroller_others.py")
_NAMES = {
    "packager": "packager",
    "emlearn_exact": "emlearn, float",
    "emlearn_default": "emlearn, as it comes (int16)",
    "emlearn_scaled": "emlearn, int16 of features x 1000",
    "m2cgen": "m2cgen",
}
_HEADER = """#include <stdint.h>
void bench_predict(const float *x, int64_t *label);
"""
_ROWS = """#include "bench.h"
#include "rows.h"
int main(void) {{
    float x[{count}];
    int64_t label;
    while (rows_read(x, sizeof x)) {{
        bench_predict(x, &label);
        rows_write(&label, sizeof label);
    }}
    return 0;
}}
"""
_INTRODUCTION = """# Models on microcontrollers

Written by `make microcontroller`. Every row was answered on QEMU's Cortex-M4F (mps2-an386) and Cortex-M3
(mps2-an385) by code of {compiler}, `-Os`. Flash and RAM are the model's own, in bytes: an empty
firmware's are taken off. Stack is the deepest that one prediction went. packager's C answers labels and
probabilities, the others labels. `right`: rows with the source model's label. Nothing here says how long a
prediction takes: an emulator does not know.

| model | C by | flash M4F | RAM | stack | right | flash M3 | stack | right |
|---|---|--:|--:|--:|--:|--:|--:|--:|
"""
_AFTER = """
emlearn's setting for forests that takes features as they are (`dtype="float", leaf_bits=8`) stands beside
the one that it takes by itself, which rounds them to whole numbers, and beside that one with features that
its user has multiplied by 1000 and `leaf_bits=8`. Where a cell says why there is nothing, these are the
tool's own words. Versions: {versions}.
"""


@dataclass(frozen=True, slots=True)
class Other:
    """What another generator wrote, as a board asks it."""

    source: str
    signature: Signature
    name: str = "bench"
    header: str = _HEADER
    scratch_bytes: int = 0
    has_trees: bool = True

    @property
    def rows_source(self) -> str:
        """The program that answers rows."""
        return _ROWS.format(count=self.signature.inputs[0].shape[1])


def main() -> int:
    """Measure, print and write."""
    rows: list[str] = []
    compiler = ""
    with tempfile.TemporaryDirectory(prefix="packager-c-") as scratch:
        for model in models.all_models(Path(scratch)):
            for line, found in _lines(model):
                compiler = found.compiler or compiler if found else compiler
                rows.append(line)
                print(line, flush=True)
    text = _INTRODUCTION.format(compiler=compiler) + "".join(f"{row}\n" for row in rows)
    PAGE.write_text(text + _AFTER.format(versions=", ".join(OTHERS.requirements)), encoding="utf-8")
    return 0


def _lines(model: models.Model) -> Iterator[tuple[str, Footprint | None]]:
    """A line of the table for each generator."""
    converted, generated = model.written()
    cases = probe.read_cases(converted.reference)
    sent = generated.coding.sent(cases)
    ours = []
    for part in map(_part, PARTS):
        checked = board.check(generated, part, sent)
        assert checked.answers is not None and checked.footprint is not None, checked.not_shown
        signature = converted.model.signature
        answers = generated.coding.answered(checked.answers)
        allowed = verify.tolerances(signature, cases)
        found = verify.compare(cases, answers, signature, "samples", allowed, "C")
        ours.append((checked.footprint, 1 - found.label_flips / found.rows if found.passed else 0.0))
    yield _line(model.name, "packager", ours), ours[0][0]
    for tool, other in _others(model, cases, converted.model.signature):
        if isinstance(other, str):
            yield f"| {model.name} | {_NAMES[tool]} | {other} |  |  |  |  |  |  |", None
        else:
            yield _line(model.name, tool, other), None


def _others(
    model: models.Model, cases: Sequence[Case], signature: Signature
) -> Iterator[tuple[str, str | list[tuple[Footprint, float]]]]:
    """What each other tool makes of it; or why nothing."""
    if model.estimator is None:
        return
    labels = _labels(cases[-1], signature)
    asked = _as_floats(cases[-1])
    with tempfile.TemporaryDirectory(prefix="packager-others-") as scratch:
        folder = Path(scratch)
        python = environments.find(OTHERS).python
        command = [str(python), "-I", str(_SCRIPT), str(model.estimator), str(folder)]
        subprocess.run(command, cwd=folder, check=True)  # emlearn compiles in ./tmp
        said = json.loads((folder / "said.json").read_text())
        for tool, what in said.items():
            if "error" in what:
                yield tool, what["error"]
                continue
            source = (folder / f"{tool}.c").read_text()
            includes = (str(folder), *what["includes"])
            try:
                yield tool, [_asked(source, part, includes, asked, labels) for part in map(_part, PARTS)]
            except PackagerError as error:
                yield tool, error.message


def _asked(
    source: str, part: Microcontroller, includes: Sequence[str], rows: Any, labels: Any
) -> tuple[Footprint, float]:
    """Footprint and the share of the source model's labels."""
    signature = Signature(
        inputs=(TensorSpec("x", "float32", ("batch", rows.shape[1])),),
        outputs=(TensorSpec("label", "int64", ("batch",), "label"),),
    )
    # The other tools' headers are theirs, and so is what a strict compiler says of them.
    flags = (*part.flags, *(f"-I{folder}" for folder in includes), "-w")
    other = Other(source, signature)
    checked = board.check(other, part.model_copy(update={"flags": flags}), (Case({"x": rows}, {}),))
    assert checked.answers is not None and checked.footprint is not None, checked.not_shown
    return checked.footprint, float((checked.answers.outputs[0]["label"] == labels).mean())


def _labels(case: Case, signature: Signature) -> Any:
    """The places of the source model's labels among its classes."""
    (label,) = (spec.name for spec in signature.outputs if spec.role == "label")
    classes = list(signature.class_labels)
    return np.array([classes.index(one) for one in case.outputs[label].tolist()])


def _as_floats(case: Case) -> Any:
    return np.concatenate([case.inputs[name] for name in case.inputs], axis=1).astype(np.float32)


def _part(name: str) -> Microcontroller:
    found = profile.find(name)
    assert isinstance(found, Microcontroller)
    return found


def _line(model: str, tool: str, found: Sequence[tuple[Footprint, float]]) -> str:
    (first, right), (second, also) = found
    cells = [
        model, _NAMES[tool], f"{first.flash_bytes:,}", f"{first.ram_bytes:,}", f"{first.stack_bytes:,}",
        f"{right:.1%}", f"{second.flash_bytes:,}", f"{second.stack_bytes:,}", f"{also:.1%}",
    ]  # fmt: skip
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    sys.exit(main())
