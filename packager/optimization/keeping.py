"""Keeps every candidate's model file where the user can look at it: OUTPUT/NAME/candidates."""

import shutil
import tempfile
from dataclasses import asdict
from pathlib import Path

from packager.manifest import canonical_json
from packager.optimization.trials import Trials
from packager.optimized import Candidate, Optimization

FOLDER = "candidates"
SCHEMA_VERSION = 1


def keep(optimization: Optimization, trials: Trials, models: Path, base: Path, output: Path) -> None:
    """Write ID-KINDS.FORMAT for each candidate that was made, with `candidates.json`: digests, lineage and
    figures. What an earlier search left there is replaced."""
    output.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{FOLDER}-", dir=output) as beside:
        folder = Path(beside, FOLDER)
        folder.mkdir()
        rows = []
        for candidate in optimization.candidates:
            kept = trials.trial(candidate).model
            file = _model_in(models / kept) if kept else base if candidate.outcome == "base" else None
            name = _name(candidate, file.suffix) if file else None
            if file and name:
                shutil.copyfile(file, folder / name)
            rows.append({"file": name, **asdict(candidate)})
        document = {"schema_version": SCHEMA_VERSION, "chosen": optimization.chosen, "candidates": rows}
        (folder / f"{FOLDER}.json").write_bytes(canonical_json(document))
        shutil.rmtree(output / FOLDER, ignore_errors=True)
        folder.rename(output / FOLDER)


def _model_in(folder: Path) -> Path:
    (path,) = (path for path in folder.iterdir() if path.suffix in (".onnx", ".tflite"))
    return path


def _name(candidate: Candidate, suffix: str) -> str:
    kinds = "-".join(record.kind for record in candidate.passes) or "base"
    return f"{int(candidate.id):02}-{kinds}{suffix}"
