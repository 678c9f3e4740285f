"""Lets a shared library ask for an older version of the same functions, where a system has only those.

The C library keeps each version that a function ever had. A library that was linked against the newest one
loads on an older system when its table of needed versions names the older one instead: one entry of 16
bytes, no code and no offset changes.
"""

import struct

from packager.errors import DependencyError

_AUX = struct.Struct("<IHHII")  # hash, flags, index, name, next
_NEED = struct.Struct("<HHIII")  # version, count, file, first entry, next


def rebind(library: bytes, needed: str, old: str, new: str) -> bytes:
    """Return ``library`` (64-bit, little-endian ELF) asking ``needed`` for ``new`` and not ``old``.

    ``new`` must already stand in its string table, since nothing may move.
    """
    table, strings = _sections(library)
    name = library.find(b"\0" + new.encode() + b"\0", strings[0], strings[0] + strings[1])
    entry = _find_entry(library, table, strings[0], needed, old)
    if name < 0 or entry is None:
        raise DependencyError(
            f"the engine's library does not ask {needed} for {old}, as its entry in the table says"
        )
    _, flags, index, _, following = _AUX.unpack_from(library, entry)
    changed = bytearray(library)
    _AUX.pack_into(changed, entry, _hash(new), flags, index, name + 1 - strings[0], following)
    return bytes(changed)


def _sections(library: bytes) -> tuple[int, tuple[int, int]]:
    """Where the table of needed versions starts, and the string table's place and size."""
    import io

    from elftools.elf.elffile import ELFFile

    elf = ELFFile(io.BytesIO(library))
    table, strings = elf.get_section_by_name(".gnu.version_r"), elf.get_section_by_name(".dynstr")
    return table["sh_offset"], (strings["sh_offset"], strings["sh_size"])


def _find_entry(library: bytes, table: int, strings: int, needed: str, version: str) -> int | None:
    """Walk the table: a chain of libraries, each with its chain of versions."""
    place, step = table, 1
    entry: int
    while step:
        _, count, file, first, step = _NEED.unpack_from(library, place)
        entry = place + first
        for _ in range(count if _text(library, strings + file) == needed else 0):
            _, _, _, name, following = _AUX.unpack_from(library, entry)
            if _text(library, strings + name) == version:
                return entry
            entry += following
        place += step
    return None


def _text(library: bytes, place: int) -> str:
    return library[place : library.index(b"\0", place)].decode()


def _hash(name: str) -> int:
    """The hash that ELF keeps beside each version's name."""
    value = 0
    for byte in name.encode():
        value = (value << 4) + byte
        high = value & 0xF0000000
        value = (value ^ (high >> 24)) & ~high
    return value
