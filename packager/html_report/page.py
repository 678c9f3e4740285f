"""Puts the report together: one HTML file with every section, and the same values as JSON."""

import base64
import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from markupsafe import Markup

from packager import __version__
from packager.errors import ConfigError
from packager.html_report import candidates, cold_start, latency, memory_curve, overview, size_map
from packager.html_report.drawing import Drawing, draw
from packager.html_report.section import Section, printable
from packager.html_report.subject import Subject
from packager.rendering import render

SCHEMA_VERSION = 1
SECTIONS = (
    *(overview.section, candidates.section, size_map.section),
    *(cold_start.section, latency.section, memory_curve.section),
)


@dataclass(frozen=True, slots=True)
class Written:
    """The two files, and what every section says is missing."""

    html: Path
    figures: Path
    sentences: tuple[str, ...]
    missing: tuple[str, ...]


def write(subjects: Sequence[Subject], output: Path) -> Written:
    """Write the page to ``output`` and its figures as JSON beside it: both or neither."""
    figures = _beside(output)
    sections = tuple(section(subjects) for section in SECTIONS)
    files = {output: page(subjects, sections, figures.name), figures: document_json(subjects)}
    try:
        _replace(files)
    except (FileExistsError, FileNotFoundError, NotADirectoryError) as error:
        raise ConfigError(
            f"the report cannot be written to {output}: {error.strerror}", "give another name"
        ) from error
    return Written(
        output,
        figures,
        tuple(f"{subject.label}: {overview.summary(subject).sentence}" for subject in subjects),
        tuple(dict.fromkeys(missing.command for section in sections for missing in section.missing)),
    )


def answer(written: Written) -> dict[str, object]:
    """What `-o json` prints: the report's figures, where they stand, and what is missing."""
    figures: dict[str, object] = json.loads(written.figures.read_bytes())
    files = {"html": str(written.html), "figures": str(written.figures)}
    return {**figures, "written": files, "missing": list(written.missing)}


def document_json(subjects: Sequence[Subject]) -> bytes:
    """Every figure of the report, as it was measured."""
    document = {
        "schema_version": SCHEMA_VERSION,
        "packager_version": __version__,
        "artifacts": [asdict(subject) for subject in subjects],
    }
    text = json.dumps(document, indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False, default=str)
    return f"{printable(text)}\n".encode()


def page(subjects: Sequence[Subject], sections: Sequence[Section], figures: str) -> bytes:
    """The HTML, which loads nothing: its style sheet is the only one that its own policy lets in."""
    style = render("report/style.css").decode()
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return render(
        "report/page.html",
        title=", ".join(subject.label for subject in subjects),
        style=Markup(style),  # noqa: S704 - our own file
        policy=f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'",
        summaries=[overview.summary(subject) for subject in subjects],
        sections=[(section, [_safe(drawing) for drawing in draw(section.charts)]) for section in sections],
        figures=figures,
        version=__version__,
    )


def _safe(drawing: Drawing) -> tuple[str, str, str, Markup]:
    """Identity, title, description, and both drawings as markup: they were parsed and written as XML."""
    chart = drawing.chart
    return chart.id, chart.title, chart.description, Markup(drawing.wide + drawing.narrow)  # noqa: S704


def _beside(output: Path) -> Path:
    """Where the figures go; a place that cannot be written is refused."""
    if output.suffix not in (".html", ".htm"):
        raise ConfigError(
            f"the report cannot be written to {output}: it is an HTML file", "end its name in .html"
        )
    figures = output.with_suffix(".json")
    for dest in (output, figures):
        if dest.is_dir():
            raise ConfigError(
                f"the report cannot be written to {dest}: a folder is there", "give another name"
            )
    return figures


def _replace(files: dict[Path, bytes]) -> None:
    """Write beside, then rename: a reader finds a whole file or the one that was there."""
    written: list[tuple[Path, Path]] = []
    try:
        for dest, content in files.items():
            dest.parent.mkdir(parents=True, exist_ok=True)
            part = dest.with_name(f".{dest.name}.part")
            written.append((part, dest))
            part.write_bytes(content)
        for part, dest in written:
            part.replace(dest)
    finally:
        for part, _ in written:
            part.unlink(missing_ok=True)
