"""Power goes at every step of an update, a recovery, a rollback: a whole version answers, and it goes on."""

import contextlib
from pathlib import Path

import pytest

from edge.update.contents import Contents
from edge.update.errors import NothingNewError, RolledBackError, UnfitError
from edge.update.home import SLOTS, Home
from edge.update.provisioning import init
from edge.update.recovery import STARTS, recover
from edge.update.state import read_state
from edge.update.trial import Watch, roll_back
from tests.edge.update.power import Action, QuickDisk, copied, kill, killed_homes, lost_homes, record
from tests.edge.update.releases import Site, make_site, prove_here, serving_version

pytestmark = pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
LEAST_CUTS = 40


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    """A device with release 2 after 1, for which release 3 is there."""
    site = make_site(tmp_path_factory.mktemp("site"), QuickDisk())
    site.publisher.release(site.bundles[2], 2)
    site.update()
    site.publisher.release(site.bundles[3], 3)
    return site


def _update(site: Site) -> Action:
    return site.update


def _recover(home: Home) -> object:
    return recover(home, starting=True)


def _roll_back(home: Home) -> object:
    return roll_back(home, recover(home, starting=False), Watch(prove_here))


def _goes_on(site: Site, root: Path, answers: set[int]) -> None:
    """One of these versions answers, now and after a start; and then an update leads to the newest."""
    versions = {site.version(number) for number in answers}
    home = Home(str(root), QuickDisk())
    assert serving_version(home) in versions
    recover(home, starting=True)
    assert serving_version(home) in versions
    with contextlib.suppress(NothingNewError):
        site.update(home, again=True)
    assert serving_version(home) == site.version(3)
    state = recover(home, starting=False)
    assert (state.good.number, state.trial, state.highest) == (3, None, 3)
    assert sorted(path.name for path in (root / "slots").iterdir()) == ["a", "b"]
    assert list((root / "incoming").iterdir()) == []
    assert not list(root.glob("*.new"))


def test_an_update_that_is_killed_at_any_step_leaves_a_version_that_answers_and_goes_on(
    site: Site, folder: Path
) -> None:
    cuts = 0
    for root in killed_homes(Path(site.home.root), folder, _update(site)):
        _goes_on(site, root, {2, 3})
        cuts += 1
    assert cuts >= LEAST_CUTS


def test_what_a_file_system_may_lose_of_an_update_leaves_a_version_that_answers(
    site: Site, folder: Path
) -> None:
    cuts = set()
    for cut, root in lost_homes(Path(site.home.root), folder, _update(site)):
        _goes_on(site, root, {2, 3})
        cuts.add(cut)
    assert len(cuts) >= LEAST_CUTS


def test_provisioning_may_lose_power_at_any_step_and_be_done_again(site: Site, folder: Path) -> None:
    def provision(home: Home) -> None:
        init(home, str(site.bundles[2]), str(site.publisher.trust), 2, prove_here)

    (folder / "empty").mkdir()
    unfinished = 0
    for _, root in lost_homes(folder / "empty", folder, provision):
        home = Home(str(root), QuickDisk())
        if home.serving() is None:
            provision(home)
            unfinished += 1
        _goes_on(site, root, {2})
    assert unfinished >= LEAST_CUTS


def test_a_rollback_may_lose_power_at_any_step(site: Site, folder: Path) -> None:
    for _, root in lost_homes(Path(site.home.root), folder, _roll_back):
        _goes_on(site, root, {1, 2})


def test_an_update_that_goes_back_may_lose_power_at_any_step(site: Site, folder: Path) -> None:
    def fail(home: Home) -> None:
        with pytest.raises(RolledBackError):
            site.update(home, watch=Watch(_fails_where_it_serves))

    for _, root in lost_homes(Path(site.home.root), folder, fail):
        _goes_on(site, root, {2, 3})


@pytest.mark.parametrize("at", [0.2, 0.6, 0.8, 0.93])
def test_a_recovery_after_a_power_cut_may_lose_power_at_any_step(site: Site, folder: Path, at: float) -> None:
    before = Path(site.home.root)
    steps = record(before, folder / "whole", _update(site))
    broken = kill(before, folder / "broken", _update(site), int(at * len(steps)))
    assert broken is not None
    for _, root in lost_homes(broken, folder, _recover):
        _goes_on(site, root, {2, 3})


def test_a_trial_that_ends_by_its_starts_may_lose_power_at_any_step(site: Site, folder: Path) -> None:
    started = copied(Path(site.home.root), folder / "started")
    with pytest.raises(KeyboardInterrupt):
        site.update(started, watch=Watch(_is_interrupted_where_it_serves))
    for _ in range(STARTS):
        assert recover(started, starting=True).trial is not None
    ended = 0
    for _, root in lost_homes(Path(started.root), folder, _recover):
        ended += read_state(Home(str(root))).trial is None
        _goes_on(site, root, {2, 3})
    assert ended


def _fails_where_it_serves(root: str, contents: Contents) -> None:
    if Path(root).name in SLOTS:
        raise UnfitError("its answers differ")
    prove_here(root, contents)


def _is_interrupted_where_it_serves(root: str, contents: Contents) -> None:
    if Path(root).name in SLOTS:
        raise KeyboardInterrupt
    prove_here(root, contents)
