"""Holds a bundle to the budgets of its device's profile, and says what would make it smaller."""

from collections.abc import Sequence

from packager.errors import SizeLimitError
from packager.layout import IncludedFile, Parts, SizeLimit
from packager.model import Format, ModelFile
from packager.results import DeviceFit
from packager.targets.edge.profile import LinuxDevice

MB = 1 << 20
"""As the limits of control groups and of systemd count: 2^20 bytes."""
_PASSES: dict[Format, str] = {
    "onnx": "int8, 4 bits, fewer channels (--pass static_int8, dynamic_int8, weight_only, prune_channels)",
    "tflite": "int8 or 4 bits (--pass tflite_full_int8, tflite_dynamic_int8, tflite_int4)",
    "tiny": "fewer or narrower trees (--pass truncate_trees, narrow_trees)",
}


def flash_limit(parts: Parts, device: LinuxDevice, files: Sequence[IncludedFile]) -> SizeLimit:
    """The bundle as it lies unpacked, its byte-code and all."""
    total = sum(file.size_bytes for file in files)
    fixed = total - parts.model.total_bytes
    return SizeLimit(
        kind="unzipped",
        max_bytes=device.flash_mb * MB,
        name=f"a bundle on {device.name} (flash_mb)",
        hint=_what_helps(parts.model.format, fixed > device.flash_mb * MB),
    )


def fit(device: LinuxDevice, unpacked_bytes: int, peak_memory_bytes: int, measured: str) -> DeviceFit:
    """What was measured, beside the profile's budgets."""
    return DeviceFit(
        device=device.name,
        unpacked_bytes=unpacked_bytes,
        flash_budget_bytes=device.flash_mb * MB,
        peak_memory_bytes=peak_memory_bytes,
        memory_budget_bytes=device.memory_mb * MB,
        measured=measured,
    )


def told(found: DeviceFit) -> str:
    """One line of figures."""
    return (
        f"{_mib(found.unpacked_bytes)} of {_mib(found.flash_budget_bytes)} of flash, "
        f"{_mib(found.peak_memory_bytes)} of {_mib(found.memory_budget_bytes)} of memory ({found.measured})"
    )


def check_memory(found: DeviceFit, model: ModelFile) -> None:
    """SizeLimitError where the self-test's process took more than the profile allows."""
    if found.peak_memory_bytes <= found.memory_budget_bytes:
        return
    rest = max(found.peak_memory_bytes - model.total_bytes, 0)
    raise SizeLimitError(
        f"edge: the self-test takes {_mib(found.peak_memory_bytes)} of memory at its peak, over the budget "
        f"of {_mib(found.memory_budget_bytes)} of {found.device} (memory_mb), measured {found.measured}",
        hint=_what_helps(model.format, rest > found.memory_budget_bytes),
        details=(
            f"{_mib(model.total_bytes):>10}  the model as a file",
            f"{_mib(rest):>10}  all else: Python, the engine, what a run needs",
        ),
    )


def _mib(size_bytes: int) -> str:
    return f"{size_bytes / MB:.1f} MiB"


def _what_helps(format: Format, without_model: bool) -> str:
    """``without_model``: all but the model is too much already, so that a smaller one would not help."""
    own = "raise the budget in a profile of your own (--device FILE.toml)"
    if without_model and format == "tiny":
        return f"that is what every bundle takes, whatever its model: {own}, or take --format c"
    if without_model:
        return (
            "no pass on the model would help, since the rest is over the budget alone; what needs no library "
            f"takes less: --engine tiny (trees, linear models, small nets), or --format c; or {own}"
        )
    engine = ", or --engine tiny, which needs no library" if format == "onnx" else ""
    return f"`packager optimize --objective size`: {_PASSES[format]}{engine}; or {own}"
