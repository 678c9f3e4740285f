"""The bundle as a wheel: a package of the model's name that holds it, for `pip install` on the device."""

import base64
import csv
import hashlib
import io
import keyword
import re
import sys
from collections.abc import Sequence

from packager import __version__
from packager.layout import Archive, IncludedFile, Parts
from packager.rendering import render
from packager.targets.edge.profile import LinuxDevice

REQUIRES_PYTHON = ">=3.9"
_OLDEST_MANYLINUX = 17
_BYTE_CODE = "__pycache__/"
_CHECKSUMS = "SHA256SUMS"
# Names of Python's own modules that some version from 3.9 on has, beyond those of the version that runs here.
_STANDARD = frozenset(
    {*sys.stdlib_module_names, "annotationlib", "asynchat", "asyncore", "binhex", "compression", "distutils"}
    | {"formatter", "imp", "parser", "smtpd", "symbol", "test", "tomllib"}
)
# What a device's program may well import beside the model.
_TAKEN = frozenset(
    {"edge", "runtimes", "packager", "pip", "setuptools", "wheel", "pkg_resources", "tests", "src"}
    | {"numpy", "scipy", "pandas", "sklearn", "joblib", "skops", "torch", "tensorflow", "keras", "onnx"}
    | {"onnxruntime", "xgboost", "lightgbm", "tflite", "tflite_runtime", "ai_edge_litert", "flatbuffers"}
    | {"tuf", "securesystemslib", "urllib3", "requests", "yaml", "cv2", "serial", "smbus", "gpiozero"}
)


def import_name(name: str) -> str:
    """The package of the artifact ``name``: an identifier, and no name of Python or of a known library."""
    found = re.sub(r"\W", "_", name)
    if found[0].isdigit():
        found = f"model_{found}"
    if keyword.iskeyword(found) or found.lower() in _STANDARD | _TAKEN:
        found = f"{found}_model"
    return found


def notes(name: str) -> tuple[str, ...]:
    """How the wheel is imported, where that is not the artifact's own name."""
    package = import_name(name)
    if package == name:
        return ()
    return (f"the wheel is imported as {package}, since {name!r} can be no package of its own in Python",)


def distribution(package: str) -> str:
    """The name that pip lists, as file names of wheels have it."""
    return re.sub(r"[-_.]+", "_", package).strip("_").lower()


def platform_tag(device: LinuxDevice, library_glibc: str | None) -> str:
    """Of what the library asks for, which may be less than the device has; pure Python runs anywhere."""
    if library_glibc is None:
        return "any"
    machine = device.platform.machine
    if device.libc == "musl":
        major, minor, *_ = device.libc_version.split(".")
        return f"musllinux_{major}_{minor}_{machine}"
    return f"manylinux_2_{max(int(library_glibc.split('.')[1]), _OLDEST_MANYLINUX)}_{machine}"


def version_of(model_version: str, manifest: bytes) -> str:
    """`0.1.0+m1f3a….b7c9e1a22`: packager's version, and as the local part the model and the whole bundle.

    pip then tells two bundles apart. A letter goes first: a part of digits alone would lose its zeros.
    """
    digest = hashlib.sha256(manifest).hexdigest()
    return f"{__version__}+m{model_version}.b{digest[:8]}"


def archive(parts: Parts, device: LinuxDevice, bundle: Sequence[IncludedFile]) -> Archive:
    """The wheel of the files of a bundle. pip makes the byte-code of the Python that it installs for."""
    package = import_name(parts.name)
    manifest = next(file for file in bundle if file.dest == "manifest.json").read()
    version, tag = version_of(parts.model.version, manifest), platform_tag(device, parts.library_glibc)
    listed = distribution(package)
    values = {"name": parts.name, "package": package, "listed": listed, "version": version, "device": device}
    held = [
        file.under(f"{package}/bundle")
        for file in bundle
        if _BYTE_CODE not in file.dest and file.dest != _CHECKSUMS
    ]
    own = [
        IncludedFile(f"{package}/{name}", render(f"edge/wheel/{name}", **values))
        for name in ("__init__.py", "__main__.py")
    ]
    info = f"{listed}-{version}.dist-info"
    about = [
        IncludedFile(f"{info}/METADATA", render("edge/wheel/METADATA", requires=REQUIRES_PYTHON, **values)),
        IncludedFile(f"{info}/WHEEL", _wheel(tag).encode()),
        IncludedFile(f"{info}/top_level.txt", f"{package}\n".encode()),
    ]
    files = [*sorted((*own, *held), key=lambda file: file.dest), *about]
    record = IncludedFile(f"{info}/RECORD", _record(files, f"{info}/RECORD"))
    return Archive(f"{listed}-{version}-py3-none-{tag}.whl", "", "zip", (), (*files, record))


def _wheel(tag: str) -> str:
    pure = "true" if tag == "any" else "false"
    return (
        f"Wheel-Version: 1.0\nGenerator: packager {__version__}\n"
        f"Root-Is-Purelib: {pure}\nTag: py3-none-{tag}\n"
    )


def _record(files: Sequence[IncludedFile], own: str) -> bytes:
    """Every file with its digest and size, and the record itself without."""
    text = io.StringIO()
    lines = csv.writer(text, lineterminator="\n")
    for file in files:
        content = file.read()
        digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
        lines.writerow((file.dest, f"sha256={digest}", len(content)))
    lines.writerow((own, "", ""))
    return text.getvalue().encode()
