"""Signing anew, handing over, and being killed in between: who reads finds a whole release each time."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from edge.update.errors import RefusedError
from packager.errors import ReleaseError
from packager.release import keys, roles
from packager.release.publish import publish
from packager.release.renewal import refresh, rotate
from packager.release.signing import Keys
from tests.edge.update.server import WebServer, serving
from tests.packager.release.reader import Reader

Change = Callable[[Path, list[Path], Keys, Keys], object]
CHANGES: dict[str, Change] = {
    "publish": lambda repo, bundles, key, other: publish(bundles[1], repo, key),
    "rotate": lambda repo, bundles, key, other: rotate(repo, key, other),
}


@pytest.mark.parametrize("change", CHANGES)
def test_whatever_write_it_is_killed_before_readers_find_a_whole_release(
    change: str, bundles: list[Path], key: Keys, other: Keys, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    replace, cuts = Path.replace, 0
    while True:
        repo = tmp_path / f"repo{cuts}"
        publish(bundles[0], repo, key)
        with serving(repo) as web:
            old, seen = (Reader(tmp_path / f"{name}{cuts}", repo, web) for name in ("old", "seen"))
            assert seen.newest() == 1
            left = [cuts]

            def cut(part: Path, path: Path, left: list[int] = left) -> None:
                if left[0] == 0:
                    raise KeyboardInterrupt
                left[0] -= 1
                replace(part, path)

            monkeypatch.setattr(Path, "replace", cut)
            try:
                CHANGES[change](repo, bundles, key, other)
            except KeyboardInterrupt:
                assert {old.newest(), seen.newest()} <= {1, 2}
            else:
                break
            finally:
                monkeypatch.setattr(Path, "replace", replace)
            CHANGES[change](repo, bundles, key, other)
            after = publish(bundles[1], repo, other if change == "rotate" else key)
            assert old.newest() == seen.newest() == after.number
        cuts += 1
    assert cuts >= 6


def test_the_online_key_keeps_releases_alive_and_makes_none(
    repo: Path, bundles: list[Path], key: Keys, other: Keys, web: WebServer, tmp_path: Path
) -> None:
    both = Keys(key.key, other.key)
    publish(bundles[0], repo, both, days=3)
    reader = Reader(tmp_path / "device", repo, web)
    with pytest.raises(RefusedError, match="its timestamp expired"):
        reader.newest(days=4)
    refresh(repo, other, days=10)
    assert reader.newest(days=4) == 1
    with pytest.raises(ReleaseError, match="is not the key that signs the root"):
        publish(bundles[1], repo, other)
    assert publish(bundles[1], repo, both).number == reader.newest() == 2


def test_root_and_list_are_signed_anew_when_half_of_their_time_has_gone(
    repo: Path, bundles: list[Path], key: Keys, web: WebServer, tmp_path: Path
) -> None:
    publish(bundles[0], repo, key)
    reader = Reader(tmp_path / "device", repo, web)
    state = roles.read(repo)
    assert state is not None
    past = datetime.now(UTC) - timedelta(days=200)
    roles.sign_root(state, (key.key,), past)
    roles.sign_targets(state, (key.key,), past)
    roles.sign_online(state, (key.key,), past, 210)
    assert reader.newest() == 1
    found = refresh(repo, key)
    assert datetime.fromisoformat(found.offline_until) > datetime.now(UTC) + timedelta(days=360)
    assert reader.newest(days=20) == 1
    assert (repo / "metadata" / "3.root.json").exists()


def test_a_lost_online_key_is_replaced(
    repo: Path, bundles: list[Path], key: Keys, other: Keys, web: WebServer, tmp_path: Path
) -> None:
    publish(bundles[0], repo, Keys(key.key, other.key))
    reader = Reader(tmp_path / "device", repo, web)
    assert reader.newest() == 1
    rotate(repo, key, key)
    assert reader.newest() == 1
    assert publish(bundles[1], repo, key).number == reader.newest() == 2


def test_only_who_has_the_key_hands_a_repository_over(
    repo: Path, bundles: list[Path], key: Keys, other: Keys, tmp_path: Path
) -> None:
    publish(bundles[0], repo, key)
    stranger = keys.create(tmp_path / "stranger.pem")
    with pytest.raises(ReleaseError, match=r"stranger.pem is not the key that signs the root"):
        rotate(repo, Keys(stranger, stranger), other)
