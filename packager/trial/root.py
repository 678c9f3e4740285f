"""Lays a model out as it would ship: the stored file, its manifest, and of the runtime the core alone."""

import sys
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache as remember
from pathlib import Path

from packager import codes, dependencies, interpreters, preflight, probe, row_by_row, serving, tools
from packager.codes import Codes
from packager.conversion import Conversion
from packager.layout import Favour
from packager.manifest import manifest_json
from packager.model import EngineName, Format, ModelFile
from packager.optimized import Sizes
from packager.probe import Answers
from packager.serving import Serving
from packager.targets import Target

ENGINES: Mapping[Format, EngineName] = {"onnx": "onnxruntime", "tflite": "litert", "tiny": "tiny"}
"""What runs a format."""
_LEVEL = 9
"""As the archive has it."""
_PIECE_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class TrialRoot:
    """A root that the shipped code runs in here, with what it weighs on the target's platform.

    ``library``: this machine's build of the engine's release; None for an engine without one.
    """

    root: Path
    python: Path
    library: Path | None
    engine: EngineName
    engine_version: str
    sizes: Sizes
    model: ModelFile
    codes: Codes = ()

    @property
    def environment(self) -> dict[str, str]:
        """What the shipped code has to be told."""
        return {"ENGINE_LIBRARY": str(self.library)} if self.library else {}


def lay(
    root: Path,
    target: Target,
    converted: Conversion,
    version: str = dependencies.AUTO,
    favour: Favour | None = None,
) -> TrialRoot:
    """Write ``converted`` into the folder ``root`` as ``target`` would serve it.

    ``version`` is that of ONNX Runtime which is asked for, ``favour`` what a large model is stored for.
    """
    served = serving.serve(target, converted, version, favour)
    found = interpreters.find(target.platform.python)
    files = {
        "manifest.json": manifest_json("trial", served.model, converted.source, served.described),
        **{f"model/{path.name}": path for path in served.model.paths},
        **{file.dest: file.source for file in dependencies.runtime_files(("core",), found, converted.model)},
    }
    for dest, source in files.items():
        path = root / dest
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(source if isinstance(source, bytes) else source.read_bytes())
    here = replace(target.platform, arch=tools.host_arch())
    return TrialRoot(
        root=root,
        python=found.path if found else Path(sys.executable),
        library=dependencies.engine_files(served.engine, here).library,
        engine=ENGINES[converted.model.format],
        engine_version=served.engine.version,
        sizes=_sizes(served, target),
        model=converted.model,
        codes=converted.codes,
    )


def answers(laid: TrialRoot, cases: Path) -> Answers:
    """What the shipped code answers to a cases file in floats; VerificationError says why it cannot."""

    def ask(path: Path) -> Answers:
        return probe.run(laid.root, path, laid.python, preflight.ReadOnly(), laid.library)

    return codes.asked(laid.codes, cases, ask)


def answers_to_rows(laid: TrialRoot, cases: Path) -> Answers:
    """The same, as requests get them that bring one row each (`row_by_row`)."""
    return row_by_row.asked(laid.model, cases, lambda path: answers(laid, path))


def _sizes(served: Serving, target: Target) -> Sizes:
    """The engine is the target's own: builds for other processors have other sizes."""
    compressed = sum(map(deflated_bytes, served.model.paths))
    library = dependencies.engine_files(served.engine, target.platform).library
    engine = _library_bytes(library) if library else 0
    return Sizes(served.model.total_bytes, compressed, compressed + engine)


@remember
def _library_bytes(library: Path) -> int:
    """The cache names a library by its content, so that one path is always one library."""
    return deflated_bytes(library)


def deflated_bytes(path: Path) -> int:
    """What a file takes in an archive."""
    packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
    total = 0
    with path.open("rb") as file:
        while piece := file.read(_PIECE_BYTES):
            total += len(packer.compress(piece))
    return total + len(packer.flush())
