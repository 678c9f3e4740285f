"""The cuts as they are reported: what each spares, whether it is safe, and by what that was found."""

from collections.abc import Mapping, Sequence

from packager.measurement import SizeCut
from packager.sizes.candidates import Added, Candidate
from packager.sizes.carrying_out import added
from packager.sizes.reading import Item, Opened
from packager.sizes.trial import Trial

_NO_EVENT = "only the answers to real events can prove it: give --handler and --event"


def judged(
    found: Opened,
    every: Sequence[Candidate],
    kept: Sequence[Candidate],
    undone: Mapping[str, str],
    trial: Trial | None,
) -> tuple[SizeCut, ...]:
    """The cuts by what they spare: the safe ones first, each byte counted once among them."""
    left = {item.path.removeprefix(found.prefix): item for item in found.items}
    comes = added(kept)
    cuts = []
    for candidate in kept:
        mine = [file for file in candidate.added if file in comes]
        proof = trial.proof if trial else None
        cuts.append(_cut(candidate.what, _items(candidate, left), mine, safe=True, proof=proof))
        left = {name: item for name, item in left.items() if name not in candidate.removed}
    for candidate in every:
        if candidate not in kept:
            why = candidate.untried or (_NO_EVENT if trial and candidate.what not in undone else None)
            what = f"{candidate.what}: {why}" if why else candidate.what
            items, proof = _items(candidate, left), undone.get(candidate.what)
            cuts.append(_cut(what, items, candidate.added, safe=False, proof=proof))
    return tuple(sorted(cuts, key=lambda cut: (not cut.safe, -cut.zipped_bytes)))


def _items(candidate: Candidate, left: Mapping[str, Item]) -> list[Item]:
    return [left[name] for name in candidate.removed if name in left]


def _cut(
    what: str, items: Sequence[Item], comes: Sequence[Added], *, safe: bool, proof: str | None
) -> SizeCut:
    return SizeCut(
        what=what,
        files=len(items),
        unzipped_bytes=sum(item.unzipped_bytes for item in items) - sum(len(file.content) for file in comes),
        zipped_bytes=sum(item.zipped_bytes for item in items) - sum(file.zipped_bytes for file in comes),
        safe=safe,
        proof=proof,
    )
