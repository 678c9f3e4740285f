"""`packager release` as its user meets it."""

import json
from pathlib import Path

import pytest

from tests.edge.update.releases import make_bundle
from tests.main_job.commands import packager


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("releases")
    make_bundle(folder / "bundle", 1)
    assert packager("release", "--new-key", "key.pem", cwd=folder).exit_code == 0
    return folder


def test_a_bundle_is_released_and_the_next_command_is_said(folder: Path) -> None:
    done = packager("release", "bundle", "--key", "key.pem", "--to", "repo", cwd=folder)
    assert done.exit_code == 0
    assert "1 of iris for test-device" in done.stdout
    assert "python -m edge.update" in done.stderr
    assert "repo is new: give repo/trust to each device, once" in done.stderr


def test_answers_as_one_document(folder: Path) -> None:
    done = packager("release", "bundle", "--key", "key.pem", "--to", "json", "-o", "json", cwd=folder)
    found = json.loads(done.stdout)
    assert (found["number"], found["is_new"], found["signed"]["repository"]) == (1, True, "json")
    done = packager("release", "--refresh", "--key", "key.pem", "--to", "json", "-o", "json", cwd=folder)
    assert json.loads(done.stdout)["online_until"] >= found["signed"]["online_until"]


def test_a_repository_is_handed_over(folder: Path) -> None:
    packager("release", "bundle", "--key", "key.pem", "--to", "handed", cwd=folder)
    packager("release", "--new-key", "next.pem", cwd=folder)
    arguments = ("--key", "key.pem", "--to", "handed")
    assert packager("release", "--rotate-to", "next.pem", *arguments, cwd=folder).exit_code == 0
    refused = packager("release", "bundle", *arguments, cwd=folder)
    assert refused.exit_code == 18
    assert "key.pem is not the key that signs" in refused.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "name the key and the repository"),
        (("--key", "key.pem", "--to", "x"), "give one of: BUNDLE, --refresh, --rotate-to FILE"),
        (("bundle", "--refresh", "--key", "key.pem", "--to", "x"), "give one of"),
        (("--refresh", "--number", "3", "--key", "key.pem", "--to", "x"), "--number is for the release"),
    ],
)
def test_says_what_is_missing(folder: Path, arguments: tuple[str, ...], said: str) -> None:
    done = packager("release", *arguments, cwd=folder)
    assert done.exit_code == 2
    assert said in done.stderr


def test_refuses_what_is_no_edge_bundle(folder: Path) -> None:
    done = packager("release", ".", "--key", "key.pem", "--to", "repo", cwd=folder)
    assert done.exit_code == 12
