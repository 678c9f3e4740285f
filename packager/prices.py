"""What Lambda costs: the dated table in `data/`, or a file of the same form, and the arithmetic of a bill."""

import math
import tomllib
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from packager import resources
from packager.errors import ConfigError
from packager.layout import Arch

DEFAULT_REGION = "us-east-1"
FREE_STORAGE_MB = 512
_MILLION = 1_000_000


class Rates(BaseModel):
    """The prices of one region in US dollars."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    gb_second: dict[Arch, float]
    request: float = Field(ge=0)
    storage_gb_second: float = Field(ge=0)


class PriceTable(BaseModel):
    """Every region's prices, with who says so and when."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    date: str
    source: str
    regions: dict[str, Rates]


class Prices(BaseModel):
    """What one function pays: its region, processor and temporary folder are chosen."""

    model_config = ConfigDict(frozen=True)

    region: str
    arch: Arch
    gb_second: float
    request: float
    storage_gb_second: float
    storage_mb: int
    date: str
    source: str

    def usd_per_million(self, memory_mb: int, durations_ms: Sequence[float]) -> float:
        """A million requests, of which each takes one of these durations, rounded up to the millisecond."""
        billed_ms = sum(math.ceil(duration) for duration in durations_ms) / len(durations_ms)
        storage_gb = max(0, self.storage_mb - FREE_STORAGE_MB) / 1024
        per_second = memory_mb / 1024 * self.gb_second + storage_gb * self.storage_gb_second
        return _MILLION * (self.request + billed_ms / 1000 * per_second)

    def sentence(self) -> str:
        """Where, when and what, for the answer."""
        return (
            f"{self.region}, {self.arch}, as of {self.date}: ${self.gb_second:.10f} per GB-second, "
            f"${self.request * _MILLION:.2f} per million requests ({self.source})"
        )


def load(file: Path | None, region: str, arch: Arch, storage_mb: int) -> Prices:
    """The prices for a function there; ``file`` takes the place of packager's own table."""
    path = file or resources.DATA / "lambda_prices.toml"
    table = _read(path)
    rates = table.regions.get(region)
    if rates is None:
        raise ConfigError(f"{path.name} has no prices of the region {region!r}", _way_on(region, table))
    if arch not in rates.gb_second:
        raise ConfigError(f"{path.name} has no price of {arch} in {region}", "add it to gb_second there")
    return Prices(
        region=region, arch=arch, gb_second=rates.gb_second[arch], request=rates.request,
        storage_gb_second=rates.storage_gb_second, storage_mb=storage_mb, date=table.date,
        source=table.source,
    )  # fmt: skip


def _way_on(region: str, table: PriceTable) -> str:
    close = get_close_matches(region, table.regions, n=1)
    meant = f"did you mean {close[0]!r}? else " if close else ""
    return f"{meant}name another --region, or give its prices with --prices FILE"


def _read(path: Path) -> PriceTable:
    try:
        return PriceTable.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise ConfigError(f"the prices {path} cannot be read: {error.strerror}", "check the path") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is not valid TOML: {error}") from error
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(map(str, first["loc"]))
        raise ConfigError(
            f"{path}: {field}: {first['msg']}", "packager's own table shows the form"
        ) from error
