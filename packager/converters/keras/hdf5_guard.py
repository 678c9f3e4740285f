"""Walks an HDF5 file before Keras reads it: groups and arrays of numbers, all of them in this one file."""

from pathlib import Path
from typing import IO, Any

from packager.converters.failure import SourceError, UnsafeModelError

_MOST_OBJECTS = 200_000
_LARGEST_RATIO = 256
_FREE = 64 << 20
# gzip, shuffle, fletcher32, szip and h5py's lzf; every other filter is a plug-in that is looked for on disk.
_FILTERS = frozenset({1, 2, 3, 4, 32000})
_MOST_TEXT = 256 << 20


def check_hdf5(source: Path | IO[bytes], size: int, file: str) -> None:
    """``size``: bytes of the file, to which what it unpacks to is held."""
    import h5py

    try:
        with h5py.File(source, "r") as opened:
            _Walk(file, size).group(opened)
    except (OSError, RuntimeError, ValueError, KeyError, TypeError) as error:
        words = " ".join(str(error).split())[:200]
        raise SourceError(f"{file} is a damaged HDF5 file: {words}") from error


class _Walk:
    """What was seen so far."""

    def __init__(self, file: str, size: int) -> None:
        self.file = file
        self.size = size
        self.seen: set[Any] = set()
        self.declared = 0

    def group(self, group: Any) -> None:
        import h5py

        waiting = [group]
        while waiting:
            here = waiting.pop()
            self._attributes(here)
            for name in here:
                child = self._child(here, name)
                if isinstance(child, h5py.Group):
                    waiting.append(child)

    def _child(self, group: Any, name: str) -> Any:
        """The object behind a hard link that was not met before."""
        import h5py

        link = group.get(name, getlink=True)
        place = f"{group.name.rstrip('/')}/{name}"[:120]
        if not isinstance(link, h5py.HardLink):
            target = getattr(link, "filename", None) or getattr(link, "path", "")
            raise UnsafeModelError(f"{self.file} has the link {place} to {target!r}: links are not followed")
        found = h5py.h5o.open(group.id, name.encode())
        at = h5py.h5o.get_info(found)
        if (at.fileno, at.addr) in self.seen:
            return None
        self.seen.add((at.fileno, at.addr))
        if len(self.seen) > _MOST_OBJECTS:
            raise SourceError(f"{self.file} has more than {_MOST_OBJECTS:,} parts")
        if isinstance(found, h5py.h5g.GroupID):
            return h5py.Group(found)
        if not isinstance(found, h5py.h5d.DatasetID):
            raise SourceError(f"{self.file} has {place}, which is neither a group nor an array")
        self._array(found, place)
        return None

    def _array(self, array: Any, place: str) -> None:
        import h5py

        made = array.get_create_plist()
        if made.get_layout() == h5py.h5d.VIRTUAL or made.get_external_count():
            raise UnsafeModelError(f"{self.file} keeps the values of {place} in another file")
        filters = {made.get_filter(at)[0] for at in range(made.get_nfilters())}
        if not filters <= _FILTERS:
            raise UnsafeModelError(
                f"{self.file} packs {place} by a plug-in (filter {min(filters - _FILTERS)})"
            )
        if array.get_type().get_class() not in (
            h5py.h5t.INTEGER,
            h5py.h5t.FLOAT,
            h5py.h5t.STRING,
            h5py.h5t.ENUM,
        ):
            raise UnsafeModelError(f"{self.file} holds {place}, which is not an array of numbers")
        count = 1
        for length in array.shape:
            count *= int(length)
        self.declared += count * array.get_type().get_size()
        if self.declared > _FREE + _LARGEST_RATIO * self.size:
            raise SourceError(
                f"{self.file} is {self.size:,} bytes and unpacks to {self.declared:,}: it is not opened"
            )

    def _attributes(self, group: Any) -> None:
        import h5py

        total = 0
        for at in range(h5py.h5a.get_num_attrs(group.id)):
            attribute = h5py.h5a.open(group.id, index=at)
            kind = attribute.get_type()
            if kind.get_class() not in (h5py.h5t.STRING, h5py.h5t.INTEGER, h5py.h5t.FLOAT, h5py.h5t.ENUM):
                raise UnsafeModelError(
                    f"{self.file} has the attribute {attribute.name!r}, which is no text or number"
                )
            count = 1
            for length in attribute.shape:
                count *= int(length)
            total += count * kind.get_size()
        if total > _MOST_TEXT:
            raise SourceError(f"{self.file} has {total:,} bytes of text in one place: it is not opened")
