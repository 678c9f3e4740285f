"""The ledger as lines of text."""

from collections.abc import Iterator

from packager.measurement import SizeCut, SizeLedger, SizeShare
from packager.sizes.growth import amount

_MOST_PACKAGES = 15


def lines(ledger: SizeLedger) -> Iterator[str]:
    """What `packager explain-size` prints."""
    yield f"{ledger.path}: {ledger.files} files, {_both(ledger.zipped_bytes, ledger.unzipped_bytes)}"
    yield ""
    yield from _packages(ledger)
    yield ""
    for room in ledger.room:
        left = room.max_bytes - room.used_bytes
        said = f"{amount(left)} left" if left >= 0 else f"{amount(-left)} over"
        yield f"{said:>15}  of {amount(room.max_bytes)} for {room.limit}"
    cuts = ledger.cuts or ()
    safe = [cut for cut in cuts if cut.safe]
    proofs = "; ".join(sorted({cut.proof or "" for cut in safe}))
    yield from _cuts(f"safe to cut, together ({proofs}):", safe)
    yield from _cuts("not safe, or not proven:", [cut for cut in cuts if not cut.safe])
    for note in ledger.notes:
        yield f"note: {note}"


def _packages(ledger: SizeLedger) -> Iterator[str]:
    """A line for each package, with its kinds; the small ones together."""
    by_package: dict[str, list[SizeShare]] = {}
    for share in ledger.shares:
        by_package.setdefault(share.package, []).append(share)
    ordered = sorted(by_package.values(), key=lambda shares: -sum(share.zipped_bytes for share in shares))
    yield f"{'zipped':>10} {'unzipped':>10}  package"
    for shares in ordered[:_MOST_PACKAGES]:
        yield f"{_columns(shares)}  {shares[0].package}: {_kinds(shares)}"
    rest = [share for shares in ordered[_MOST_PACKAGES:] for share in shares]
    if rest:
        yield f"{_columns(rest)}  {len(ordered) - _MOST_PACKAGES} more"


def _columns(shares: list[SizeShare]) -> str:
    zipped, unzipped = (
        sum(getattr(share, f"{kind}_bytes") for share in shares) for kind in ("zipped", "unzipped")
    )
    return f"{amount(zipped):>10} {amount(unzipped):>10}"


def _kinds(shares: list[SizeShare]) -> str:
    return ", ".join(f"{share.kind} {amount(share.zipped_bytes)}" for share in shares)


def _cuts(title: str, cuts: list[SizeCut]) -> Iterator[str]:
    if not cuts:
        return
    yield ""
    yield title
    for cut in cuts:
        yield f"{amount(cut.zipped_bytes):>10} {amount(cut.unzipped_bytes):>10}  {cut.what}"
        if cut.proof is not None and not cut.safe:
            yield f"{'':>23}{cut.proof}"


def _both(zipped: int, unzipped: int) -> str:
    return f"{amount(zipped)} zipped, {amount(unzipped)} unzipped"
