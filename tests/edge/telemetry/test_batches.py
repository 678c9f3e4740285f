"""Batches on the disk: what is no longer what its name says is not sent."""

import gzip
from pathlib import Path

from edge.telemetry.batches import next_batch
from edge.telemetry.spool import Spool
from tests.edge.telemetry.summaries import fill


def test_wherever_a_card_has_harmed_a_batch_it_is_sent_whole_or_not_at_all(tmp_path: Path) -> None:
    fill(tmp_path, 5)
    place = Spool(str(tmp_path), 1 << 30)
    batch = next_batch(place)
    assert batch is not None
    for position in range(len(batch.body)):
        harmed = bytearray(batch.body)
        harmed[position : position + 8] = bytes(255 - value for value in harmed[position : position + 8])
        (tmp_path / batch.name).write_bytes(harmed)
        found = next_batch(place)
        assert found is None or gzip.decompress(found.body) == gzip.decompress(batch.body)
