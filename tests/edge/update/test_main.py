"""`python -m edge.update` as a user has it: from provisioning on, and killed at any moment."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.edge.update.releases import Publisher, make_bundle


class Device:
    """A folder with releases and a device that runs its own bundle's updater."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.home = folder / "home"
        self.publisher = Publisher(folder / "repo")
        self.bundles = {
            number: make_bundle(folder / f"{number}", seed=number, code=True) for number in (1, 2, 3)
        }
        self.publisher.release(self.bundles[1], 1)

    def start(self, code: Path, *arguments: object) -> "subprocess.Popen[str]":
        """The updater of a bundle, under way."""
        command = [sys.executable, "-m", "edge.update", *map(str, arguments)]
        environment = {**os.environ, "PYTHONPATH": str(code), "PYTHONDONTWRITEBYTECODE": "1"}
        return subprocess.Popen(
            command,
            cwd=self.folder,
            env=environment,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def run(self, code: Path, *arguments: object) -> tuple[int, str, str]:
        """The updater of a bundle: exit code, what it says, what it complains of."""
        with self.start(code, *arguments) as process:
            said, complained = process.communicate(timeout=120)
        assert "Traceback" not in complained
        return process.returncode, said, complained

    def here(self, *arguments: object) -> tuple[int, str, str]:
        """The installed updater."""
        return self.run(self.home / "current", *arguments)

    def init(self) -> tuple[int, str, str]:
        """Put release 1 there."""
        trust = ("--trust", self.publisher.trust, "--number", 1)
        return self.run(self.bundles[1], "init", "--home", self.home, *trust, self.bundles[1])

    def serving(self) -> int:
        """The release whose version `current` answers as, by its own self-test."""
        with subprocess.Popen(
            [sys.executable, "-m", "edge", "selftest", "--json"], cwd=self.folder, stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": str(self.home / "current")},
        ) as process:  # fmt: skip
            answer = json.loads(process.communicate(timeout=60)[0])
        assert answer["ok"], answer
        versions = {_version(bundle): number for number, bundle in self.bundles.items()}
        return versions[answer["version"]]


def _version(bundle: Path) -> str:
    return str(json.loads((bundle / "manifest.json").read_text())["version"])


@pytest.fixture
def device(folder: Path) -> Device:
    """A device with release 1."""
    device = Device(folder)
    code, said, complained = device.init()
    assert (code, said) == (
        0,
        f"iris {_version(device.bundles[1])} serves from {device.home}/current, as release 1\n",
    )
    assert not complained
    return device


def test_a_device_from_its_first_bundle_to_a_rollback(device: Device) -> None:
    assert device.init()[0] == 1
    repo = device.publisher.repo
    assert device.here("--from", repo)[0] == 3
    device.publisher.release(device.bundles[2], 2)
    code, said, _ = device.here("--from", repo, "--health-s", 0)
    assert (code, said) == (0, f"release 2 ({_version(device.bundles[2])}) serves and is good\n")
    assert device.serving() == 2
    status = json.loads(device.here("status", "--json")[1])
    assert (status["good"]["number"], status["previous"]["number"], status["current"]) == (2, 1, "b")
    assert "good      2" in device.here("status")[1]
    assert device.here("rollback")[0] == 0
    assert device.serving() == 1
    code, _, complained = device.here("--from", repo)
    assert code == 4 and "rolled back by hand" in complained
    code, _, complained = device.here(
        "--from", repo, "--again", "--health-s", 0, "--health-command", "exit 9"
    )
    assert code == 5 and "exit code 9" in complained
    assert device.here("recover")[:2] == (0, f"release 1 ({_version(device.bundles[1])}) serves\n")
    assert device.here("confirm")[0] == 1


def test_an_updater_that_is_killed_at_any_moment_leaves_a_version_that_answers(device: Device) -> None:
    device.publisher.release(device.bundles[2], 2)
    chance = random.Random(6)
    arguments = ("--from", device.publisher.repo, "--health-s", 0)
    for _ in range(6):
        with device.start(device.home / "current", *arguments) as process:
            time.sleep(chance.uniform(0.05, 1.2))
            process.send_signal(signal.SIGKILL)
            process.communicate(timeout=60)
        assert device.serving() in (1, 2)
    assert device.here(*arguments)[0] in (0, 3)
    assert device.serving() == 2


@pytest.mark.parametrize(
    ("arguments", "code", "why"),
    [
        (("status",), 1, "which home"),
        (("--home", "nowhere", "status"), 1, "there is no folder nowhere"),
        (("--home", ".", "status"), 1, "no bundle is installed"),
        (("--home", ".", "--from", "nowhere"), 1, "neither a folder nor an http"),
        ((), 2, "--from URL|DIR"),
        (("init", "--trust", ".", "."), 2, "init needs --home"),
        (("init", "--home", "new", "--trust", ".", "."), 4, "is no bundle"),
        (("init", "--home", "new", "--trust", ".", "1"), 1, "neither release.pub nor root.json"),
        (("--from", ".", "--health-s", "soon"), 2, "soon"),
        (("init", "--home", "new", "--trust", ".", "--number", 2**53 + 1, "1"), 2, "is no number from 0 to"),
    ],
)
def test_what_cannot_be_done_is_told_in_a_sentence(
    folder: Path, arguments: tuple[str, ...], code: int, why: str
) -> None:
    device = Device(folder)
    found, said, complained = device.run(device.bundles[1], *arguments)
    assert found == code and why in complained and not said
    assert not (folder / "new" / "current").exists()


@pytest.mark.parametrize(("command", "good"), [("true", 2), ("echo sick >&2; false", 1)])
def test_a_version_that_lost_power_during_its_trial_is_proved_at_the_next_start(
    device: Device, command: str, good: int
) -> None:
    device.publisher.release(device.bundles[2], 2)
    meanwhile = f"touch {device.folder}/watched"
    arguments = ("--from", device.publisher.repo, "--health-s", 600, "--health-command", meanwhile)
    with device.start(device.home / "current", *arguments) as process:
        while not (device.folder / "watched").exists():
            assert process.poll() is None
            time.sleep(0.01)
        process.kill()
        process.communicate(timeout=60)
    assert device.serving() == 2
    code, said, _ = device.here("recover", "--confirm", "--health-command", command)
    assert code == 0 and ("sick" in said and "1 (" in said if good == 1 else "release 2" in said)
    status = json.loads(device.here("status", "--json")[1])
    assert (status["good"]["number"], status["trial"]) == (good, None)
    assert device.serving() == good


def test_a_reader_that_goes_away_breaks_no_update_off(device: Device) -> None:
    device.publisher.release(device.bundles[2], 2)
    with device.start(device.home / "current", "--from", device.publisher.repo, "--health-s", 0) as process:
        assert process.stdout is not None and process.stderr is not None
        process.stdout.close()
        process.stderr.close()
        assert process.wait(timeout=120) == 0
    assert device.serving() == 2


def test_words_of_others_move_no_cursor(device: Device) -> None:
    device.publisher.release(device.bundles[2], 2)
    command = "printf 'a\\033[2Jb\\n' >&2; exit 1"
    code, _, complained = device.here(
        "--from", device.publisher.repo, "--health-s", 0, "--health-command", command
    )
    assert code == 5 and "a?[2Jb (exit code 1)" in complained
    assert "\033" not in complained + device.here("status")[1] + device.here("status", "--json")[1]


def test_an_init_that_broke_off_can_be_done_again(folder: Path) -> None:
    device = Device(folder)
    for delay in (0.1, 0.3):
        trust = ("--trust", device.publisher.trust, "--number", 1)
        with device.start(
            device.bundles[1], "init", "--home", device.home, *trust, device.bundles[1]
        ) as process:
            time.sleep(delay)
            process.kill()
            process.communicate(timeout=60)
    assert device.init()[0] in (0, 1)
    assert device.serving() == 1


def test_a_bundle_that_is_not_whole_is_not_installed(folder: Path) -> None:
    device = Device(folder)
    (device.bundles[1] / "golden.json").write_text("{}")
    code, _, complained = device.init()
    assert code == 1 and "is not whole: golden.json" in complained
    assert not device.home.exists()
