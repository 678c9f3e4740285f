"""The report as its reader meets it: in a browser without a network, on desk and phone, light and dark."""

import itertools
import json
from pathlib import Path
from typing import Any

import pytest

from packager.html_report.page import write
from packager.html_report.reading import read_subjects
from packager.measurement import COLD_PARTS
from tests.packager.html_report import made
from tests.packager.html_report.browser import CONTRASTS, DRAWINGS, TABLES, Browser, Scheme

PHONE, DESK = 360, 1100
FORMS: list[tuple[int, Scheme]] = [(PHONE, "light"), (PHONE, "dark"), (DESK, "light"), (DESK, "dark")]


@pytest.fixture(params=["full", "two"])
def report(request: pytest.FixtureRequest) -> Path:
    found: Path = request.getfixturevalue(request.param)
    return found


@pytest.mark.parametrize("form", FORMS)
def test_every_text_can_be_read(chromium: Browser, report: Path, form: tuple[int, Scheme]) -> None:
    chromium.show(report, *form)
    found = chromium.ask(CONTRASTS)
    assert len(found) > 100
    assert [(text, ratio) for text, ratio in found if not ratio >= 4.5] == []


@pytest.mark.parametrize("form", FORMS)
def test_loads_nothing_and_complains_of_nothing(
    chromium: Browser, report: Path, form: tuple[int, Scheme]
) -> None:
    chromium.show(report, *form)
    assert chromium.ask("return performance.getEntriesByType('resource').length") == 0
    assert chromium.complaints() == []


@pytest.mark.parametrize("width", [320, PHONE, 600, 861, DESK])
def test_nothing_but_tables_is_wider_than_the_screen(chromium: Browser, report: Path, width: int) -> None:
    chromium.show(report, width)
    whole, shown = chromium.ask("const e = document.documentElement; return [e.scrollWidth, e.clientWidth]")
    assert whole == shown <= width


@pytest.mark.parametrize("width", [PHONE, DESK])
def test_charts_are_drawn_within_their_place(chromium: Browser, report: Path, width: int) -> None:
    chromium.show(report, width)
    drawings = chromium.ask(DRAWINGS)
    assert len(drawings) >= 7
    for drawing in drawings:
        assert drawing["shown"] == 1, drawing["title"]
        left, right, wide, high = drawing["box"]
        assert 0 <= left < right <= width
        assert wide > 250
        assert high > 60
        assert any(mark[2] > 3 and mark[3] > 3 for mark in drawing["marks"]), drawing["title"]


@pytest.mark.parametrize("width", [PHONE, DESK])
def test_texts_in_charts_are_large_enough_and_on_the_screen(
    chromium: Browser, report: Path, width: int
) -> None:
    chromium.show(report, width)
    for drawing in chromium.ask(DRAWINGS):
        assert len(drawing["texts"]) > 4
        for text, left, right, _, high in drawing["texts"]:
            assert 0 <= left < right <= width, (drawing["title"], text)
            assert high >= 11 or text == "requests", (drawing["title"], text)


def test_dark_mode_changes_the_colours_of_page_and_charts(chromium: Browser, full: Path) -> None:
    chromium.show(full, DESK, "light")
    light, light_page = chromium.ask(DRAWINGS), chromium.ask(BACKGROUND)
    chromium.show(full, DESK, "dark")
    dark, dark_page = chromium.ask(DRAWINGS), chromium.ask(BACKGROUND)
    assert light_page != dark_page
    for one, other in zip(light, dark, strict=True):
        assert one["title"] == other["title"]
        assert one["fills"] != other["fills"]
        assert len(one["fills"]) == len(other["fills"])


BACKGROUND = "return getComputedStyle(document.body).backgroundColor"


def test_every_chart_is_an_image_with_a_name_and_a_description(chromium: Browser, report: Path) -> None:
    chromium.show(report)
    names = """return [...document.querySelectorAll('svg')].map(svg => [svg.getAttribute('role'),
      document.getElementById(svg.getAttribute('aria-labelledby')).textContent.length,
      document.getElementById(svg.getAttribute('aria-describedby')).textContent.length])"""
    for role, name, description in chromium.ask(names):
        assert role == "img"
        assert name > 5
        assert description > 20
    ids = chromium.ask("return [...document.querySelectorAll('[id]')].map(element => element.id)")
    assert len(set(ids)) == len(ids)


def test_a_table_that_scrolls_can_be_reached_by_keyboard(chromium: Browser, full: Path) -> None:
    chromium.show(full, PHONE)
    places = """return [...document.querySelectorAll('.table')].map(place =>
      [place.tabIndex, place.getAttribute('aria-label'), place.scrollWidth > place.clientWidth])"""
    found = chromium.ask(places)
    assert any(scrolls for _, _, scrolls in found)
    assert all(index == 0 and label for index, label, _ in found)


def test_the_policy_forbids_what_a_report_never_does(chromium: Browser, full: Path) -> None:
    chromium.show(full)
    attempts = """
    const done = arguments[arguments.length - 1], refused = [];
    document.addEventListener('securitypolicyviolation', event => refused.push(event.effectiveDirective));
    const image = new Image(); image.src = 'https://example.org/x.png'; document.body.append(image);
    const style = document.createElement('style'); style.textContent = 'body { display: none }';
    document.head.append(style);
    const script = document.createElement('script'); script.textContent = 'window.ran = true';
    document.head.append(script);
    fetch('https://example.org').catch(() => setTimeout(() => done([refused, window.ran ?? null]), 50));
    """
    refused, ran = chromium.driver.execute_async_script(attempts)
    assert set(refused) == {"connect-src", "img-src", "script-src-elem", "style-src-elem"}
    assert ran is None
    assert chromium.complaints() != []


def test_a_hostile_name_does_no_harm(chromium: Browser, tmp_path: Path) -> None:
    artifact = made.artifact(tmp_path, source=made.source(made.HOSTILE), notes=[made.HOSTILE])
    made.save(made.sizes(made.HOSTILE), artifact.parent / "sizes.json")
    made.save(made.bench(against=made.benchmark(made.HOSTILE)), artifact.parent / "bench.json")
    written = write(read_subjects([artifact]), tmp_path / "report.html")
    chromium.show(written.html)
    assert chromium.driver.title == "iris: report"
    assert chromium.ask("return document.querySelectorAll('img, script').length") == 0
    assert chromium.ask("return document.body.textContent").count(made.HOSTILE) >= 5
    assert chromium.complaints() == []


def test_tables_hold_the_figures_of_the_json_beside(chromium: Browser, report: Path) -> None:
    chromium.show(report)
    tables = chromium.ask(TABLES)
    document = json.loads(report.with_suffix(".json").read_bytes())
    shown = 0
    for artifact in document["artifacts"]:
        for caption, rows in itertools.chain(_sizes(artifact), _memory(artifact)):
            assert tables[caption] == rows
            shown += 1
    benches = [artifact["bench"] for artifact in document["artifacts"] if artifact["bench"]]
    measured = [one for bench in benches for one in bench["measured"]]
    assert _columns(tables["Cold start: medians of the parts, and the whole"]) == [
        _cold(one) for one in measured
    ]
    assert _columns(tables["Latency of a warm request"]) == [_warm(one) for one in measured]
    assert shown >= 2


def _sizes(artifact: Any) -> list[tuple[str, Any]]:
    ledger = artifact["sizes"]
    every = {"package": "all", "kind": "", **ledger}
    shares = sorted(ledger["shares"], key=lambda s: (-s["zipped_bytes"], s["package"], s["kind"]))
    rows = [
        [
            s["package"],
            s["kind"],
            s["files"],
            s["zipped_bytes"],
            s["zipped_bytes"] / ledger["zipped_bytes"],
            s["unzipped_bytes"],
        ]
        for s in (every, *shares)
    ]
    return [(f"{artifact['label']}: size by package and kind", rows)]


def _memory(artifact: Any) -> list[tuple[str, Any]]:
    if not artifact["tune"]:
        return []
    names = (
        "cold_ms",
        "warm_p50_ms",
        "warm_p95_ms",
        "peak_memory_bytes",
        "usd_per_million",
        "usd_per_million_cold",
    )
    rows = [
        [point["memory_mb"], "out of memory" if point["out_of_memory"] else point["origin"],
         *("–" if point[name] is None else point[name] for name in names)]
        for point in artifact["tune"]["points"]
    ]  # fmt: skip
    return [(f"{artifact['label']}: memory sizes", rows)]


def _cold(one: Any) -> list[Any]:
    cold = one["cold"]
    total = [cold["total_ms"][name] for name in ("p50", "minimum", "p95", "maximum", "deviation")]
    stable = "yes" if cold["stable"] else "no: no verdict"
    parts = [cold["parts_ms"][part] for part in COLD_PARTS]
    return [*parts, *total, cold["wall_ms"]["p50"], cold["total_ms"]["count"], stable]


def _warm(one: Any) -> list[Any]:
    warm = one["warm"]
    names = ("p50", "p90", "p95", "p99", "mean", "deviation", "minimum", "maximum")
    stable = "yes" if warm["stable"] else "no: no verdict"
    return [
        *(warm["latency_ms"][name] for name in names),
        warm["engine_run_ms"]["p50"],
        "–",
        warm["requests_per_s"],
        warm["latency_ms"]["count"],
        one["peak_memory_bytes"],
        one["threads"],
        stable,
    ]


def _columns(rows: list[list[Any]]) -> list[list[Any]]:
    """The figures of each artifact, without the first column, which names them."""
    return [list(column) for column in zip(*rows, strict=True)][1:]
