"""Prints what a build, an inspection or a verification found: tables on stdout."""

import json
import shlex
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from packager.model import Signature, SourceModel, TensorSpec
from packager.results import (
    Artifact,
    BuildReport,
    ConversionRecord,
    Footprint,
    Tolerance,
    Verification,
)
from packager.targets.batch.target import Batch, image_name
from packager.targets.edge import budget

OWN_ANSWERS = (
    "the rows were verified against the answers of the candidate that was taken; what it lost of the source "
    "model's stands with the candidates"
)
ENDLESS = 1 << 16
"""Columns of a line: a row is never folded, since a path that is cut in two cannot be copied."""


def size(size_bytes: int) -> str:
    """Bytes for a person, in the decimal units that Lambda's limits use."""
    if size_bytes < 1000:
        return f"{size_bytes} B"
    for unit, factor in (("kB", 1e3), ("MB", 1e6)):
        if size_bytes < factor * 1000:
            return f"{size_bytes / factor:.1f} {unit}"
    return f"{size_bytes / 1e9:.2f} GB"


def document(report: BuildReport) -> dict[str, Any]:
    """The build's answer as one JSON document: what `-o json` prints."""
    return json.loads(json.dumps(asdict(report), default=str))  # type: ignore[no-any-return]


def show_build(report: BuildReport) -> None:
    """The table of a successful build, and the commands that come next."""
    console = Console(emoji=False, highlight=False, soft_wrap=True, width=ENDLESS)
    table = Table(title=escape(report.name), title_justify="left", box=None, pad_edge=False)
    for column in ("target", "archive", "zipped", "unzipped", "sha256"):
        table.add_column(column)
    for artifact in report.artifacts:
        sizes = size(artifact.size_bytes), size(artifact.unzipped_bytes)
        table.add_row(artifact.target, escape(str(artifact.archive)), *sizes, artifact.sha256[:16])
    console.print(table)
    for title, said in _conversion_lines(report.conversion):
        console.print(escape(f"{title:<10}  {said}"))
    console.print(escape(f"engine      {report.engine.engine}: {report.engine.why}"))
    console.print(escape(verification_sentence(report.verification)))
    for artifact in report.artifacts:
        for said in _on_device(artifact):
            console.print(escape(f"device      {said}"))
    if report.optimization and report.optimization.is_changed:
        console.print(f"note: {OWN_ANSWERS}")
    for said in _score_lines(report):
        console.print(said)
    _notes(console, (*report.notes, *(note for made in report.artifacts for note in made.notes)))
    console.print("\nNext:")
    for artifact in report.artifacts:
        for command in next_commands(artifact):
            console.print(f"  {escape(command)}")


def _on_device(artifact: Artifact) -> Iterable[str]:
    """What it takes of the device that it is for."""
    if artifact.fit is not None:
        yield f"{artifact.fit.device}: {budget.told(artifact.fit)}"
    if artifact.footprint is not None:
        yield footprint_sentence(artifact.footprint)


def _score_lines(report: BuildReport) -> Iterable[str]:
    """How right the artifact is, where the truth is known."""
    if report.artifact_score and report.source_score:
        found, source = report.artifact_score, report.source_score
        yield (
            f"{found.metric} on {found.rows:,} labelled rows: the artifact {found.value:.4f}, "
            f"the source model {source.value:.4f}"
        )
    elif report.accuracy:
        score = report.accuracy
        yield f"the source model's own {score.metric}: {score.value:.4f} on {score.rows} labelled rows"


def _conversion_lines(record: ConversionRecord) -> Iterable[tuple[str, str]]:
    """The conversion record: what was converted by what, where, and what the libraries warned of."""
    writer = f", written by {record.written_by}" if record.written_by else ""
    yield "source", f"{record.framework}{writer}, sha256 {record.source_sha256[:16]}…"
    opset = f", opset {record.opset}" if record.opset else ""
    yield "converter", f"{record.converter}: {record.format}{opset}"
    packages = ", ".join(f"{name} {version}" for name, version in sorted(record.packages.items()))
    yield "ran in", f"the environment {record.environment}: Python {record.python}, {packages}"
    for warned in record.warnings:
        yield "warned", f"{warned.verdict} ({warned.reason}): {warned.text}"


def verification_sentence(found: Verification) -> str:
    """One sentence that says what was compared, with what outcome and under which tolerance."""
    origin = (
        "the samples" if found.source_of_rows == "samples" else "made from the signature (give --samples)"
    )
    rules = ", ".join(f"{names}: {rule}" for rule, names in _by_rule(found.tolerance).items())
    return (
        f"verified by {found.engine} on {found.rows} rows, {origin}: "
        f"{found.label_flips} label flips{_ties(found)}, "
        f"largest difference {found.max_abs_error:.2g} (allowed: {rules or 'none'})"
    )


def _by_rule(tolerance: Mapping[str, Tolerance]) -> dict[str, str]:
    """The outputs that each rule holds for."""
    found: dict[str, str] = {}
    for name, t in tolerance.items():
        rule = f"{t.absolute:.3g} + {t.relative:g} x |answer|"
        found[rule] = f"{found[rule]}, {name}" if rule in found else name
    return found


def _ties(found: Verification) -> str:
    return f", {found.ties} ties (equally probable in the source model, too)" if found.ties else ""


def footprint_sentence(found: Footprint) -> str:
    """What C takes of a microcontroller, and what of that is the model's own."""
    if found.whole_flash_bytes is None or found.whole_ram_bytes is None:
        return (
            f"{found.device}: the model takes {size(found.flash_bytes)} of {size(found.flash_limit_bytes)} "
            f"of flash, its arena {size(found.ram_bytes)} of {size(found.ram_limit_bytes)} of RAM"
        )
    ran = f", run on an emulated {found.board}" if found.board else ""
    return (
        f"{found.device}: {size(found.whole_flash_bytes)} of {size(found.flash_limit_bytes)} of flash, "
        f"{size(found.whole_ram_bytes)} of {size(found.ram_limit_bytes)} of RAM; the model's own are "
        f"{size(found.flash_bytes)} and {size(found.ram_bytes)} ({found.compiler}{ran})"
    )


def next_commands(artifact: Artifact) -> Iterable[str]:
    """What a user does after a build."""
    folder = artifact.path
    quoted = shlex.quote(str(folder))
    if artifact.c_name is not None:
        yield f"make -C {shlex.quote(str(folder / 'c'))} test"
    if artifact.c_name is not None or artifact.footprint is not None:
        yield f"packager verify {quoted} --rebuild"
        return
    if artifact.fit is not None:
        yield from _for_device(artifact, quoted)
        return
    if artifact.target == Batch.folder:
        yield from _for_files(folder, quoted)
        return
    if artifact.runs_here:
        yield f"packager invoke {quoted} --event {shlex.quote(str(folder / 'events/predict.json'))}"
        yield f"packager invoke {quoted} --with sam"
    yield f"packager verify {quoted} --rebuild"
    yield f"sam deploy --template-file {shlex.quote(str(folder / 'template.yaml'))}"


def _for_device(artifact: Artifact, quoted: str) -> Iterable[str]:
    yield f"packager invoke {quoted} --input rows.jsonl"
    yield f"packager verify {quoted} --rebuild"
    archive = artifact.archive.name
    name = shlex.quote(archive.removesuffix(".tar.gz"))
    unpack = f"mkdir -p {name} && tar xzf {shlex.quote(archive)} -C {name} && cd {name}"
    yield f"scp {shlex.quote(str(artifact.archive))} DEVICE:"
    yield f'ssh DEVICE "{unpack} && python3 -m edge selftest"'
    yield f"packager release {quoted} --key KEY --to REPO"


def _for_files(folder: Path, quoted: str) -> Iterable[str]:
    """Of a batch job."""
    yield f"packager invoke {quoted} --input rows.parquet --output answers"
    yield f"packager verify {quoted} --rebuild"
    yield f"docker build --tag {image_name(folder.parent.name)} {quoted}"
    yield f"packager submit {quoted} --help"


def show_source(source: SourceModel, notes: tuple[str, ...]) -> None:
    """What stands in a model file."""
    console = Console(emoji=False, highlight=False, soft_wrap=True)
    lines = [
        ("model", str(source.path)),
        ("framework", f"{source.framework} {source.framework_version} (here)"),
        ("written by", source.written_by or "not recorded in the file"),
        ("is", source.description),
        ("size", f"{size(source.size_bytes)}, sha256 {source.sha256[:16]}…"),
        *_signature_lines(source.signature),
        ("loads", ", ".join(source.loads) or "no code"),
    ]
    for title, said in lines:
        console.print(escape(f"{title:<10}  {said}"))
    _notes(console, notes)


def _signature_lines(signature: Signature) -> Iterable[tuple[str, str]]:
    for title, specs in (("input", signature.inputs), ("output", signature.outputs)):
        for spec in specs:
            yield title, _spec(spec)
    if signature.class_labels:
        yield "classes", ", ".join(str(label) for label in signature.class_labels)
    for feature in signature.features:
        missing = ", may be missing" if feature.nullable else ""
        yield "column", f"{feature.name}: {feature.kind}{missing}"


def _spec(spec: TensorSpec) -> str:
    shape = ", ".join(str(dim) for dim in spec.shape)
    return f"{spec.name}: {spec.dtype} [{shape}]" + (f" ({spec.role})" if spec.role != "tensor" else "")


def _notes(console: Console, notes: Iterable[str]) -> None:
    for note in notes:
        console.print(f"note: {escape(note)}")
