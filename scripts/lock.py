"""Makes packager/data/*.lock anew: exact versions with hashes, for every platform, naming no index.

`make lock` takes the newest versions that the requirements allow; review what changed, then run the tests.
"""

import subprocess
import sys
import tomllib
from pathlib import Path

import uv

DATA = Path(__file__).parents[1] / "packager" / "data"
OLDEST_PYTHON = "3.11"

# Name of the lock: its requirements, and whether what these need is locked, too.
LOCKS: dict[str, tuple[tuple[str, ...], bool]] = {
    "aws_lambda": (("fastapi>=0.115", "mangum>=0.19"), True),
    "lambda_client": (("awslambdaric==4.2.2",), True),
    "lambda_emulator": (("aws-sam-cli==1.170.0",), False),
    "sam_cli": (("aws-sam-cli==1.170.0",), True),
}


def engine_locks() -> dict[str, tuple[tuple[str, ...], bool]]:
    """One lock for each release of the engine table."""
    rows = tomllib.loads((DATA / "engines.toml").read_text())["engines"]
    return {f"onnxruntime-{row['version']}": ((f"onnxruntime=={row['version']}",), False) for row in rows}


def lock(name: str, requirements: tuple[str, ...], with_dependencies: bool) -> None:
    """Resolve once for all platforms and all Python versions from the oldest on."""
    command = [
        uv.find_uv_bin(), "pip", "compile", "-", "--universal", "--generate-hashes", "--upgrade", "--quiet",
        "--no-header", "--no-annotate", "--no-emit-index-url", "--python-version", OLDEST_PYTHON,
        "--output-file", str(DATA / f"{name}.lock"),
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
