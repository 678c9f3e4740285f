"""Cuts are tried on a copy: safe is what changes no answer, and what was not asked is not said to be safe."""

import compileall
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from packager import sizes
from packager.errors import ArtifactError, InvokeError
from packager.measurement import SizeCut, SizeLedger
from tests.packager.sizes import functions

pytestmark = pytest.mark.network


def asked(tmp_path: Path, text: str = functions.EVENT) -> sizes.Asked:
    return sizes.Asked(events=(functions.event(tmp_path, text),))


def cuts(ledger: SizeLedger, *, safe: bool) -> dict[str, SizeCut]:
    found = [cut for cut in ledger.cuts or () if cut.safe == safe]
    return {cut.what.partition(" (")[0].partition(",")[0]: cut for cut in found}


@pytest.fixture
def function(tmp_path: Path) -> Path:
    return functions.zipped(functions.make(tmp_path / "function"), tmp_path / "function.zip")


def test_with_an_event_the_answers_are_the_proof(function: Path, tmp_path: Path) -> None:
    found = sizes.explain(function, asked(tmp_path))
    safe = cuts(found, safe=True)
    assert {"tests", "type stubs", "headers and what compilers read", "commands", "idle"} <= safe.keys()
    assert {cut.proof for cut in safe.values()} == {
        "the answers to 1 event are the same, but for what changes by itself (1 of their values)"
    }
    assert safe["tests"].files == 2


def test_a_file_that_is_read_at_run_time_is_found_out(function: Path, tmp_path: Path) -> None:
    found = sizes.explain(function, asked(tmp_path))
    refused = cuts(found, safe=False)["documentation"]
    assert refused.proof is not None and "page.md" in refused.proof


def test_without_an_event_only_what_cannot_be_imported_later_is_safe(function: Path) -> None:
    found = sizes.explain(function, sizes.Asked())
    safe = cuts(found, safe=True)
    assert safe.keys() == {"type stubs"}
    assert all("no event was given" in str(cut.proof) for cut in safe.values())
    assert any("app.handler" in note and "--event" in note for note in found.notes)


def test_what_was_cut_is_written_and_proven_once_more(function: Path, tmp_path: Path) -> None:
    dest = tmp_path / "small.zip"
    found = sizes.explain(function, asked(tmp_path), dest)
    with zipfile.ZipFile(dest) as written:
        names = set(written.namelist())
    assert {"app.py", "used/docs/page.md", "used/later.py"} <= names
    assert not [name for name in names if name.startswith(("idle", "bin/")) or "/tests/" in name]
    assert dest.stat().st_size < function.stat().st_size
    assert "proven once more" in found.notes[-1]
    again = sizes.explain(dest, sizes.Asked("app.handler", asked(tmp_path).events))
    assert cuts(again, safe=True) == {}


def test_a_folder_is_written_as_a_folder(function: Path, tmp_path: Path) -> None:
    sizes.explain(function, asked(tmp_path), tmp_path / "small")
    assert (tmp_path / "small/app.py").is_file()
    assert not (tmp_path / "small/used/__init__.pyi").exists()


def test_nothing_that_is_there_is_replaced(function: Path, tmp_path: Path) -> None:
    (tmp_path / "small.zip").write_text("mine")
    with pytest.raises(ArtifactError, match="exists"):
        sizes.explain(function, asked(tmp_path), tmp_path / "small.zip")
    assert (tmp_path / "small.zip").read_text() == "mine"


def test_a_function_that_does_not_run_here_has_no_safe_cuts(tmp_path: Path) -> None:
    files = {**functions.FILES, "app.py": "import nowhere\n\ndef handler(event, context): ...\n"}
    found = sizes.explain(functions.make(tmp_path / "f", files), asked(tmp_path), tmp_path / "small.zip")
    assert cuts(found, safe=True) == {}
    assert cuts(found, safe=False)["tests"].proof is None
    assert any("nowhere" in note for note in found.notes)
    assert not (tmp_path / "small.zip").exists()


def test_a_function_that_relies_on_the_runtimes_boto3_is_told_what_to_do(tmp_path: Path) -> None:
    files = {"app.py": "import boto3\n\ndef handler(event, context): ...\n"}
    found = sizes.explain(functions.make(tmp_path / "f", files), asked(tmp_path))
    assert any(note.startswith("boto3 is in Lambda's managed runtime") for note in found.notes)


def test_a_function_that_writes_into_its_own_folder_has_no_safe_cuts(tmp_path: Path) -> None:
    text = "def handler(event, context):\n    open('used/docs/page.md', 'a').write('x')\n    return {}\n"
    folder = functions.make(tmp_path / "f", {**functions.FILES, "app.py": text})
    found = sizes.explain(folder, asked(tmp_path))
    assert cuts(found, safe=True) == {}
    assert any("used/docs/page.md" in note and "read-only" in note for note in found.notes)
    assert (folder / "used/docs/page.md").read_text() == functions.FILES["used/docs/page.md"]


def test_an_event_that_is_refused_proves_nothing(tmp_path: Path) -> None:
    files = {"app.py": "def handler(event, context):\n    return {'statusCode': 422}\n"}
    with pytest.raises(InvokeError, match="nothing is proven"):
        sizes.explain(functions.make(tmp_path / "f", files), asked(tmp_path))


def test_a_layer_is_proven_by_imports(tmp_path: Path) -> None:
    files = {name: text for name, text in functions.FILES.items() if name.startswith("used/")}
    functions.make(tmp_path / "layer/python", files)
    layer = functions.zipped(tmp_path / "layer", tmp_path / "layer.zip")
    found = sizes.explain(layer, sizes.Asked(), tmp_path / "small.zip")
    assert "type stubs" in cuts(found, safe=True)
    with zipfile.ZipFile(tmp_path / "small.zip") as written:
        assert "python/used/__init__.py" in written.namelist()
        assert "python/used/__init__.pyi" not in written.namelist()


def test_stale_byte_code_is_said_and_cut(tmp_path: Path) -> None:
    folder = functions.make(tmp_path / "f")
    subprocess.run([sys.executable, "-m", "compileall", "-q", str(folder)], check=True)
    os.utime(folder / "used/later.py", (1, 1))
    found = sizes.explain(folder, asked(tmp_path))
    assert cuts(found, safe=True)["stale byte-code"].files == 1
    assert any(note.startswith("1 byte-code files are stale") for note in found.notes)


def test_missing_byte_code_is_advice_with_what_it_costs(function: Path) -> None:
    (note,) = [note for note in sizes.explain(function, sizes.Asked()).notes if "no byte-code" in note]
    assert note.startswith("6 of 6 sources have no byte-code") and note.endswith("zipped")


def test_byte_code_in_place_of_sources_is_a_cut_only_where_it_spares_bytes(tmp_path: Path) -> None:
    folder = functions.make(tmp_path / "function")
    bare = sizes.explain(folder, asked(tmp_path))
    assert all(cut.zipped_bytes > 0 for cut in cuts(bare, safe=True).values())
    compileall.compile_dir(folder, quiet=1)
    found = sizes.explain(folder, asked(tmp_path), tmp_path / "small")
    assert cuts(found, safe=True)["sources and checked byte-code"].zipped_bytes > 0
    assert (tmp_path / "small/used/later.pyc").is_file()
    assert not (tmp_path / "small/app.py").exists()


def test_boto3_is_named_and_never_said_to_be_safe(tmp_path: Path) -> None:
    files = {**functions.FILES, "boto3/__init__.py": "", "botocore/__init__.py": ""}
    found = sizes.explain(functions.make(tmp_path / "f", files), asked(tmp_path))
    (cut,) = [cut for cut in found.cuts or () if "boto3" in cut.what]
    assert (cut.safe, cut.proof) == (False, None)


def test_an_event_that_is_no_json_is_refused(function: Path, tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match="is not JSON"):
        sizes.explain(function, asked(tmp_path, "no json"))


def test_the_ledger_is_one_json_document(function: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "packager", "explain-size", str(function), "-o", "json"]
    done = subprocess.run(
        [*command, "--save", str(tmp_path / "sizes.json")], capture_output=True, text=True, check=True
    )
    document = json.loads(done.stdout)
    assert document == json.loads((tmp_path / "sizes.json").read_text())
    assert document["files"] == len(functions.FILES) + 4
    assert {"package", "kind", "files", "unzipped_bytes", "zipped_bytes"} == set(document["shares"][0])
