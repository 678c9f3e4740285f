"""Builds bundles as a user does, and asks them on a device what their source models were asked here."""

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests.devices import confined
from tests.devices.confined import Mount, Ran
from tests.devices.roots import Root
from tests.main_job.commands import build, packager

Array = NDArray[Any]
Tensors = dict[str, Array]
PLACE = "/room/bundle"
"""Where the archive is unpacked on the device."""
_ASK = (Path(__file__).parent / "ask.py").read_text(encoding="utf-8")


@dataclass(frozen=True, slots=True)
class Answers:
    """What a device answered, and what it had loaded for that."""

    outputs: tuple[Tensors, ...]
    machine: str
    engine: str
    modules: tuple[str, ...]
    libraries: tuple[str, ...]


def made(model: Path, device: str, folder: Path, *options: str) -> Path:
    """The artifact's folder (dist/NAME/edge) of a build for a device."""
    target = ("--target", "edge", "--device", device, "--output", str(folder))
    report = build(model, *target, *options, cwd=folder)
    (artifact,) = report["artifacts"]
    return folder / artifact["path"]


def released(artifacts: Sequence[Path], folder: Path) -> Path:
    """A folder of releases, one after the other."""
    key, repository = folder / "key.pem", folder / "releases"
    assert packager("release", "--new-key", key, cwd=folder).exit_code == 0
    for artifact in artifacts:
        done = packager("release", artifact, "--key", key, "--to", repository, cwd=folder)
        assert done.exit_code == 0, done.stderr
    return repository


def unpack(root: Root, artifact: Path, work: Path) -> None:
    """Unpack the archive on the device into ``work`` (its /room), and check the sums there."""
    (archive,) = artifact.glob("*.tar.gz")
    work.mkdir()
    place = work / "bundle"
    place.mkdir()
    confined.hand_over(work)
    mounts = (Mount(artifact, "/bundle"), Mount(work, "/room", writable=True))
    done = confined.run(root, ("tar", "xzf", f"/bundle/{archive.name}", "-C", PLACE), mounts=mounts)
    assert done.code == 0, done.stderr
    done = confined.run(root, ("env", "-C", PLACE, "sha256sum", "-c", "SHA256SUMS"), mounts=mounts)
    assert done.code == 0, done.stdout + done.stderr
    assert done.stdout.count(": OK") == len((place / "SHA256SUMS").read_text().splitlines())


def on_device(
    root: Root,
    work: Path,
    *arguments: str,
    place: str = PLACE,
    releases: Path | None = None,
    cpu: str | None = None,
) -> Ran:
    """`python3 ARGUMENTS` on the device, in the bundle at ``place``; ``releases`` lie at /bundle."""
    command = ("env", "-C", place, "python3", *arguments)
    mounts = [Mount(work, "/room", writable=True)]
    mounts += [Mount(releases, "/bundle")] if releases else []
    return confined.run(root, command, mounts=mounts, cpu=cpu)


def ask(
    root: Root, work: Path, questions: Sequence[Tensors], *, place: str = PLACE, cpu: str | None = None
) -> Answers:
    """The answers of the bundle at ``place``, by `Model.open` and `run` in a process of its own."""
    asked = [{name: _document(array) for name, array in question.items()} for question in questions]
    (work / "asked.json").write_text(json.dumps(asked), encoding="ascii")
    ran = on_device(root, work, "-c", _ASK, "/room/asked.json", place=place, cpu=cpu)
    assert ran.code == 0, ran.stderr
    said = json.loads(ran.stdout)
    outputs = tuple(
        {name: _array(tensor) for name, tensor in answer.items()} for answer in said.pop("outputs")
    )
    return Answers(outputs, said["machine"], said["engine"], tuple(said["modules"]), tuple(said["libraries"]))


def assert_equal(artifact: Path, answers: Answers, expected: Sequence[Tensors]) -> None:
    """Every number within the build's tolerance, all else equal; what the source answered is all there."""
    manifest = json.loads((artifact / "bundle" / "manifest.json").read_text(encoding="utf-8"))
    for outputs, wanted in zip(answers.outputs, expected, strict=True):
        assert set(wanted) <= set(outputs)
        for name, source in wanted.items():
            allowed = manifest["tolerance"].get(name)
            assert outputs[name].shape == source.shape, name
            if allowed is None:
                assert np.array_equal(outputs[name], source), name
            else:
                np.testing.assert_allclose(
                    outputs[name], source, rtol=allowed["relative"], atol=allowed["absolute"], err_msg=name
                )


def assert_nothing_foreign(answers: Answers) -> None:
    """Every module and library that was loaded is the bundle's, or of the system without packages."""
    assert [path for path in answers.modules if not path.startswith(("/room/", "/usr/lib/python3."))] == []
    assert [path for path in answers.libraries if not path.startswith(("/room/", "/usr/lib/"))] == []
    assert not [path for path in answers.modules if "-packages" in path]


def _document(array: Array) -> dict[str, Any]:
    return {
        "dtype": array.dtype.name,
        "shape": list(array.shape),
        "b64": base64.b64encode(array.tobytes()).decode(),
    }


def _array(tensor: dict[str, Any]) -> Array:
    if "texts" in tensor:
        return np.array(tensor["texts"], object)
    data = np.frombuffer(base64.b64decode(tensor["b64"]), np.dtype(tensor["format"]))
    return data.reshape(tensor["shape"])
