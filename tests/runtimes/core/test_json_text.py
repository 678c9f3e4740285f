"""JSON without ``json``: the same values and the same words as the library's own, on every Python."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from packager import interpreters

REPOSITORY = Path(__file__).parents[3]
GOOD = ['{"a": [1, -2.5e3, true, null, "\\u00e9\\n"]}', " [1]\n", "5", '"é"', "{}", "1e400", "[[], {}]"]
WRONG = [
    "", " ", "{", "[1,", '{"a"', '{"a": 1,}', "nul", "[1] x", '{"a": NaN}', "[-Infinity]", "01",
    '"\\x"', '"\t"', "'a'",
    '"open', '{"a":', "{1: 2}", "[1 2]",
]  # fmt: skip

PROGRAM = """
import sys
from runtimes.core import json_text
assert "json" not in sys.modules and "re" not in sys.modules
found = []
for text in eval(sys.stdin.read()):
    try:
        found.append(repr(json_text.read(text)))
    except ValueError as error:
        found.append(str(error))
    for name in [name for name in sys.modules if name.split(".")[0] == "json"]:
        del sys.modules[name]
import json
print(json.dumps([found, json_text.write({"é": [1, 1.5, None, True, "\\u2028"]})]))
"""


def by_the_library(text: str) -> str:
    def refuse(name: str) -> object:
        raise ValueError(f"{name} is not a JSON number")

    try:
        return repr(json.loads(text, parse_constant=refuse))
    except ValueError as error:
        return str(error)


@pytest.mark.parametrize("version", ["3.9", "3.10", "3.11", "3.12", "3.13"])
def test_texts_are_read_as_the_library_reads_them(version: str) -> None:
    here = f"{sys.version_info[0]}.{sys.version_info[1]}"
    found = None if version == here else interpreters.find(version)
    if version != here and found is None:
        pytest.skip(f"there is no Python {version} on this machine")
    python = sys.executable if found is None else str(found.path)
    done = subprocess.run(
        [python, "-S", "-c", PROGRAM], input=repr(GOOD + WRONG), cwd=REPOSITORY,
        env={"PYTHONPATH": str(REPOSITORY), "PYTHONDONTWRITEBYTECODE": "1"}, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    answers, written = json.loads(done.stdout)
    assert written == '{"\\u00e9":[1,1.5,null,true,"\\u2028"]}'
    assert answers[: len(GOOD)] == [by_the_library(text) for text in GOOD]
    said = [by_the_library(text) for text in WRONG]
    if version == here:
        assert answers[len(GOOD) :] == said
    assert all(answer for answer in answers[len(GOOD) :])
