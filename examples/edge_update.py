"""Devices, from a model to an update and back: build, release, provision, predict, update, roll back.

Two forests over the UCI wine measurements are two releases of one model. A folder is the device: nothing runs
there but Python's standard library and what bundles bring. FOLDER (default: dist/edge-update) keeps all.
"""

import json
import os
import platform
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import joblib
from sklearn.datasets import load_wine
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

DEVICE = "linux-arm64" if platform.machine() == "aarch64" else "linux-x86_64"


Command = list[str | Path]


def run(command: Command, environment: dict[str, str], rows: str = "") -> None:
    """Run a command to its end; what it says goes to the terminal."""
    done = subprocess.run(
        list(map(str, command)), cwd="/", env=environment, input=rows, text=True, check=False
    )
    if done.returncode:
        sys.exit(f"that ended with {done.returncode}")


def at_home(*arguments: str | Path) -> None:
    """Run the builder's command line."""
    print("\n$ packager", *arguments, flush=True)
    path = Path(__file__).resolve().parents[1]
    run([sys.executable, "-m", "packager", *arguments], {**os.environ, "PYTHONPATH": str(path)})


def on_device(bundle: Path, *arguments: str | Path, rows: str = "") -> None:
    """Run a module out of the bundle, without any package that is installed here."""
    print("\n$ python3 -m", *arguments, flush=True)
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(bundle)}
    run([sys.executable, "-S", "-m", *arguments], environment, rows)


def train(folder: Path) -> tuple[list[Path], Path, str]:
    """Two models, the rows that they are proved on, and some of them as JSON lines."""
    data = load_wine(as_frame=True)
    names = data.target.map(dict(enumerate(data.target_names)))
    seen, unseen, truth, _ = train_test_split(data.data, names, random_state=0)
    models = []
    for number, trees in ((1, 10), (2, 40)):
        models.append(folder / f"wine-{number}.joblib")
        forest = RandomForestClassifier(trees, max_depth=6, random_state=0)
        joblib.dump(make_pipeline(StandardScaler(), forest).fit(seen, truth), models[-1])
    unseen.to_csv(folder / "rows.csv", index=False)
    rows = "".join(json.dumps(list(row)) + "\n" for row in unseen.head(5).itertuples(index=False))
    return models, folder / "rows.csv", rows


def release(model: Path, rows: Path, folder: Path) -> Path:
    """Build the bundle of a model and add it to the releases; its artifact."""
    artifact = folder / model.stem / "wine" / "edge"
    asked = ("--name", "wine", "--samples", rows, "--target", "edge", "--device", DEVICE)
    at_home("build", model, *asked, "--output", folder / model.stem)
    at_home("release", artifact, "--key", folder / "key.pem", "--to", folder / "releases")
    return artifact


def main(folder: Path) -> None:
    """What a maker of devices does, and what happens on a device."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    releases, home = folder / "releases", folder / "device"
    current, spool = home / "current", home / "spool"
    models, table, rows = train(folder)

    print("\n# At home: a key, and the first release")
    at_home("release", "--new-key", folder / "key.pem")
    first = release(models[0], table, folder)

    print("\n# On the device: the first bundle and what it trusts come with it, once")
    bundle = folder / "unpacked"
    with tarfile.open(first / "wine.tar.gz") as packed:
        packed.extractall(bundle, filter="data")
    trust = releases / "trust"
    on_device(bundle, "edge.update", "init", "--home", home, "--trust", trust, "--number", "1", bundle)
    on_device(current, "edge", "predict", "--telemetry", spool, rows=rows)

    print("\n# At home: a better model")
    release(models[1], table, folder)

    print("\n# On the device: what changed is fetched, proved there, and takes over")
    on_device(current, "edge.update", "--home", home, "--from", releases, "--health-s", "1")
    on_device(current, "edge", "predict", "--telemetry", spool, rows=rows)

    print("\n# Somebody would rather have the one before")
    on_device(current, "edge.update", "--home", home, "rollback")
    on_device(current, "edge", "predict", "--telemetry", spool, rows=rows)
    on_device(current, "edge.update", "--home", home, "status")
    on_device(current, "edge", "telemetry", "--home", home, "show")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "dist/edge-update").resolve())
