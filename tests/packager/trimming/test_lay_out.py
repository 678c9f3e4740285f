"""Rules are tried on the function itself: what changes an answer is undone and named, the rest left out."""

import platform as machine
from pathlib import Path

import pytest

from packager import interpreters, trimming
from packager.errors import ConfigError
from packager.layout import Arch, Layout
from packager.results import TrimmedRule
from packager.targets.aws_lambda.target import AwsLambda
from packager.trimming import Rule
from tests.packager.assembling import parts_of
from tests.runtimes.models import classifier_root

pytestmark = pytest.mark.network

HERE: Arch = "arm64" if machine.machine() == "aarch64" else "x86_64"
NEWEST = next(version for version in ("3.14", "3.13", "3.12", "3.11") if interpreters.find(version))


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return classifier_root(tmp_path_factory.mktemp("model") / "root")


def target(http: str = "fastapi") -> AwsLambda:
    return AwsLambda.model_validate({"runtime": f"python{NEWEST}", "arch": HERE, "http": http})


def trim(root: Path, *own: Rule, http: str = "fastapi") -> tuple[set[str], dict[str, TrimmedRule]]:
    layout, records = trimming.lay_out(target(http), parts_of(root, target(http)), own)
    return names(layout), {record.rule: record for record in records}


def names(layout: Layout) -> set[str]:
    return {entry.dest for entry in layout.entries}


def rule(name: str, *files: str) -> Rule:
    return Rule(name=name, files=files)


def test_every_declared_rule_leaves_our_own_function_as_it_was(root: Path) -> None:
    shipped, records = trim(root)
    assert {name: record.undone for name, record in records.items() if record.undone} == {}
    assert {"sources that have byte-code", "type stubs", "test clients"} <= records.keys()
    assert not [name for name in shipped if name.endswith((".pyi", "testclient.pyc"))]
    assert not [name for name in shipped if name.startswith("function/fastapi/") and name.endswith(".py")]
    assert "function/fastapi/applications.pyc" in shipped


def test_a_planted_rule_that_breaks_a_route_is_detected_undone_and_named(root: Path) -> None:
    planted = rule("swagger's page", "fastapi/openapi/docs.py*")
    harmless = rule("names of domains in other letters", "idna/**")
    shipped, records = trim(root, planted, harmless)
    said = records["swagger's page"].undone
    assert said is not None and "fastapi.openapi.docs" in said
    assert records["swagger's page"].files == 1  # its source had gone by a rule before it
    assert "function/fastapi/openapi/docs.pyc" in shipped
    assert records["names of domains in other letters"].undone is None
    assert not [name for name in shipped if name.startswith("function/idna/")]


def test_a_rule_that_raises_nothing_and_changes_an_answer_is_undone(root: Path) -> None:
    """Without Mangum the function still answers, that it was built without its pages: 404, no exception."""
    _, records = trim(root, rule("mangum", "mangum/**"))
    said = records["mangum"].undone
    assert said is not None and "status 404" in said and "status 200" in said


def test_our_own_parts_are_never_left_out(root: Path) -> None:
    whole, _ = trim(root)
    shipped, records = trim(
        root, rule("the engine and all", "lib/**", "model/**", "runtimes/**", "manifest.json")
    )
    assert shipped == whole
    assert "the engine and all" not in records


def test_what_was_proven_once_is_not_replayed_again(root: Path) -> None:
    parts, said = parts_of(root, target()), list[str]()
    first = trimming.lay_out(target(), parts, say=said.append)
    said.clear()
    assert trimming.lay_out(target(), parts, say=said.append) == first
    assert said == []


def test_another_rule_is_another_proof(root: Path) -> None:
    said: list[str] = []
    own = [rule("pages for people", "starlette/staticfiles.py*")]
    trimming.lay_out(target(), parts_of(root, target()), say=said.append)
    said.clear()
    trimming.lay_out(target(), parts_of(root, target()), own, say=said.append)
    assert len(said) <= 1  # proven by an earlier run of this test, or now
    _, records = trimming.lay_out(target(), parts_of(root, target()), own)
    assert records[-1].rule == "pages for people"


def test_a_function_for_another_processor_is_stood_in_for(root: Path) -> None:
    other = AwsLambda.model_validate(
        {"runtime": f"python{NEWEST}", "arch": "x86_64" if HERE == "arm64" else "arm64"}
    )
    parts = parts_of(root, other)
    here = parts_of(root, target()).library
    layout, records = trimming.lay_out(other, parts, [rule("swagger", "fastapi/openapi/docs.py*")], here)
    undone = {record.rule for record in records if record.undone}
    assert undone == {"swagger"}
    assert [name for name in names(layout) if "aarch64" in name or "x86_64" in name]


def test_without_packages_there_is_nothing_to_trim(root: Path) -> None:
    _, records = trim(root, http="none")
    assert records == {}


def test_two_rules_of_one_name_are_refused(root: Path) -> None:
    with pytest.raises(ConfigError, match="two rules of trimming named 'tests'"):
        trim(root, rule("tests", "demo/**"))
