"""Run in the environment of other generators of C: MODEL DEST. It imports nothing of packager.

Writes DEST/TOOL.c for each that takes the model, with `void bench_predict(const float *x, int64_t *label)`,
and DEST/said.json: for each tool its includes, or why there is nothing of it.
"""

import json
import sys
import warnings
from pathlib import Path
from typing import Any

import joblib

_SCALE = 1000
"""So that a feature of up to 32 is a whole number of 16 bits."""
_LABEL = "    *label = {};\n}}\n"
_HEAD = '#include "bench.h"\n'
_PREDICT = "\nvoid bench_predict(const float *x, int64_t *label) {\n"


def main(model: Path, dest: Path) -> None:
    """Try each tool in turn."""
    warnings.simplefilter("ignore")
    estimator = joblib.load(model)
    said: dict[str, Any] = {}
    for tool, write in TOOLS.items():
        if tool in ("emlearn_default", "emlearn_scaled") and not hasattr(estimator, "estimators_"):
            continue  # only its forests have other settings
        try:
            text, includes = write(estimator, dest)
        except Exception as error:  # noqa: BLE001 - whatever another tool raises is its answer
            said[tool] = {"error": f"{type(error).__name__}: {error}"[:200]}
        else:
            (dest / f"{tool}.c").write_text(text)
            said[tool] = {"includes": includes}
    (dest / "said.json").write_text(json.dumps(said))


def emlearn_exact(estimator: Any, dest: Path) -> tuple[str, list[str]]:
    """Trees with thresholds in single precision, leaves as fractions of 8 bits; nets as they are."""
    options = {"dtype": "float", "leaf_bits": 8} if hasattr(estimator, "estimators_") else {}
    return _emlearn(estimator, dest, "float", options)


def emlearn_default(estimator: Any, dest: Path) -> tuple[str, list[str]]:
    """Trees as it converts them by itself: whole numbers of 16 bits."""
    return _emlearn(estimator, dest, "int16_t", {})


def emlearn_scaled(estimator: Any, dest: Path) -> tuple[str, list[str]]:
    """The same with features times a thousand, which its user does by hand, and leaves of 8 bits."""
    for tree in estimator.estimators_:
        tree.tree_.threshold[:] *= _SCALE
    return _emlearn(estimator, dest, "int16_t", {"dtype": "int16_t", "leaf_bits": 8}, _SCALE)


def _emlearn(
    estimator: Any, dest: Path, number: str, options: dict[str, Any], scale: int = 1
) -> tuple[str, list[str]]:
    import emlearn  # type: ignore[import-not-found]

    made = emlearn.convert(estimator, method="inline", **options)
    header = dest / f"emlearn_{number}_{scale}.h"
    made.save(name="other", file=str(header))
    count = int(estimator.n_features_in_)
    value = "x[at]" if scale == 1 else f"(x[at] * {scale}.0f + 0.5f)"  # none of these is negative
    body = (
        f"    {number} row[{count}];\n"
        f"    for (int at = 0; at < {count}; at++) {{ row[at] = ({number}){value}; }}\n"
    )
    text = (
        _HEAD
        + f'#include "{header.name}"\n'
        + _PREDICT
        + body
        + _LABEL.format(f"other_predict(row, {count})")
    )
    return text, [emlearn.includedir]


def m2cgen(estimator: Any, _: Path) -> tuple[str, list[str]]:
    """Everything in double precision, as code."""
    import m2cgen as tool  # type: ignore[import-not-found]

    rows, classes = int(estimator.n_features_in_), len(estimator.classes_)
    sys.setrecursionlimit(1 << 16)
    body = (
        f"    double row[{rows}], out[{classes}];\n    int best = 0;\n"
        f"    for (int at = 0; at < {rows}; at++) {{ row[at] = x[at]; }}\n    score(row, out);\n"
        f"    for (int at = 1; at < {classes}; at++) {{ best = out[at] > out[best] ? at : best; }}\n"
    )
    return _HEAD + str(tool.export_to_c(estimator)) + _PREDICT + body + _LABEL.format("best"), []


TOOLS = {
    "emlearn_exact": emlearn_exact,
    "emlearn_default": emlearn_default,
    "m2cgen": m2cgen,
    "emlearn_scaled": emlearn_scaled,
}

if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
