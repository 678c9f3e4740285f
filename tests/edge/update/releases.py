"""Tiny real bundles, releases of them signed with a test's own key, and devices that are given them."""

import base64
import hashlib
import json
import marshal
import shutil
import struct
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from edge.machine import find_arch
from edge.model import Model
from edge.update import machine, provisioning
from edge.update.contents import Contents
from edge.update.disk import Disk
from edge.update.errors import UnfitError
from edge.update.home import Home
from edge.update.plain import Folder
from edge.update.state import State
from edge.update.trial import Watch
from edge.update.updating import Settings, update
from packager import resources

Document = dict[str, Any]
NAME, DEVICE = "iris", "test-device"
ROWS = np.random.default_rng(6).normal(size=(8, 4)).astype(np.float32)


def tiny_model(seed: int) -> tuple[bytes, list[int]]:
    """The best of three linear scores, as a file of the engine tiny; and its answers to ROWS."""
    weights = np.random.default_rng(seed).normal(size=(4, 3)).astype(np.float32)
    constant = weights.tobytes()
    header = {
        "version": 1,
        "values": 4,
        "dtypes": ["float32", "float32", "float32", "int64"],
        "inputs": [{"id": 1, "name": "X", "dtype": "float32", "shape": ["batch", 4]}],
        "outputs": [{"id": 3, "name": "label", "dtype": "int64", "shape": ["batch"]}],
        "constants": [{"dtype": "float32", "shape": [4, 3], "offset": 0, "bytes": len(constant)}],
        "steps": [
            {"op": "products.mat_mul", "in": [1, 0], "out": [2]},
            {
                "op": "choosing.arg_max",
                "in": [2],
                "out": [3],
                "with": {"axis": 1, "keep": False, "last": False},
            },
        ],
    }
    text = json.dumps(header).encode()
    text += b" " * (-(12 + len(text)) % 8)
    data = b"TINYMODL" + struct.pack("<I", len(text)) + text + constant
    return data, [int(label) for label in (ROWS.astype(np.float64) @ weights).argmax(axis=1)]


def golden(labels: list[int]) -> Document:
    """The rows with these answers."""
    rows = {"dtype": "float32", "shape": list(ROWS.shape), "b64": base64.b64encode(ROWS.tobytes()).decode()}
    packed = base64.b64encode(np.array(labels, np.int64).tobytes()).decode()
    answers = {"dtype": "int64", "shape": [len(labels)], "b64": packed}
    return {"schema_version": 1, "cases": [{"inputs": {"X": rows}, "outputs": {"label": answers}}]}


def make_bundle(root: Path, seed: int, *, code: bool = False, **changes: object) -> Path:
    """A whole bundle; ``code`` puts the device's code in, ``changes`` replace entries of the manifest."""
    data, labels = tiny_model(seed)
    (root / "model").mkdir(parents=True)
    (root / "edge").mkdir()
    (root / "model" / "model.tiny").write_bytes(data)
    (root / "golden.json").write_text(json.dumps(golden(labels)))
    (root / "README.md").write_text("How to use it.\n")
    (root / "edge" / "__init__.py").write_bytes((resources.folder("edge") / "__init__.py").read_bytes())
    if code:
        for dest, path in (*resources.sources("edge"), *resources.sources("runtimes", "core")):
            (root / dest).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, root / dest)
    write_manifest(root, data, **changes)
    return root


def write_manifest(root: Path, model: bytes, **changes: object) -> None:
    """The manifest of the files that lie there."""
    digest = hashlib.sha256(model).hexdigest()
    here = machine.look()
    files = {
        path.relative_to(root).as_posix(): listed(path.read_bytes())
        for path in sorted(root.rglob("*"))
        if path.is_file() and path.name != "manifest.json"
    }
    document = {
        "schema_version": 1,
        "name": NAME,
        "version": digest[:12],
        "packager_version": "0.1.0",
        "model": {
            "path": "model/model.tiny",
            "format": "tiny",
            "sha256": digest,
            "size_bytes": len(model),
            "opset": None,
        },
        "engine": {"kind": "tiny", "version": "1", "library": "", "intra_op_threads": 1},
        "source": {
            "framework": "onnx",
            "framework_version": "1",
            "sha256": digest,
            "description": "made by a test",
        },
        "limits": {"max_body_bytes": 1000000, "max_rows": 1000},
        "signature": {
            "inputs": [{"name": "X", "dtype": "float32", "shape": ["batch", 4]}],
            "outputs": [{"name": "label", "dtype": "int64", "shape": ["batch"], "role": "label"}],
            "class_labels": ["setosa", "versicolor", "virginica"],
            "label_is_index": True,
            "features": [
                {"name": f"x{column}", "kind": "number", "input": "X", "column": column, "nullable": False}
                for column in range(4)
            ],
        },
        "device": {
            "name": DEVICE,
            "arch": find_arch(),
            "libc": here.libc,
            "libc_version": here.libc_version,
            "libstdcxx": "3.4.0",
            "python": "3.9",
            "cores": 1,
            "memory_mb": 64,
            "flash_mb": 10,
        },
        "tolerance": {},
        "files": files,
        **changes,
    }
    (root / "manifest.json").write_text(json.dumps(document, sort_keys=True))


def listed(data: bytes) -> Document:
    """A file of one piece, as a manifest has it."""
    return {**_entry(data), "blake2b": [hashlib.blake2b(data, digest_size=32).hexdigest()]}


def _entry(data: bytes) -> Document:
    return {"sha256": hashlib.sha256(data).hexdigest(), "size_bytes": len(data)}


@dataclass
class Publisher:
    """Writes releases as `packager release` does, the part of it that a folder is trusted by."""

    repo: Path
    key: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)

    @property
    def place(self) -> Path:
        """Where the newest release is."""
        return self.repo / "plain" / NAME / DEVICE

    @property
    def trust(self) -> Path:
        """What a device is given once."""
        folder = self.repo / "trust"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "release.pub").write_bytes(base64.b64encode(self.key.public_key().public_bytes_raw()))
        return folder

    def release(self, bundle: Path, number: int, **changes: object) -> Document:
        """Publish a bundle; ``changes`` replace entries of `release.json`."""
        blobs = self.repo / "blobs"
        blobs.mkdir(parents=True, exist_ok=True)
        manifest = json.loads((bundle / "manifest.json").read_text())
        for path in ("manifest.json", *manifest["files"]):
            if (bundle / path).is_file():
                data = (bundle / path).read_bytes()
                (blobs / hashlib.sha256(data).hexdigest()).write_bytes(data)
        document = {
            "schema_version": 1,
            "name": manifest["name"],
            "device": manifest["device"]["name"],
            "number": number,
            "version": manifest["version"],
            "released": "2026-11-20T10:00:00Z",
            "manifest": _entry((bundle / "manifest.json").read_bytes()),
            "total_bytes": sum(entry["size_bytes"] for entry in manifest["files"].values()),
            **changes,
        }
        self.publish(json.dumps(document).encode())
        return document

    def publish(self, body: bytes, signature: bytes | None = None) -> None:
        """Put this where the newest release is, signed by this key if no signature is given."""
        self.place.mkdir(parents=True, exist_ok=True)
        signature = self.key.sign(body) if signature is None else signature
        (self.place / "release.json").write_bytes(body)
        (self.place / "release.json.sig").write_bytes(base64.b64encode(signature))


def prove_here(root: str, contents: Contents) -> None:
    """The golden inputs by the shipped code, in this process."""
    with Model.open(root) as model:
        found = model.run({"X": ROWS})["label"].tolist()
    with Path(root, "golden.json").open() as file:
        stated = json.load(file)["cases"][0]["outputs"]["label"]["b64"]
    if found != np.frombuffer(base64.b64decode(stated), np.int64).tolist():
        raise UnfitError("the golden inputs failed on this device: label differs")


@dataclass
class Site:
    """A repository of releases and a device that has the first of them."""

    folder: Path
    publisher: Publisher
    home: Home
    bundles: dict[int, Path]

    def settings(self, **changes: Any) -> Settings:
        """An update that proves in this process and watches once."""
        settings = Settings(Watch(prove_here), lambda line: None)
        return settings._replace(**changes)

    def update(self, home: Home | None = None, **changes: Any) -> State:
        """Update from the repository."""
        return update(home or self.home, self.source(), self.settings(**changes))

    def source(self) -> Folder:
        """The repository, as the device sees it."""
        return Folder(str(self.publisher.repo), self.home.place("trust/release.pub"))

    def blob(self, path: str, number: int = 2) -> Path:
        """Where the repository holds a file of a bundle."""
        document: Document = json.loads((self.bundles[number] / "manifest.json").read_text())
        return self.publisher.repo / "blobs" / str(document["files"][path]["sha256"])

    def note_highest(self, number: int) -> None:
        """Let the device have trusted a release of this number."""
        path = Path(self.home.state)
        path.write_text(json.dumps({**json.loads(path.read_text()), "highest": number}))

    def version(self, number: int) -> str:
        """The version of a bundle."""
        document: Document = json.loads((self.bundles[number] / "manifest.json").read_text())
        return str(document["version"])


def make_site(folder: Path, disk: Disk | None = None) -> Site:
    """A device with release 1; bundles 1 to 3 are there to be released."""
    bundles = {number: make_bundle(folder / f"bundle{number}", seed=number) for number in (1, 2, 3)}
    publisher = Publisher(folder / "repo")
    publisher.release(bundles[1], 1)
    home = Home(str(folder / "home"), disk)
    provisioning.init(home, str(bundles[1]), str(publisher.trust), 1, prove_here)
    return Site(folder, publisher, home, bundles)


def serving_version(home: Home) -> str:
    """The version that `current` answers as: its golden inputs are answered right, its byte-code loads."""
    for path in Path(home.current).rglob("*.pyc"):
        marshal.loads(path.read_bytes()[16:])
    prove_here(home.current, None)  # type: ignore[arg-type]
    with Path(home.current, "manifest.json").open() as file:
        return str(json.load(file)["version"])
