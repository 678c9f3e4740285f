"""Does a bundle fit its device: its own self-test is run, and what that took is held to the profile."""

from pathlib import Path

from packager import interpreters, tools
from packager.conversion import Conversion
from packager.invoke import device
from packager.progress import Steps
from packager.results import DeviceFit
from packager.targets import Target
from packager.targets.edge import budget
from packager.targets.edge.target import Edge


def check(
    target: Target, root: Path, run_by: tuple[Path, Path | None], converted: Conversion, steps: Steps
) -> DeviceFit | None:
    """Run the bundle in ``root`` by a Python and, for a foreign processor, this machine's library.

    None for what is no bundle. VerificationError where the self-test fails, SizeLimitError over the budget.
    """
    if not isinstance(target, Edge):
        return None
    python, library = run_by
    with steps.step("device") as step:
        tested = device.selftest(root, python, library)
        fit = budget.fit(target.linux, _unpacked_bytes(root), tested.peak_memory_bytes, _measured(target))
        budget.check_memory(fit, converted.model)
        step.detail = f"its self-test passes on {tested.rows} rows; {budget.told(fit)}"
    return fit


def _unpacked_bytes(root: Path) -> int:
    return sum(path.stat().st_size for path in root.rglob("*") if path.is_file())


def _measured(target: Edge) -> str:
    """Where the memory was measured: another processor or Python may take more."""
    platform, here = target.platform, tools.host_arch()
    found = interpreters.find(platform.python)
    version = (found or interpreters.own()).version
    said = f"on {here}, Python {version}"
    strange = [
        *([f"the device's {platform.arch}"] if platform.arch != here else []),
        *([f"its Python {platform.python}"] if found is None else []),
    ]
    return f"{said}, not on {' and '.join(strange)}" if strange else said
