"""Models as C for tests: generated without a worker, compiled with sanitizers, asked rows of any kind."""

import subprocess
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from packager import probe, verify
from packager.conversion import Conversion
from packager.converters.signature import Signature as Written
from packager.converters.tiny.graph import lower
from packager.environments import current
from packager.firmware import Generated, Precision, answers, generate
from packager.firmware.literals import literal
from packager.firmware.proof import compiler
from packager.manifest import read_signature
from packager.model import ModelFile, Signature, SourceModel
from packager.probe import Array, Case
from packager.results import ConversionRecord, Verification
from tests.converters.jobs import Done, do

SANITIZED = ("-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")


def of_job(done: Done) -> Conversion:
    """What a worker's job converted, written for the engine tiny by a second one."""
    assert done.result["ok"], done.result
    source = done.folder / done.result["model"]["path"]
    tiny = do(
        done.folder.parent / "tiny", source, action="translate", format="tiny", converted=str(done.folder)
    )
    assert tiny.result["ok"], tiny.result
    signature = read_signature(done.signature)
    return _conversion(tiny.folder / "model.tiny", signature, done.folder / "reference.json")


def of_graph(model: Any, signature: Written, cases: list[Case], folder: Path) -> Conversion:
    """An ONNX graph, with answers that somebody else gave."""
    path, reference = folder / "model.tiny", folder / "reference.json"
    path.write_bytes(lower(model, signature).data)
    probe.write_cases(reference, cases)
    return _conversion(path, read_signature(asdict(signature)), reference)


def _conversion(model: Path, signature: Signature, reference: Path) -> Conversion:
    source = SourceModel(
        path=model, framework="sklearn", framework_version="1.9", written_by=None, description="a model",
        sha256="0" * 64, size_bytes=1, signature=signature,
    )  # fmt: skip
    record = ConversionRecord(
        "0" * 64, "sklearn 1.9", None, "a test", "tiny", None, "current", "3.11", {}, ()
    )
    return Conversion(
        source=source,
        model=ModelFile(model, "tiny", signature, "1f" * 32, model.stat().st_size),
        record=record,
        reference=reference,
        rows=0,
        source_of_rows="samples",
        accuracy=None,
        environment=current(),
        notes=(),
    )


def held(
    converted: Conversion, name: str = "model", precision: Precision = "own"
) -> tuple[Generated, Verification]:
    """The C of a model beside the source's own answers, under the sanitizers."""
    cases, signature = probe.read_cases(converted.reference), converted.model.signature
    tolerance = verify.tolerances(signature, cases)
    generated = generate(converted, name, tolerance, precision)
    found = answers(generated, cases, SANITIZED)
    return generated, verify.compare(cases, found, signature, "samples", tolerance, "C")


def answered(converted: Conversion, inputs: dict[str, Array]) -> dict[str, Array]:
    """What C answers to one request."""
    generated = generate(converted, "model", {}, "double")
    (found,) = answers(generated, [Case(inputs, {})], SANITIZED).outputs
    return found


def codes_of(generated: Generated, rows: list[dict[str, Array]], folder: Path) -> list[int]:
    """What NAME_predict returns for each of some rows."""
    name, interface = generated.name, generated.coding.interface
    for file, text in generated.files.items():
        (folder / file).write_text(text, encoding="utf-8")
    lines = [f'#include "{name}.h"', "#include <math.h>", "#include <stdio.h>", "int main(void) {"]
    for case in generated.coding.sent([Case(row, {}) for row in rows]):
        given = ", ".join(
            literal(value, argument.c_type)
            for argument in interface.inputs
            for value in case.inputs[argument.spec.name].reshape(-1)
        )
        type_of = f"{name}_{interface.parameter} row" if interface.is_struct else (
            f"{interface.inputs[0].c_type} row[]"
        )  # fmt: skip
        call = f"{name}_predict({'&row' if interface.is_struct else 'row'}, &answer)"
        lines.append(f'{{ {name}_answer answer; const {type_of} = {{{given}}}; printf("%d\\n", {call}); }}')
    (folder / "asked.c").write_text("\n".join([*lines, "return 0;", "}\n"]), encoding="utf-8")
    command = [
        str(compiler()), "-std=c99", *SANITIZED, f"-I{folder}", "asked.c", f"{name}.c", "-lm", "-o", "asked",
    ]  # fmt: skip
    subprocess.run(command, cwd=folder, check=True)
    done = subprocess.run([str(folder / "asked")], check=True, capture_output=True, text=True)
    return [int(line) for line in done.stdout.split()]


def single(rows: Any) -> Array:
    """Rows in single precision."""
    return np.asarray(rows, dtype=np.float32)
