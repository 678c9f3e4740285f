"""Verifies Ed25519 signatures (RFC 8032) in pure Python: no library is needed for it on any device.

Strict where the RFC leaves a choice: S below the group's order, points in their one encoding, no key of small
order, and the equation without the cofactor. Nothing here is secret, so time may depend on the values.
"""

from __future__ import annotations

from hashlib import sha512

_P = 2**255 - 19
_ORDER = 2**252 + 27742317777372353535851937790883648493
_D = -121665 * pow(121666, _P - 2, _P) % _P
_ROOT = pow(2, (_P - 1) // 4, _P)

# A point is X, Y, Z and T with x = X/Z, y = Y/Z, xy = T/Z.
_Point = tuple[int, int, int, int]


def verify(public_key: bytes, message: bytes, signature: bytes) -> bool:
    """Whether the owner of the key signed exactly this message."""
    if len(public_key) != 32 or len(signature) != 64:
        return False
    key = _decode(public_key)
    s = int.from_bytes(signature[32:], "little")
    if key is None or s >= _ORDER or _is_small(key):
        return False
    digest = sha512(signature[:32] + public_key + message).digest()
    k = int.from_bytes(digest, "little") % _ORDER
    x, y, z, t = key
    found = _sum_of_products(s, _BASE, k, (_P - x, y, z, _P - t))
    return _encode(found) == signature[:32]


def is_key(public_key: bytes) -> bool:
    """Whether these bytes can be a key at all."""
    point = _decode(public_key) if len(public_key) == 32 else None
    return point is not None and not _is_small(point)


def _add(p: _Point, q: _Point) -> _Point:
    a = (p[1] - p[0]) * (q[1] - q[0]) % _P
    b = (p[1] + p[0]) * (q[1] + q[0]) % _P
    c = 2 * p[3] * q[3] * _D % _P
    d = 2 * p[2] * q[2] % _P
    e, f, g, h = b - a, d - c, d + c, b + a
    return (e * f % _P, g * h % _P, f * g % _P, e * h % _P)


def _sum_of_products(m: int, p: _Point, n: int, q: _Point) -> _Point:
    """m p + n q, with one doubling for each bit of both."""
    both = _add(p, q)
    found: _Point = (0, 1, 1, 0)
    for bit in range(max(m.bit_length(), n.bit_length()) - 1, -1, -1):
        found = _add(found, found)
        first, second = m >> bit & 1, n >> bit & 1
        if first or second:
            found = _add(found, both if first and second else p if first else q)
    return found


def _is_small(point: _Point) -> bool:
    """Whether eight times the point is nothing."""
    for _ in range(3):
        point = _add(point, point)
    return point[0] % _P == 0 and (point[1] - point[2]) % _P == 0


def _encode(point: _Point) -> bytes:
    inverse = pow(point[2], _P - 2, _P)
    x, y = point[0] * inverse % _P, point[1] * inverse % _P
    return (y | (x & 1) << 255).to_bytes(32, "little")


def _decode(encoded: bytes) -> _Point | None:
    """The point, or None: not on the curve, or not in the one encoding that it has."""
    y = int.from_bytes(encoded, "little")
    sign, y = y >> 255, y & (1 << 255) - 1
    if y >= _P:
        return None
    u, v = (y * y - 1) % _P, (_D * y * y + 1) % _P
    x = u * pow(v, 3, _P) * pow(u * pow(v, 7, _P), (_P - 5) // 8, _P) % _P
    if (v * x * x + u) % _P == 0:
        x = x * _ROOT % _P
    if (v * x * x - u) % _P or (x == 0 and sign):
        return None
    if x & 1 != sign:
        x = _P - x
    return (x, y, 1, x * y % _P)


_Y = 4 * pow(5, _P - 2, _P) % _P
_DECODED = _decode(_Y.to_bytes(32, "little"))
assert _DECODED is not None  # noqa: S101 - a constant of the RFC
_BASE: _Point = _DECODED
