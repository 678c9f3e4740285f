"""Checks an archive against the target's limits: said before anything is written, with the numbers."""

from collections import Counter

from packager.bundle.archive import part_of
from packager.errors import SizeLimitError
from packager.layout import Archive, IncludedFile, Layout, SizeKind


def inside(item: Archive, entries: tuple[IncludedFile, ...]) -> tuple[IncludedFile, ...]:
    """The files that the archive holds, with their paths in it."""
    if item.entries:
        return item.entries
    prefix = f"{item.folder}/"
    return tuple(
        IncludedFile(entry.dest.removeprefix(prefix), entry.source, entry.executable)
        for entry in entries
        if entry.dest.startswith(prefix)
    )


def check_unzipped(layout: Layout, item: Archive, entries: tuple[IncludedFile, ...]) -> tuple[str, ...]:
    """Compare the sum of the files; returns notes for limits that do not refuse."""
    files = inside(item, entries)
    parts: Counter[str] = Counter()
    for entry in files:
        parts[part_of(entry.dest)] += entry.size_bytes
    details = tuple(f"{megabytes(size_bytes):>10}  {part}" for part, size_bytes in parts.most_common(5))
    return _check(layout, item, "unzipped", parts.total(), details)


def check_zipped(layout: Layout, item: Archive, size_bytes: int) -> tuple[str, ...]:
    """Compare the archive's own size."""
    return _check(layout, item, "zipped", size_bytes, ())


def _check(
    layout: Layout, item: Archive, kind: SizeKind, size_bytes: int, details: tuple[str, ...]
) -> tuple[str, ...]:
    notes = []
    for limit in item.limits:
        if limit.kind != kind or size_bytes <= limit.max_bytes:
            continue
        over = (
            f"{layout.target}: {item.dest} is {megabytes(size_bytes)} {kind}, over the limit of "
            f"{megabytes(limit.max_bytes)} for {limit.name}"
        )
        if limit.refuse:
            raise SizeLimitError(over, hint=limit.hint, details=details)
        notes.append(f"{over}: {limit.hint}")
    return tuple(notes)


def megabytes(size_bytes: int) -> str:
    """Sizes as the limits are known: 1 MiB = 1,048,576 bytes."""
    return f"{size_bytes / 1_048_576:.1f} MiB"
