"""Spans of a remote file: whatever is asked for is there, right, and little else is fetched."""

import io
import itertools
import os
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from runtimes.batch.stores.remote import WINDOW_BYTES, RemoteFile
from runtimes.batch.stores.s3 import S3
from runtimes.batch.stores.spans import GAP_BYTES, cut, joined
from tests.runtimes.batch.stores.buckets import Bucket
from tests.runtimes.batch.stores.test_s3 import planned

SIZE = 12 << 20
CONTENT = os.urandom(SIZE)
PLACES = st.integers(0, SIZE)
SPANS = st.lists(st.tuples(PLACES, st.one_of(st.integers(0, 100), PLACES)), max_size=6)


@given(SPANS)
def test_pieces_are_in_order_and_cover_what_is_asked_for(spans: list[tuple[int, int]]) -> None:
    ranges = joined(spans, SIZE)
    pieces = cut(ranges, 1 << 20)
    assert all(0 <= start < stop <= SIZE and stop - start <= 1 << 20 for start, stop in pieces)
    assert all(one[1] <= other[0] for one, other in itertools.pairwise(pieces))
    assert all(one[1] + GAP_BYTES < other[0] for one, other in itertools.pairwise(ranges))
    assert sum(stop - start for start, stop in pieces) == sum(stop - start for start, stop in ranges)
    for offset, length in spans:
        stop = min(offset + length, SIZE)
        assert offset >= stop or any(start <= offset and stop <= end for start, end in ranges)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(spans=SPANS)
def test_a_sparse_copy_has_the_right_bytes(bucket: Bucket, store: S3, spans: list[tuple[int, int]]) -> None:
    if "any.bin" not in bucket.all_keys():
        bucket.put("any.bin", CONTENT)
    file = planned(store, bucket.uri("any.bin"))
    with store.local(file, tuple(spans)) as path:
        copy = Path(path).read_bytes()
    assert len(copy) == SIZE
    for offset, length in spans:
        assert copy[offset : offset + length] == CONTENT[offset : offset + length]


@given(
    st.lists(
        st.tuples(st.sampled_from([0, 1, 2]), st.integers(-SIZE, SIZE), st.integers(-1, 3 << 20)), max_size=9
    )
)
def test_a_remote_file_reads_as_a_file_does(moves: list[tuple[int, int, int]]) -> None:
    fetched: list[int] = []

    def fetch(start: int, stop: int) -> bytes:
        fetched.append(stop - start)
        return CONTENT[start:stop]

    remote, held = RemoteFile(SIZE, fetch), io.BytesIO(CONTENT)
    for whence, offset, count in moves:
        place = max(0, {0: 0, 1: held.tell(), 2: SIZE}[whence] + offset)
        assert remote.seek(offset, whence) == held.seek(place)
        assert remote.read(count) == held.read(count)
    assert all(length >= WINDOW_BYTES for length in fetched)
