"""A rule of the user's that breaks something is undone and named; what grew is said, and what could go."""

import json
from pathlib import Path

from tests.main_job import sources
from tests.main_job.commands import build, packager

RULES = """
[[trim]]
name = "pages"
files = ["starlette/responses.py*"]

[[trim]]
name = "names of domains in other letters"
files = ["idna/**"]

[[trim]]
name = "my notes"
files = ["notes/**"]
"""


def test_a_planted_rule_is_undone_and_the_artifact_is_whole(tmp_path: Path) -> None:
    model = sources.forest(tmp_path).model
    (tmp_path / "packager.toml").write_text(f'model = "{model.name}"\n{RULES}')
    (made,) = build(model, cwd=tmp_path)["artifacts"]
    function = tmp_path / made["path"] / "function"
    notes = [note for note in made["notes"] if note.startswith("trimming")]
    assert len(notes) == 2
    assert "'pages' was undone" in notes[0] and "starlette.responses" in notes[0]
    assert notes[1] == "trimming: the rule 'my notes' names no file that may be left out"
    assert list(function.glob("starlette/responses.*"))
    assert not (function / "idna").exists()
    record = json.loads((tmp_path / made["path"] / "build.json").read_text())
    undone = {rule["rule"]: rule["undone"] for rule in record["trimming"]}
    assert [name for name, why in undone.items() if why is not None] == ["pages"]
    assert packager("verify", made["path"], "--rebuild", cwd=tmp_path).exit_code == 0


def test_a_build_says_what_grew_and_nothing_when_nothing_did(tmp_path: Path) -> None:
    model = sources.forest(tmp_path).model
    without = f'model = "{model.name}"\n[[target]]\nkind = "aws_lambda"\nhttp = "none"\n'
    (tmp_path / "packager.toml").write_text(without)
    assert not grown(build(model, cwd=tmp_path))
    assert not grown(build(model, cwd=tmp_path))
    (tmp_path / "packager.toml").unlink()
    (note,) = grown(build(model, cwd=tmp_path))
    assert note.startswith("function.zip grew by ") and "pydantic_core +2." in note
    (tmp_path / "packager.toml").write_text(without)
    (note,) = grown(build(model, cwd=tmp_path))
    assert note.startswith("function.zip shrank by ") and "pydantic_core -2." in note


def test_of_an_artifact_nothing_is_safe_to_cut_that_a_route_asks_for(tmp_path: Path) -> None:
    (made,) = build(sources.forest(tmp_path).model, cwd=tmp_path)["artifacts"]
    event = tmp_path / made["path"] / "events" / "predict.json"
    done = packager("explain-size", made["path"], "--event", event, "-o", "json", cwd=tmp_path)
    found = done.document()
    safe = [cut["what"] for cut in found["cuts"] if cut["safe"]]
    assert not [what for what in safe if what.startswith(("fastapi", "pydantic", "starlette", "mangum"))]
    assert any("every route" in note for note in found["notes"])


def grown(report: dict[str, list[dict[str, list[str]]]]) -> list[str]:
    return [note for note in report["artifacts"][0]["notes"] if note.startswith("function.zip")]
