"""Assembles a Lambda artifact from a model root, through the rooms that a build uses for it.

As a program, so that a test can change everything around it: ROOT DEST OPTIONS.
"""

import json
import os
import sys
from dataclasses import replace
from pathlib import Path

from packager import bundle, dependencies, interpreters, tools, trimming
from packager.layout import Parts, Platform
from packager.manifest import read_signature
from packager.model import ModelFile
from packager.targets.aws_lambda.target import AwsLambda
from tests.packager.targets.models import IRIS_ROWS


def assemble(
    root: Path, dest: Path, target: AwsLambda, *, compiled: bool = True, cases: bytes = IRIS_ROWS
) -> bundle.WrittenArchive:
    """The artifact of the model in ``root`` (tests/artifacts.py), with the target's own engine."""
    parts = parts_of(root, target, compiled=compiled, cases=cases)
    layout, _ = trimming.lay_out(target, parts, library_here=_library_here(root, target))
    (written,) = bundle.write(layout, dest)
    return written


def parts_of(root: Path, target: AwsLambda, *, compiled: bool = True, cases: bytes = IRIS_ROWS) -> Parts:
    """What a build would lay out."""
    platform = target.platform
    manifest = (root / "manifest.json").read_bytes()
    described = json.loads(manifest)
    model = described["model"]
    engine = _engine_files(root, target, platform)
    python = interpreters.find(platform.python) if compiled else None
    file = ModelFile(
        root / model["path"], model["format"], read_signature(described["signature"]),
        model["sha256"], model["size_bytes"], model["opset"],
    )  # fmt: skip
    return Parts(
        name=described["name"],
        model=file,
        manifest_json=manifest,
        golden_json=cases,
        runtime=dependencies.runtime_files(target.rooms, python, file),
        packages=dependencies.install(target.lock, platform, python) if target.lock else (),
        library=engine.library,
        library_dest=engine.dest,
        licences=engine.licences,
    )


def _library_here(root: Path, target: AwsLambda) -> Path | None:
    """The library that stands in for a foreign processor's."""
    return _engine_files(root, target, replace(target.platform, arch=tools.host_arch())).library


def _engine_files(root: Path, target: AwsLambda, platform: Platform) -> dependencies.EngineFiles:
    kind = json.loads((root / "manifest.json").read_bytes())["engine"]["kind"]
    return dependencies.engine_files(dependencies.choose_engine(kind, target.platform), platform)


if __name__ == "__main__":
    if len(sys.argv) == 5:
        os.umask(int(sys.argv[4], 8))
    assemble(Path(sys.argv[1]), Path(sys.argv[2]), AwsLambda.model_validate_json(sys.argv[3]))
