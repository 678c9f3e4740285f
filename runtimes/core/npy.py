"""NumPy's `.npy` files, versions 1 to 3, without NumPy: arrays of numbers in C order."""

from __future__ import annotations

import re

from runtimes.core.errors import RequestError
from runtimes.core.tensors import DTYPES, Tensor, from_bytes

_MAGIC = b"\x93NUMPY"
_MAX_HEADER = 10_000
MAX_START = 12 + _MAX_HEADER
"""No file has its elements later than this."""
_DTYPES = {
    "b1": "bool",
    **{f"i{size}": f"int{size * 8}" for size in (1, 2, 4, 8)},
    **{f"u{size}": f"uint{size * 8}" for size in (1, 2, 4, 8)},
    **{f"f{size}": f"float{size * 8}" for size in (2, 4, 8)},
}
_PARTS = {
    "descr": re.compile(r"""['"]descr['"]\s*:\s*['"]([^'"]*)['"]"""),
    "fortran_order": re.compile(r"""['"]fortran_order['"]\s*:\s*(True|False)"""),
    "shape": re.compile(r"""['"]shape['"]\s*:\s*\(([0-9,\s]*)\)"""),
}


def read(body: bytes) -> Tensor:
    """The array of a file; a refusal says what about it is not taken."""
    dtype, shape, start = read_start(body)
    return from_bytes(dtype, shape, body[start:], "the body", "inputs")


def read_start(body: bytes) -> tuple[str, tuple[int, ...], int]:
    """The dtype and the shape of a file by how it begins, and where its elements begin."""
    header, start = _read_header(body)
    found: dict[str, str] = {}
    rest = header
    for name, pattern in _PARTS.items():
        match = pattern.search(rest)
        if match is None:
            raise _misfit(_hint(name, header))
        found[name] = match.group(1)
        rest = rest.replace(match.group(0), "", 1)
    if rest.translate({ord(letter): None for letter in ", \t\r\n"}) != "{}":
        raise _misfit("its header has more than descr, fortran_order and shape")
    dtype = _dtype_of(found["descr"])
    shape = read_sizes(found["shape"].rstrip().removesuffix(","), "inputs")
    if found["fortran_order"] == "True" and len(shape) > 1:
        raise _misfit("it is in Fortran order; save numpy.ascontiguousarray of it")
    return dtype, shape, start


def header(tensor: Tensor) -> bytes:
    """What stands before the elements of a tensor in a file of version 1."""
    order = "|" if DTYPES[tensor.dtype][1] == 1 else "<"
    descr = next(descr for descr, dtype in _DTYPES.items() if dtype == tensor.dtype)
    text = f"{{'descr': '{order}{descr}', 'fortran_order': False, 'shape': {tensor.shape}, }}"
    padded = text + " " * (-(len(text) + 11) % 64) + "\n"
    return _MAGIC + b"\x01\x00" + len(padded).to_bytes(2, "little") + padded.encode("ascii")


def read_sizes(text: str, field: str) -> tuple[int, ...]:
    """``1,3,224,224`` as a shape; nothing at all is the shape of a single number."""
    parts = [part.strip() for part in text.split(",")] if text.strip() else []
    for part in parts:
        if len(parts) > 16 or len(part) > 12 or not (part.isascii() and part.isdigit()):
            message = f"the shape must be whole numbers with commas between them, not {text[:80]!r}"
            raise RequestError(message, field=field)
    return tuple([int(part) for part in parts])


def _read_header(body: bytes) -> tuple[str, int]:
    """The header's text, and where the elements begin."""
    width = {1: 2, 2: 4, 3: 4}.get(body[6] if len(body) > 7 else 0)
    if not body.startswith(_MAGIC) or width is None:
        raise _misfit("it is no .npy file of version 1, 2 or 3")
    start = 8 + width
    length = int.from_bytes(body[8:start], "little")
    if length > _MAX_HEADER or len(body) < start + length:
        raise _misfit("its header is cut off or too long")
    try:
        return body[start : start + length].decode("utf-8"), start + length
    except UnicodeDecodeError:
        raise _misfit("its header is not text") from None


def _dtype_of(descr: str) -> str:
    dtype = _DTYPES.get(descr[1:])
    if dtype is None or descr[0] not in "<|>":
        raise _misfit(f"it holds {descr[:20]!r}, and only numbers and booleans are taken")
    if descr[0] == ">" and DTYPES[dtype][1] > 1:
        raise _misfit("it is big-endian; save it as little-endian")
    return dtype


def _hint(name: str, header: str) -> str:
    """Why a part of the header was not found: records have a list as their type."""
    if name == "descr" and re.search(r"descr['\"]\s*:\s*\[", header):
        return "it holds records, and only numbers and booleans are taken"
    return f"its header says no {name}"


def _misfit(reason: str) -> RequestError:
    return RequestError(f"the body cannot be read as .npy: {reason}", field="inputs")
