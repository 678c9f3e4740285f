"""A base image in the place of a published Python: this machine's interpreter, with pip and the job's wheels.

It proves the Dockerfile, the user, signals and what is written where. It does not prove Debian's own files.
"""

import subprocess
import tarfile
from pathlib import Path

from tests.sam import stand_in

LABEL = "packager.stand-in=1"
_PREFIX = "usr/local"
_ENVIRONMENT = {
    "PATH": "/usr/local/bin:/usr/bin:/bin",
    "LD_LIBRARY_PATH": "/usr/local/lib",
    # What the build fetches lies in the image: its index is a folder, and no network is needed.
    "PIP_NO_INDEX": "1",
    "PIP_FIND_LINKS": "/wheels",
}


def fetch_wheels(python: Path, requirements: Path, dest: Path) -> None:
    """The wheels that are required, each held to its hash."""
    command = [str(python), "-m", "pip", "download", "--quiet", "--require-hashes", "--no-deps"]
    options = ["--only-binary", ":all:", "--dest", str(dest), "--requirement", str(requirements)]
    subprocess.run([*command, *options], check=True)


def write(python: Path, wheels: Path, dest: Path) -> None:
    """The image's root file system as a tar."""
    with tarfile.open(dest, "w") as archive:
        for name in ("root", "proc", "sys", "dev", "etc", "usr", _PREFIX):
            stand_in.add_folder(archive, name, 0o755)
        stand_in.add_folder(archive, "tmp", 0o1777)
        stdlib = stand_in.add_python(archive, python, _PREFIX)
        site = f"{_PREFIX}/lib/{stdlib.name}/site-packages"
        archive.add(stdlib / "site-packages" / "pip", f"{site}/pip", filter=stand_in.plain)
        archive.add(wheels, "wheels", filter=stand_in.plain)


def import_image(tar: Path, name: str) -> None:
    """Load the tar into the engine under this name."""
    changes = [*(f"ENV {variable}={value}" for variable, value in _ENVIRONMENT.items()), f"LABEL {LABEL}"]
    options = [text for change in changes for text in ("--change", change)]
    done = subprocess.run(["docker", "import", *options, str(tar), name], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
