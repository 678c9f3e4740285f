"""What a job is asked for: where its output goes, and all that shapes the answers."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

_ELSEWHERE = ("output", "max_bad_rows", "endpoint_url")
"""What does not change a byte of a shard's output."""


@dataclass(frozen=True)
class Job:
    """``keep``: "rest", "all", "none", or the columns' names with commas. ``map``: the model's
    names with the columns that stand in for them. ``max_bad_rows``: "12" or "0.5%"; None: any number, but
    not all."""

    output: str
    output_format: str = "parquet"
    keep: str = "rest"
    map: dict[str, str] = field(default_factory=dict)
    prefix: str = ""
    batch_rows: int = 16384
    max_bad_rows: str | None = None
    delimiter: str = ","
    header: bool = True
    newlines_in_values: bool = False
    missing: tuple[str, ...] = ()
    endpoint_url: str = ""

    def document(self) -> dict[str, Any]:
        """The job as it stands in a plan."""
        return asdict(self)

    def shape(self) -> dict[str, Any]:
        """What of it the answers depend on."""
        return {name: value for name, value in self.document().items() if name not in _ELSEWHERE}
