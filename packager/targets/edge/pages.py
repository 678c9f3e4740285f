"""What a bundle says for people and for systemd: `README.md` with a real row, and the units."""

import json
from typing import Any

from packager import __version__
from packager.layout import IncludedFile, Parts
from packager.rendering import render
from packager.targets import request
from packager.targets.edge import wheel
from packager.targets.edge.profile import LinuxDevice

PYTHON = "/usr/bin/python3"
HOME = "/var/lib/edge"
UPDATER_MB = 64
"""What an update takes beside the model's own process, which proves the new version meanwhile."""
_UNITS = {
    "{}.service": "recover.service",
    "{}.socket": "socket",
    "{}@.service": "predict.service",
    "{}-update.service": "update.service",
    "{}-update.timer": "update.timer",
}
_MOST_SHOWN = 800
"""Characters of a row: a longer one is no example."""


def units(name: str, device: LinuxDevice) -> list[IncludedFile]:
    """`systemd/`: recovery at boot, updates once a day, and a socket that answers."""
    values = {
        "name": name, "home": f"{HOME}/{name}", "python": PYTHON, "cores": device.cores,
        "memory_mb": device.memory_mb, "update_memory_mb": device.memory_mb + UPDATER_MB,
    }  # fmt: skip
    return [
        IncludedFile(f"systemd/{file.format(name)}", render(f"edge/systemd/{template}", **values))
        for file, template in _UNITS.items()
    ]


def readme(parts: Parts, device: LinuxDevice, *, updates_by_url: bool) -> IncludedFile:
    """How to install, use, check and update the bundle, with the model's own columns and one of its rows."""
    manifest: dict[str, Any] = json.loads(parts.manifest_json)
    signature = parts.model.signature
    cases = json.loads(parts.golden_json)["cases"]
    body = render(
        "edge/README.md",
        name=parts.name,
        package=wheel.import_name(parts.name),
        listed=wheel.distribution(wheel.import_name(parts.name)),
        device=device,
        manifest=manifest,
        engine=_engine(parts, manifest),
        example=_example(signature, cases),
        features=signature.features,
        inputs=signature.inputs,
        outputs=signature.outputs,
        home=f"{HOME}/{parts.name}",
        python=PYTHON,
        has_library=parts.library is not None,
        has_byte_code=any("__pycache__/" in file.dest for file in parts.runtime),
        updates_by_url=updates_by_url,
        packager_version=__version__,
    )
    return IncludedFile("README.md", body)


def _engine(parts: Parts, manifest: dict[str, Any]) -> str:
    engine = manifest["engine"]
    if parts.library is None:
        return "pure Python, without any library"
    kinds = {"onnxruntime_c": "ONNX Runtime", "litert_c": "LiteRT"}
    return f"{kinds.get(engine['kind'], engine['kind'])} {engine['version']}, called through its C interface"


def _example(signature: Any, cases: list[dict[str, Any]]) -> dict[str, str] | None:
    """One real row as Python and as a line of JSON; None where rows are too long to be shown."""
    found = request.single_request(signature, cases)
    if "features" in found:
        row: Any = found["features"]
    else:
        several = request.batch_request(signature, cases)
        if several is None:
            return None
        row = several["instances"][0]
    line = json.dumps(row, ensure_ascii=False, allow_nan=False)
    return {"python": repr(row), "json": line} if len(line) <= _MOST_SHOWN else None
