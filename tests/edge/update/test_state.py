"""The state is read whole, or made again from `current` and the slots."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edge.update.errors import UpdateError
from edge.update.home import Home
from edge.update.recovery import recover
from edge.update.state import Installed, State, load_state, read_state, write_state
from tests.edge.update.power import QuickDisk
from tests.edge.update.releases import Site, serving_version
from tests.edge.update.test_contents import JSON

STATE = State("iris", "pi", Installed("a", 6, "1f"), None, Installed("b", 7, "2f", 1), None, 7)


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    home = Home(str(tmp_path), QuickDisk())
    noted = write_state(home, STATE.noting("installed", 7, "2f", "why"))
    assert read_state(home) == noted


def test_the_history_holds_the_last_32_lines() -> None:
    state = STATE
    for number in range(40):
        state = state.noting("installed", number, "1f")
    assert [line["number"] for line in state.history] == list(range(8, 40))


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b"\xff", b"[" * 100_000, b" " * 300_000])
def test_a_damaged_state_is_made_again_from_the_slots(site: Site, body: bytes) -> None:
    site.update()
    Path(site.home.state).write_bytes(body)
    state = recover(site.home, starting=True)
    assert (state.good.number, state.good.version) == (2, site.version(2))
    assert state.previous is not None and state.previous.number == 1
    assert state.highest == 2
    assert state.history[0]["what"] == "rebuilt"
    assert read_state(site.home) == state
    assert serving_version(site.home) == site.version(2)


def test_a_state_that_the_disk_cannot_read_is_made_again(site: Site) -> None:
    Path(site.home.state).unlink()
    Path(site.home.state).symlink_to("/proc/self/mem")
    with pytest.raises(OSError, match="Input/output error"), Path(site.home.state).open("rb") as file:
        file.read(1)
    state = recover(site.home, starting=True)
    assert (state.good.number, state.history[0]["what"]) == (1, "rebuilt")
    assert read_state(site.home) == state


def test_a_lost_state_and_a_lost_link_are_made_again(site: Site) -> None:
    Path(site.home.state).unlink()
    Path(site.home.current).unlink()
    assert recover(site.home, starting=True).good.number == 1
    assert serving_version(site.home) == site.version(1)


def test_a_home_without_bundles_says_how_to_begin(tmp_path: Path) -> None:
    with pytest.raises(UpdateError, match=r"`python -m edge.update init` puts the first one there"):
        load_state(Home(str(tmp_path)))


def test_a_good_version_that_is_damaged_gives_way_to_the_one_before(site: Site) -> None:
    site.update()
    Path(site.home.slot("b"), "model/model.tiny").write_bytes(b"")
    state = recover(site.home, starting=True)
    assert state.good.number == 1
    assert "it was damaged: model/model.tiny" in str(state.history[-1]["why"])
    assert serving_version(site.home) == site.version(1)


def test_a_manifest_that_was_changed_on_the_card_is_damage(site: Site) -> None:
    path = Path(site.home.slot("a"), "manifest.json")
    path.write_text(path.read_text() + "\n")
    with pytest.raises(UpdateError, match=r"manifest\.json is not the one of its release.* no other to go"):
        recover(site.home, starting=True)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes=st.dictionaries(st.sampled_from(sorted(STATE.document())), JSON, max_size=3))
def test_whatever_stands_in_the_state_a_version_serves(site: Site, changes: dict[str, Any]) -> None:
    document = {**read_state(site.home).document(), **changes}
    Path(site.home.state).write_text(json.dumps(document))
    recover(site.home, starting=True)
    assert serving_version(site.home) == site.version(1)
    assert read_state(site.home).good.slot == "a"
