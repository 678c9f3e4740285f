"""The section on size: what the archive holds, by package and kind, and what is left under each limit."""

from collections import defaultdict
from collections.abc import Sequence
from functools import partial
from typing import Literal, get_args, get_type_hints

from packager.html_report.drawing import colours, plot, values
from packager.html_report.section import (
    Cell,
    Chart,
    Missing,
    Section,
    Spec,
    Table,
    Width,
    command,
    figure,
    whole,
)
from packager.html_report.shapes import named_rows, texts_behind
from packager.html_report.subject import Subject
from packager.html_report.units import amount, percent, size
from packager.measurement import SizeLedger, SizeShare

Measure = Literal["zipped_bytes", "unzipped_bytes"]
_WORDS: dict[Measure, str] = {"zipped_bytes": "zipped", "unzipped_bytes": "unzipped"}
KINDS: tuple[str, ...] = get_args(get_type_hints(SizeShare)["kind"])
SHOWN: dict[Width, int] = {"wide": 12, "narrow": 8}
"""So many packages have a bar of their own."""


def section(subjects: Sequence[Subject]) -> Section:
    """The size maps and the ledger of every subject."""
    known = [(subject, subject.sizes) for subject in subjects]
    return Section(
        id="size",
        title="Size",
        lead="What the artifact holds, by package and kind of file: zipped as it is uploaded, unzipped as "
        "it lies in the function or on the device.",
        charts=tuple(
            _chart(place, subject.label, ledger, measure)
            for place, (subject, ledger) in enumerate(known)
            if ledger.shares
            for measure in _WORDS
        ),
        tables=tuple(table for subject, ledger in known for table in _tables(subject.label, ledger)),
        missing=tuple(
            Missing(
                f"what could be left out of {subject.label}",
                command(
                    "packager", "explain-size", subject.path, "--save", subject.path.parent / "sizes.json"
                ),
            )
            for subject, ledger in known
            if subject.is_function and ledger.cuts is None
        ),
        notes=tuple(note for _, ledger in known for note in ledger.notes),
    )


def _chart(place: int, label: str, ledger: SizeLedger, measure: Measure) -> Chart:
    total = getattr(ledger, measure)
    return Chart(
        id=f"size-{place}-{_WORDS[measure]}",
        title=f"{label}: {size(total)} {_WORDS[measure]}",
        description=f"The largest packages in the artifact, {_WORDS[measure]}, divided by kind of file. "
        f"The largest is {_largest(ledger, measure)}.",
        spec=partial(_spec, ledger, measure),
    )


def _largest(ledger: SizeLedger, measure: Measure) -> str:
    package, found = _by_package(ledger, measure)[0]
    taken = sum(found.values())
    return f"{package}: {size(taken)}, {percent(taken / max(1, getattr(ledger, measure)))} of all"


def _by_package(ledger: SizeLedger, measure: Measure) -> list[tuple[str, dict[str, int]]]:
    """The bytes of each package by kind, the largest package first."""
    found: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for part in ledger.shares:
        found[part.package][part.kind] += getattr(part, measure)
    return sorted(found.items(), key=lambda item: (-sum(item[1].values()), item[0]))


def _rest(packages: list[tuple[str, dict[str, int]]]) -> tuple[str, dict[str, int]]:
    kinds: dict[str, int] = defaultdict(int)
    for _, found in packages:
        for kind, taken in found.items():
            kinds[kind] += taken
    return f"{len(packages)} more", kinds


def _spec(ledger: SizeLedger, measure: Measure, width: Width) -> Spec:
    packages = _by_package(ledger, measure)
    if len(packages) > SHOWN[width] + 1:
        packages = [*packages[: SHOWN[width]], _rest(packages[SHOWN[width] :])]
    order = [package for package, _ in packages]
    most = max((sum(found.values()) for _, found in packages), default=0)
    unit, factor = ("MB", 1e6) if most >= 1e6 else ("kB", 1e3)
    bars: list[dict[str, object]] = [
        {
            "package": package,
            "kind": kind,
            "order": KINDS.index(kind),
            "amount": taken / factor,
            "said": f"{package}, {kind}: {size(taken)} {_WORDS[measure]}",
        }
        for package, found in packages
        for kind, taken in found.items()
    ]
    totals: list[dict[str, object]] = [
        {"package": package, "at": sum(found.values()) / factor, "text": size(sum(found.values()))}
        for package, found in packages
    ]
    y = named_rows("package", order, 100 if width == "narrow" else 220)
    x: Spec = {
        "field": "amount",
        "type": "quantitative",
        "title": unit,
        "stack": "zero",
        "scale": {"domainMax": most / factor * (1.42 if width == "narrow" else 1.12), "nice": False},
        "axis": {"tickCount": 3 if width == "narrow" else 6},
    }
    present = [kind for kind in KINDS if any(kind in found for _, found in packages)]
    palette = {**colours(KINDS), "legend": {"values": present, "columns": 2 if width == "narrow" else 8}}
    bar: Spec = {
        "data": values(bars),
        "mark": "bar",
        "encoding": {
            "y": y,
            "x": x,
            "color": {"field": "kind", **palette},
            "order": {"field": "order"},
            "description": {"field": "said"},
        },
    }
    return plot(width, (bar, texts_behind(totals, y, x)), height={"step": 26})


def _tables(label: str, ledger: SizeLedger) -> tuple[Table, ...]:
    tables = (_shares(label, ledger), _room(label, ledger), _cuts(label, ledger))
    return tuple(table for table in tables if table.rows)


def _shares(label: str, ledger: SizeLedger) -> Table:
    ordered = sorted(ledger.shares, key=lambda part: (-part.zipped_bytes, part.package, part.kind))
    whole_zip = max(1, ledger.zipped_bytes)
    rows = [("all", "", ledger.files, ledger.zipped_bytes, 1.0, ledger.unzipped_bytes)]
    rows += [
        (
            part.package,
            part.kind,
            part.files,
            part.zipped_bytes,
            part.zipped_bytes / whole_zip,
            part.unzipped_bytes,
        )
        for part in ordered
    ]
    return Table(
        f"{label}: size by package and kind",
        ("package", "kind", "files", "zipped", "of the zip", "unzipped"),
        tuple(
            (
                Cell(package),
                Cell(kind),
                figure(files, whole),
                figure(zipped_bytes, amount),
                figure(share, percent),
                figure(unzipped_bytes, amount),
            )
            for package, kind, files, zipped_bytes, share, unzipped_bytes in rows
        ),
    )


def _room(label: str, ledger: SizeLedger) -> Table:
    return Table(
        f"{label}: what is left under the limits",
        ("limit", "allowed", "used", "left"),
        tuple(
            (
                Cell(room.limit),
                figure(room.max_bytes, amount),
                figure(room.used_bytes, amount),
                figure(room.max_bytes - room.used_bytes, amount),
            )
            for room in ledger.room
        ),
    )


def _cuts(label: str, ledger: SizeLedger) -> Table:
    return Table(
        f"{label}: what could be left out",
        ("what", "files", "zipped", "unzipped", "proof"),
        tuple(
            (
                Cell(cut.what),
                figure(cut.files, whole),
                figure(cut.zipped_bytes, amount),
                figure(cut.unzipped_bytes, amount),
                Cell(cut.proof or "not tried: no advice"),
            )
            for cut in ledger.cuts or ()
        ),
    )
