"""What is worth knowing about a function's files, and is no cut: byte-code that lacks or is stale."""

from collections.abc import Iterator, Sequence

from packager.sizes.candidates import Candidate, stale_byte_code
from packager.sizes.growth import amount
from packager.sizes.reading import Opened

_FEW = 0.1
"""So few sources without byte-code cost no start anything that counts."""


def advice(found: Opened, version: str, by_byte_code: Candidate | None) -> Iterator[str]:
    """Sentences about the byte-code; ``by_byte_code`` is the cut that makes it, where it could be made."""
    names = [item.path.removeprefix(found.prefix) for item in found.items]
    stale = stale_byte_code(found.code, names)
    bare = _bare(names, version, stale)
    sources = sum(name.endswith(".py") for name in names)
    if stale:
        yield (
            f"{len(stale)} byte-code files are stale, since their sources have another date in the archive: "
            f"Python compiles those again at every start; ship byte-code that is not checked "
            f"(python -m compileall --invalidation-mode unchecked-hash)"
        )
    if bare > _FEW * sources:
        cost = f", and takes {amount(_size(by_byte_code))} zipped" if by_byte_code else ""
        yield (
            f"{bare} of {sources} sources have no byte-code that Python {version} takes: a start compiles "
            f"what it imports, and takes about twice as long; byte-code that is not checked spares that{cost}"
        )


def _bare(names: Sequence[str], version: str, stale: set[str]) -> int:
    """How many sources have no usable byte-code."""
    present = set(names) - stale
    tag = "cpython-" + version.replace(".", "")
    return sum(1 for name in names if name.endswith(".py") and _cached(name, tag) not in present)


def _cached(source: str, tag: str) -> str:
    folder, _, name = source.rpartition("/")
    return f"{folder}/__pycache__/{name[:-3]}.{tag}.pyc".lstrip("/")


def _size(cut: Candidate) -> int:
    return sum(file.zipped_bytes for file in cut.added)
