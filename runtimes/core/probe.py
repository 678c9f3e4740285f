"""Runs cases through the shipped predictor: ``python -m runtimes.core.probe --root R --cases C --output O``.

The builder compares what this writes with the source model's own answers: what ships is what is proved.
Exit code 0 with answers; 1 with ``{"error": {"message"}}`` in the output; 2 for a wrong command line.
"""

from __future__ import annotations

import json
import os
import sys
from time import perf_counter

from runtimes.core.errors import ModelError, RequestError
from runtimes.core.predictor import Predictor
from runtimes.core.tensors import from_document

_OPTIONS = ("--root", "--cases", "--output")
_USAGE = "usage: python -m runtimes.core.probe --root ROOT --cases CASES.json --output ANSWERS.json"


def main(arguments: list[str]) -> int:
    """Run the cases and write the answers; see the module's first lines."""
    options = _read_options(arguments)
    if options is None:
        print(_USAGE, file=sys.stderr)
        return 2
    try:
        answers = probe(options["--root"], options["--cases"])
    except (ModelError, RequestError) as error:
        answers = {"schema_version": 1, "error": {"message": error.message}}
        print(f"error: {error.message}", file=sys.stderr)
    _write(options["--output"], answers)
    return 1 if "error" in answers else 0


def probe(root: str, cases_path: str) -> dict[str, object]:
    """The answers to every case, with the time that opening and each run took."""
    cases = _read_cases(cases_path)
    started = perf_counter()
    with Predictor(root) as predictor:
        load_ms = (perf_counter() - started) * 1000
        answers, run_ms = [], []
        for case in cases:
            started = perf_counter()
            outputs = predictor.run(case)
            run_ms.append((perf_counter() - started) * 1000)
            answers.append({"outputs": {name: tensor.document() for name, tensor in outputs.items()}})
    return {"schema_version": 1, "cases": answers, "load_ms": load_ms, "run_ms": run_ms}


def _read_options(arguments: list[str]) -> dict[str, str] | None:
    if len(arguments) != 2 * len(_OPTIONS) or sorted(arguments[::2]) != sorted(_OPTIONS):
        return None
    return dict(zip(arguments[::2], arguments[1::2]))


def _read_cases(path: str) -> list[dict[str, object]]:
    try:
        with open(path, encoding="utf-8") as file:
            document = json.load(file)
    except (OSError, ValueError, RecursionError) as error:
        raise ModelError(f"the cases {path} cannot be read: {error}") from None
    if not isinstance(document, dict) or document.get("schema_version") != 1:
        raise ModelError(
            f"the cases {path} have a schema_version that this runtime does not read (it reads 1)"
        )
    cases = document.get("cases")
    if not isinstance(cases, list):
        raise ModelError(f"the cases {path} hold no list of cases")
    return [_read_case(case, index) for index, case in enumerate(cases)]


def _read_case(case: object, index: int) -> dict[str, object]:
    inputs = case.get("inputs") if isinstance(case, dict) else None
    if not isinstance(inputs, dict):
        raise ModelError(f"case {index} has no inputs")
    tensors: dict[str, object] = {}
    for name, document in inputs.items():
        if not isinstance(document, dict):
            raise ModelError(f"case {index}: the input {name} is not a tensor")
        tensors[name] = from_document(document, f"cases[{index}].inputs.{name}")
    return tensors


def _write(path: str, document: dict[str, object]) -> None:
    """Whole or not at all: written beside, then renamed."""
    beside = f"{path}.{os.getpid()}.part"
    with open(beside, "w", encoding="utf-8") as file:
        json.dump(document, file, sort_keys=True)
    os.replace(beside, path)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
