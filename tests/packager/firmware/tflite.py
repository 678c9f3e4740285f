"""TFLite models converted as a build converts them, with the answers that TFLite Micro is held to."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from packager import conversion, probe, verify
from packager.conversion import Conversion, Way
from packager.firmware import Micro
from packager.results import Verification
from packager.worker import WorkerRequest
from tests.converters.passes.tflite_models import TRAINED, digits

ROWS = 540
HELD_OUT = digits().images[TRAINED.stop :][:ROWS]


def converted(folder: Path, model: bytes | Path, rows: NDArray[Any] | None = None) -> Conversion:
    """Of a file, or of bytes that a test wrote; ``rows`` None: made from the signature."""
    folder.mkdir(parents=True, exist_ok=True)
    source = folder / "source.tflite"
    source.write_bytes(model if isinstance(model, bytes) else model.read_bytes())
    samples = folder / "rows.npy"
    if rows is not None:
        np.save(samples, rows)
    request = WorkerRequest(
        action="convert",
        source=source,
        samples=samples if rows is not None else None,
        rows=ROWS,
        format="tflite",
    )
    return conversion.convert(request, folder / "job", Way())


def compared(made: Conversion, micro: Micro) -> Verification:
    """By a build's own tolerance."""
    cases, signature = probe.read_cases(made.reference), made.model.signature
    tolerance = verify.tolerances(signature, cases)
    return verify.compare(cases, micro.answers, signature, made.source_of_rows, tolerance, "TFLite Micro")
