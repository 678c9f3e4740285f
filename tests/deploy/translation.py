"""Translates a SAM template to plain CloudFormation, by the translator that AWS itself runs on a deploy."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from packager import uv_program

# In an environment of its own, kept by uv: it demands an older pydantic than the one we test with.
REQUIREMENTS = ("aws-sam-translator==1.115.0", "pyyaml>=6")

_SCRIPT = """
import json, sys
from samtranslator.public.translator import ManagedPolicyLoader
from samtranslator.translator.transform import transform
from samtranslator.yaml_helper import yaml_parse

class NoAccount(ManagedPolicyLoader):
    def __init__(self):
        super().__init__(None)
    def load(self):
        return {}

document = yaml_parse(sys.stdin.read())
for name, properties in json.loads(sys.argv[1]).items():
    document["Resources"][name]["Properties"].update(properties)
print(json.dumps(transform(document, {}, NoAccount())))
"""


def translated(template: Path, properties: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """The translated template; ``properties`` go in first, as `sam package` puts in the code's place."""
    uv = uv_program.find_uv()
    assert uv is not None
    wanted = [text for requirement in REQUIREMENTS for text in ("--with", requirement)]
    command = [
        str(uv),
        "run",
        "--quiet",
        "--no-project",
        "--isolated",
        "--python",
        sys.executable,
        *wanted,
        "python",
        "-c",
        _SCRIPT,
    ]
    done = subprocess.run(
        [*command, json.dumps(properties)], input=template.read_text(), capture_output=True, text=True,
        env={**os.environ, "AWS_DEFAULT_REGION": "us-east-1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    document: dict[str, Any] = json.loads(done.stdout)
    return document
