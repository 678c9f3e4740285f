"""What a Greengrass core device does with a component: unpacks it, fills in variables, runs its scripts.

By the documented behaviour: a ZIP loses its permissions and gets the recipe's, folders can be entered by all;
a script is run by `sh -c` in the component's work folder, by a user without rights, and knows the variables
of `Setenv` and next to nothing else.
"""

import json
import os
import re
import subprocess
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

NOBODY = 65534
_VARIABLE = re.compile(r"\{([\w.-]+):([^:}]*)\}")


@dataclass(frozen=True)
class Core:
    """A component as it lies on a device beneath ``root``, with the ``settings`` of its deployment."""

    root: Path
    recipe: dict[str, Any]
    settings: dict[str, str]

    @property
    def unpacked(self) -> Path:
        """Where the component's ZIPs are unpacked, each into a folder of its name."""
        name, version = self.recipe["ComponentName"], self.recipe["ComponentVersion"]
        return self.root / "packages" / "artifacts-unarchived" / name / version

    @property
    def work(self) -> Path:
        """Where its scripts run, and the one folder that they may write to."""
        return self.root / "work" / str(self.recipe["ComponentName"])

    def run(self, step: str) -> subprocess.CompletedProcess[str]:
        """Run one step of the life cycle, as long as it may take."""
        with self.start(step) as script:
            out, said = script.communicate(timeout=600)
        return subprocess.CompletedProcess(script.args, script.returncode, out, said)

    def start(self, step: str) -> "subprocess.Popen[str]":
        """Start one step of the life cycle."""
        (manifest,) = self.recipe["Manifests"]
        lifecycle = manifest["Lifecycle"]
        environment = {name: self._filled(text) for name, text in lifecycle.get("Setenv", {}).items()}
        known = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": "/nonexistent"}
        as_nobody = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.geteuid() == 0 else {}
        return subprocess.Popen(
            ["sh", "-c", self._filled(lifecycle[step]["Script"])],
            cwd=self.work, env={**known, **environment}, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            text=True, **as_nobody,
        )  # type: ignore[call-overload]  # fmt: skip

    def _filled(self, text: str) -> str:
        """With what the device knows in the place of variables; what it does not know stays as it is."""
        return _VARIABLE.sub(self._value, text)

    def _value(self, found: re.Match[str]) -> str:
        space, key = found.groups()
        if space == "configuration":
            return self.settings.get(key.removeprefix("/"), found.group())
        known = {("artifacts", "decompressedPath"): self.unpacked, ("work", "path"): self.work}
        return str(known.get((space, key), found.group()))


def deploy(artifact: Path, root: Path, **settings: str) -> Core:
    """Lay the component of the edge artifact out beneath ``root``, which everybody may enter."""
    recipe = json.loads((artifact / "greengrass/recipe.json").read_text())
    defaults = recipe["ComponentConfiguration"]["DefaultConfiguration"]
    core = Core(root, recipe, {**defaults, **settings})
    for entry in recipe["Manifests"][0]["Artifacts"]:
        packed = artifact / "greengrass" / entry["URI"].rpartition("/")[2]
        _unpack(packed, core.unpacked / packed.stem, entry["Permission"])
    core.work.mkdir(parents=True)
    for folder in (core.unpacked, *core.unpacked.parents):
        if folder == root.parent:
            break
        folder.chmod(0o755)
    core.work.parent.chmod(0o755)
    core.work.chmod(0o700)
    if os.geteuid() == 0:
        os.chown(core.work, NOBODY, NOBODY)
    return core


def _unpack(packed: Path, dest: Path, permission: dict[str, str]) -> None:
    with zipfile.ZipFile(packed) as source:
        source.extractall(dest)
    readable = {"ALL": 0o444, "OWNER": 0o440, "NONE": 0o400}[permission["Read"]]
    startable = {"ALL": 0o111, "OWNER": 0o110, "NONE": 0}[permission["Execute"]]
    for path in (dest, *dest.rglob("*")):
        path.chmod(0o755 if path.is_dir() else readable | startable)
        if os.geteuid() == 0:
            os.chown(path, NOBODY, NOBODY)
