"""Blobs come by digest: bounded in size and time, whatever the source gives."""

import hashlib
import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from edge.update.errors import RefusedError, UnreachableError
from edge.update.home import Home
from edge.update.release import TrustedRelease
from edge.update.transfer import Transfer
from tests.edge.update.power import QuickDisk

DATA = bytes(range(256)) * 40
SHA256 = hashlib.sha256(DATA).hexdigest()


class Given:
    """A source that gives what a test says, and notes from where it was asked."""

    def __init__(self, give: Callable[[int], Iterator[bytes]]) -> None:
        self.give = give
        self.offsets: list[int] = []

    def newest(self, name: str, device: str, now: float) -> TrustedRelease:
        """Nobody asks."""
        raise RefusedError("no release")

    def fetch(self, digest: str, size_bytes: int, offset: int) -> Iterator[bytes]:
        """What the test says."""
        self.offsets.append(offset)
        return self.give(offset)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A home that nothing was brought to yet."""
    (tmp_path / "incoming").mkdir()
    return Home(str(tmp_path), QuickDisk())


def _pieces(offset: int, end: int | None = None) -> Iterator[bytes]:
    rest = DATA[offset:end]
    return (rest[at : at + 1000] for at in range(0, len(rest), 1000))


def _files(home: Home) -> list[str]:
    return sorted(path.name for path in Path(home.incoming).iterdir())


def test_what_was_brought_holds_what_its_digest_says_and_is_not_asked_for_again(home: Home) -> None:
    source = Given(_pieces)
    for _ in range(2):
        path = Transfer(home, source, 60).bring(SHA256, len(DATA))
        assert Path(path).read_bytes() == DATA
    assert source.offsets == [0]
    assert _files(home) == [SHA256]


def test_what_broke_off_is_gone_on_with(home: Home) -> None:
    with pytest.raises(UnreachableError, match="broke off 5240 bytes before a file's end"):
        Transfer(home, Given(lambda offset: _pieces(offset, 5000)), 60).bring(SHA256, len(DATA))
    source = Given(_pieces)
    transfer = Transfer(home, source, 60)
    assert transfer.missing_bytes(SHA256, len(DATA)) == 5240
    assert Path(transfer.bring(SHA256, len(DATA))).read_bytes() == DATA
    assert (source.offsets, transfer.fetched_bytes) == ([5000], 5240)


@pytest.mark.parametrize("lies_here", [DATA[:100] + bytes(100), bytes(len(DATA)), DATA + b"x"])
def test_what_lies_here_wrong_is_brought_again(home: Home, lies_here: bytes) -> None:
    Path(home.incoming, f"{SHA256}.part").write_bytes(lies_here)
    Path(home.incoming, SHA256).write_bytes(lies_here)
    source = Given(_pieces)
    assert Path(Transfer(home, source, 60).bring(SHA256, len(DATA))).read_bytes() == DATA
    assert source.offsets[-1] == 0


def test_a_link_that_lies_there_is_not_written_through(home: Home, tmp_path: Path) -> None:
    (tmp_path / "precious").write_bytes(b"")
    for name in (SHA256, f"{SHA256}.part"):
        Path(home.incoming, name).symlink_to(tmp_path / "precious")
    Transfer(home, Given(_pieces), 60).bring(SHA256, len(DATA))
    assert (tmp_path / "precious").read_bytes() == b""


def test_an_endless_answer_is_cut_at_the_size_that_was_signed(home: Home) -> None:
    with pytest.raises(RefusedError, match="gives more of a file than was signed"):
        Transfer(home, Given(lambda offset: itertools.repeat(bytes(1000))), 60).bring(SHA256, len(DATA))
    assert _files(home) == []


def test_an_answer_that_says_nothing_without_end_is_cut_by_the_clock(home: Home) -> None:
    with pytest.raises(UnreachableError, match=r"took longer than 0\.2 s"):
        Transfer(home, Given(lambda offset: itertools.repeat(b"")), 0.2).bring(SHA256, len(DATA))


def test_another_file_under_the_digest_is_refused(home: Home) -> None:
    source = Given(lambda offset: iter([bytes(len(DATA))]))
    with pytest.raises(RefusedError, match=f"the source's blob {SHA256} holds something else"):
        Transfer(home, source, 60).bring(SHA256, len(DATA))
    assert (_files(home), source.offsets) == ([], [0])


def test_an_empty_file_is_not_asked_for(home: Home) -> None:
    source = Given(_pieces)
    path = Transfer(home, source, 60).bring(hashlib.sha256().hexdigest(), 0)
    assert (Path(path).read_bytes(), source.offsets) == (b"", [])
