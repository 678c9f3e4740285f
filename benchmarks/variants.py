"""The artifacts that are measured, each built by `packager build` as a user builds it."""

import json
import subprocess
import sys
from pathlib import Path

from packager.benchmark.subject import Asked, Subject, open_subject
from packager.tools import silent

_TOML = """\
model = {model}
name = "{name}"
engine = "{engine}"
format = "{format}"
[[target]]
kind = "aws_lambda"
http = "{http}"
"""


def build(model: Path, name: str, *, engine: str, http: str = "none", format: str = "onnx") -> Subject:
    """An artifact of the model beside it; what was printed ends the run where it fails."""
    work = model.parent / name
    work.mkdir()
    text = _TOML.format(model=json.dumps(str(model)), name=name, engine=engine, format=format, http=http)
    (work / "packager.toml").write_text(text)
    command = [sys.executable, "-m", "packager", "build", "-o", "json"]
    done = subprocess.run(command, cwd=work, stdout=subprocess.PIPE, text=True)
    if done.returncode != 0:
        sys.exit(f"the artifact {name} could not be built")
    artifact = work / json.loads(done.stdout)["artifacts"][0]["path"]
    return open_subject(artifact, Asked(), work, silent)
