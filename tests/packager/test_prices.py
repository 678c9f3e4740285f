"""Bills by hand, and the price table."""

import math
import tomllib
from pathlib import Path

import pytest

from packager import prices, resources
from packager.errors import ConfigError

TABLE = tomllib.loads((resources.DATA / "lambda_prices.toml").read_text())
OWN = """
date = "2030-01-01"
source = "a contract"
[regions.us-east-1]
gb_second = { x86_64 = 0.00001 }
request = 0.0000001
storage_gb_second = 0.0
"""


def usual(storage_mb: int = 512) -> prices.Prices:
    return prices.load(None, "us-east-1", "x86_64", storage_mb)


def test_a_gigabyte_second_and_a_request_cost_what_the_table_says() -> None:
    assert usual().usd_per_million(1024, [1000.0]) == pytest.approx(16.6667 + 0.20)


def test_amazons_own_example_of_a_bill() -> None:
    # 3 million requests of 120 ms at 1536 MB are 540,000 GB-seconds: 9.00 dollars and 0.60 for the requests.
    assert 3 * usual().usd_per_million(1536, [120.0]) == pytest.approx(9.60, abs=0.001)


def test_durations_are_rounded_up_one_by_one() -> None:
    assert usual().usd_per_million(1024, [0.1, 2.5]) == usual().usd_per_million(1024, [1.0, 3.0])


def test_storage_beyond_what_is_free_costs_more() -> None:
    more = usual(storage_mb=512 + 2048).usd_per_million(128, [1000.0]) - usual().usd_per_million(
        128, [1000.0]
    )
    assert more == pytest.approx(2 * 0.0309)


def test_arm_is_a_fifth_cheaper() -> None:
    arm = prices.load(None, "us-east-1", "arm64", 512)
    assert arm.gb_second / usual().gb_second == pytest.approx(0.8, abs=0.001)


@pytest.mark.parametrize("region", sorted(TABLE["regions"]))
def test_every_region_has_plausible_prices_of_both_processors(region: str) -> None:
    for arch in ("x86_64", "arm64"):
        found = prices.load(None, region, arch, 512)
        assert 0.00001 < found.gb_second < 0.00003
        assert math.isclose(found.request, 0.0000002, rel_tol=0.5)
        assert 2e-8 < found.storage_gb_second < 7e-8


def test_the_answer_names_region_date_and_source() -> None:
    said = usual().sentence()
    assert "us-east-1" in said and TABLE["date"] in said and TABLE["source"] in said


def test_an_unknown_region_is_refused_with_a_suggestion() -> None:
    with pytest.raises(ConfigError, match="no prices of the region 'eu-west-9'") as refused:
        prices.load(None, "eu-west-9", "x86_64", 512)
    assert refused.value.hint is not None and "eu-west-" in refused.value.hint


def test_prices_of_ones_own_take_the_tables_place(tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text(OWN)
    own = prices.load(tmp_path / "own.toml", "us-east-1", "x86_64", 512)
    assert own.usd_per_million(1024, [1000.0]) == pytest.approx(10.1)
    with pytest.raises(ConfigError, match=r"own\.toml has no price of arm64"):
        prices.load(tmp_path / "own.toml", "us-east-1", "arm64", 512)


@pytest.mark.parametrize(
    ("text", "said"),
    [("date = ", "not valid TOML"), (OWN.replace("request", "requests"), "us-east-1.request"), ("", "date")],
)
def test_a_damaged_table_is_refused_by_the_field(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "own.toml").write_text(text)
    with pytest.raises(ConfigError, match=said):
        prices.load(tmp_path / "own.toml", "us-east-1", "x86_64", 512)
