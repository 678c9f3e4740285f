"""Makes packager/data/*.lock anew: exact versions with hashes, for every platform, naming no index.

`make lock` takes the newest versions that the requirements allow; review what changed, then run the tests.
"""

import subprocess
import sys
import tomllib
from pathlib import Path

import uv

DATA = Path(__file__).parents[1] / "packager" / "data"
OVERRIDES = Path(__file__).parent / "overrides.txt"
OLDEST_PYTHON = "3.11"
OLDEST_PYTHONS = {"worker_onnx2tf": "3.12", "edge_update": "3.9"}

# What the environments of workers share. onnx 1.22 and newer write graphs that no released engine reads; with
# protobuf 7 skl2onnx cannot write tree ensembles.
_ONNX = ("onnx==1.21.0", "onnxruntime", "protobuf>=6.31.1,<7")
_SKLEARN = ("scikit-learn", "skl2onnx", "skops", "joblib")
_SAMPLES = ("pandas", "pyarrow")
_JOB = ("pyarrow", "boto3", "tqdm")

# Name of the lock: its requirements, and whether what these need is locked, too.
LOCKS: dict[str, tuple[tuple[str, ...], bool]] = {
    "aws_lambda": (("fastapi>=0.115", "mangum>=0.19"), True),
    # What a batch job installs beside itself; with Ray all of it in one environment.
    "batch": (_JOB, True),
    "batch_ray": ((*_JOB, "ray==2.60.0"), True),
    # What the usual ways of serving a model install: the benchmark measures against them.
    "benchmark_naive": (("fastapi", "mangum", "onnxruntime==1.31.1", "numpy"), True),
    "benchmark_sklearn": (("fastapi", "mangum", "scikit-learn==1.9.1", "joblib", "numpy"), True),
    # Pure Python on the device. urllib3 is left out: the bundle's updater fetches by itself.
    "edge_update": (("tuf>=6,<8", "securesystemslib>=1.3,<2"), False),
    "lambda_client": (("awslambdaric==4.2.2",), True),
    "lambda_emulator": (("aws-sam-cli==1.170.0",), False),
    "sam_cli": (("aws-sam-cli==1.170.0",), True),
    "tflite_micro": (("tflite-micro==0.dev20261023182759",), True),
    "worker_boosting": (
        ("xgboost-cpu==3.2.0", "lightgbm", *_SKLEARN, *_ONNX, *_SAMPLES),
        True,
    ),
    "worker_litert_torch": (("litert-torch==0.10.0", "ai-edge-litert==2.3.0", *_ONNX, *_SAMPLES), True),
    "worker_onnx": ((*_ONNX, *_SAMPLES), True),
    "worker_onnx2tf": (("onnx2tf==2.6.9",), True),
    # sympy: what onnxslim's and onnxruntime's inference of shapes import.
    "worker_onnx_passes": ((*_ONNX, "onnxslim", "sympy", "numpy"), True),
    "worker_onnx_tflite": (("ai-edge-litert==2.3.0", *_ONNX), True),
    "worker_sklearn": ((*_SKLEARN, *_ONNX, *_SAMPLES), True),
    "worker_tensorflow": (
        (
            "tensorflow-cpu==2.21.0 ; sys_platform == 'linux' and platform_machine == 'x86_64'",
            *("tensorflow==2.21.0", "tf-keras==2.21.0", "keras==3.15.1", "tf2onnx==1.17.0", "h5py"),
            *_ONNX,
            *_SAMPLES,
        ),
        True,
    ),
    "worker_torch_pruning": (("torch-pruning==1.6.1", "onnxscript", *_ONNX, *_SAMPLES), True),
    "worker_torch_pruning_tflite": (
        ("torch-pruning==1.6.1", "litert-torch==0.10.0", "ai-edge-litert==2.3.0", *_ONNX, *_SAMPLES),
        True,
    ),
    "worker_tflite": (("ai-edge-litert", *_SAMPLES), True),
    "worker_tflite_passes": (
        ("ai-edge-quantizer==0.10.0", "ai-edge-litert==2.3.0", "protobuf>=6.31.1,<7"),
        True,
    ),
}


def engine_locks() -> dict[str, tuple[tuple[str, ...], bool]]:
    """One lock for each release of the engine table that is a package."""
    table = tomllib.loads((DATA / "engines.toml").read_text())
    packages = {name: kind["package"] for name, kind in table["kinds"].items() if "package" in kind}
    releases = [
        (packages[row["kind"]], row["version"]) for row in table["engines"] if row["kind"] in packages
    ]
    return {f"{package}-{version}": ((f"{package}=={version}",), False) for package, version in releases}


def lock(name: str, requirements: tuple[str, ...], with_dependencies: bool) -> None:
    """Resolve once for all platforms and all Python versions from the oldest on."""
    oldest = OLDEST_PYTHONS.get(name, OLDEST_PYTHON)
    command = [
        uv.find_uv_bin(), "pip", "compile", "-", "--universal", "--generate-hashes", "--upgrade", "--quiet",
        "--no-header", "--no-annotate", "--no-emit-index-url", "--python-version", oldest,
        "--override", str(OVERRIDES), "--output-file", str(DATA / f"{name}.lock"),
    ]  # fmt: skip
    options = [] if with_dependencies else ["--no-deps"]
    subprocess.run([*command, *options], input="\n".join(requirements), text=True, check=True)


def main() -> None:
    """Make the locks that are named on the command line, or all."""
    known = {**LOCKS, **engine_locks()}
    for name in sys.argv[1:] or known:
        lock(name, *known[name])


if __name__ == "__main__":
    main()
