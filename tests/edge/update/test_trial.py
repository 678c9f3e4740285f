"""A version on trial: confirmed, sent back, sent back by its starts, rolled back by hand."""

from pathlib import Path

import pytest

from edge.update.contents import Contents
from edge.update.errors import (
    RefusedError,
    RolledBackError,
    UnfitError,
    UpdateError,
)
from edge.update.home import SLOTS
from edge.update.recovery import recover
from edge.update.state import read_state
from edge.update.trial import Watch, confirm, roll_back
from tests.edge.update.releases import (
    Site,
    prove_here,
    serving_version,
)


def _only_beside(root: str, contents: Contents) -> None:
    if Path(root).name in SLOTS:
        raise UnfitError("its answers differ")
    prove_here(root, contents)


def test_a_version_that_fails_after_the_switch_goes_back_and_says_why(site: Site) -> None:
    with pytest.raises(RolledBackError, match=r"failed: its answers differ; 1 .* serves again"):
        site.update(watch=Watch(_only_beside))
    state = read_state(site.home)
    assert state.refused is not None and state.refused.why == "its answers differ"
    assert state.history[-1]["what"] == "went back"
    assert serving_version(site.home) == site.version(1)
    with pytest.raises(RefusedError, match="its answers differ"):
        site.update()
    site.update(again=True)
    assert serving_version(site.home) == site.version(2)


@pytest.mark.parametrize(
    ("watch", "why"),
    [
        (Watch(prove_here, health_command="echo sick >&2; exit 7"), r"sick \(exit code 7\)"),
        (Watch(prove_here, restart_command="exit 1"), "--restart-command 'exit 1' failed"),
    ],
)
def test_a_command_that_fails_sends_the_version_back(site: Site, watch: Watch, why: str) -> None:
    with pytest.raises(RolledBackError, match=why):
        site.update(watch=watch)
    assert serving_version(site.home) == site.version(1)


def test_the_health_command_is_asked_again_until_the_window_is_over(site: Site) -> None:
    asked = site.folder / "asked"
    command = f'test "$EDGE_HOME" = {site.home.root} && echo >> {asked} && test $(wc -l < {asked}) -lt 3'
    with pytest.raises(RolledBackError, match="--health-command"):
        site.update(watch=Watch(prove_here, health_s=600.0, every_s=0.01, health_command=command))
    assert len(asked.read_text()) == 3


def test_a_version_that_cannot_be_read_during_its_window_goes_back(site: Site) -> None:
    command = f"rm {site.home.current}/manifest.json"
    with pytest.raises(RolledBackError, match=r"manifest\.json: No such file.* serves again"):
        site.update(watch=Watch(prove_here, health_s=600.0, every_s=0.01, health_command=command))
    assert serving_version(site.home) == site.version(1)


def _interrupted(root: str, contents: Contents) -> None:
    if Path(root).name in SLOTS:
        raise KeyboardInterrupt
    prove_here(root, contents)


def test_a_trial_that_is_not_confirmed_after_three_starts_goes_back(site: Site) -> None:
    with pytest.raises(KeyboardInterrupt):
        site.update(watch=Watch(_interrupted))
    for start in (1, 2, 3):
        trial = recover(site.home, starting=True).trial
        assert trial is not None and trial.starts == start
        assert serving_version(site.home) == site.version(2)
    state = recover(site.home, starting=True)
    assert state.trial is None and state.refused is not None
    assert state.refused.why == "it was not confirmed after 3 starts"
    assert serving_version(site.home) == site.version(1)


def test_a_trial_can_be_confirmed_by_hand(site: Site) -> None:
    with pytest.raises(KeyboardInterrupt):
        site.update(watch=Watch(_interrupted))
    state = confirm(site.home, recover(site.home, starting=True))
    assert (state.good.number, state.trial) == (2, None)
    with pytest.raises(UpdateError, match="nothing to confirm"):
        confirm(site.home, state)


def test_the_next_update_sees_a_trial_through_first(site: Site) -> None:
    with pytest.raises(KeyboardInterrupt):
        site.update(watch=Watch(_interrupted))
    site.publisher.release(site.bundles[3], 3)
    state = site.update()
    assert state.good.number == 3
    assert state.previous is not None and state.previous.number == 2


def test_a_rollback_is_not_undone_by_the_next_update(site: Site) -> None:
    site.update()
    state = roll_back(site.home, recover(site.home, starting=False), Watch(prove_here))
    assert state.good.number == 1
    assert serving_version(site.home) == site.version(1)
    with pytest.raises(RefusedError, match="rolled back by hand"):
        site.update()
    with pytest.raises(UpdateError, match="no version to go back to"):
        roll_back(site.home, state, Watch(prove_here))


def test_a_rollback_to_a_damaged_version_stays_where_it_is(site: Site) -> None:
    site.update()
    Path(site.home.slot("a"), "golden.json").write_text("{}")
    with pytest.raises(UpdateError, match=r"cannot serve again: golden\.json is not the file"):
        roll_back(site.home, recover(site.home, starting=False), Watch(prove_here))
    assert serving_version(site.home) == site.version(2)
