"""Ed25519 by the RFC's own vectors, by another library's signatures, and by what must not pass."""

import hashlib

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.update.ed25519 import is_key, verify

_ABC = hashlib.sha512(b"abc").hexdigest()
RFC_8032 = [
    (
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f05"
        "95bbe24655141438e7a100b",
    ),
    (
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb"
        "4302aeeb00d291612bb0c00",
    ),
    (
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e97"
        "16ed28dc027beceea1ec40a",
    ),
    (
        "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf", _ABC,
        "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b58909351fc9ac90b3ecfdfbc7c66431e0303dca179c1"
        "38ac17ad9bef1177331a704",
    ),
]  # fmt: skip
P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
_EIGHTH = int.from_bytes(
    bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"), "little"
)
SMALL = [
    (y | sign << 255).to_bytes(32, "little")
    for y in (0, 1, P - 1, _EIGHTH, P - _EIGHTH, P, P + 1)
    for sign in (0, 1)
]
"""Points whose eightfold is nothing, in every encoding that they have or might be thought to have."""


def _signed(message: bytes) -> tuple[bytes, bytes]:
    key = Ed25519PrivateKey.from_private_bytes(hashlib.sha256(message).digest())
    return key.public_key().public_bytes_raw(), key.sign(message)


@pytest.mark.parametrize(("key", "message", "signature"), RFC_8032)
def test_the_vectors_of_the_rfc_verify(key: str, message: str, signature: str) -> None:
    assert verify(bytes.fromhex(key), bytes.fromhex(message), bytes.fromhex(signature))
    assert not verify(bytes.fromhex(key), bytes.fromhex(message) + b"\0", bytes.fromhex(signature))


@settings(max_examples=40, deadline=None)
@given(st.binary(max_size=200), st.integers(0, 511), st.integers(0, 255))
def test_what_another_library_signs_verifies_and_one_bit_less_does_not(
    message: bytes, of_signature: int, of_key: int
) -> None:
    key, signature = _signed(message)
    assert verify(key, message, signature)
    assert not verify(key, message, _flipped(signature, of_signature))
    assert not verify(_flipped(key, of_key), message, signature)


@settings(max_examples=60, deadline=None)
@given(st.binary(min_size=30, max_size=34), st.binary(), st.binary(min_size=62, max_size=66))
def test_any_bytes_are_no_signature(key: bytes, message: bytes, signature: bytes) -> None:
    assert not verify(key, message, signature)


def test_a_second_signature_made_of_the_first_is_refused() -> None:
    key, signature = _signed(b"message")
    s = int.from_bytes(signature[32:], "little") + ORDER
    assert not verify(key, b"message", signature[:32] + s.to_bytes(32, "little"))


@pytest.mark.parametrize("key", SMALL, ids=bytes.hex)
def test_a_key_of_small_order_verifies_nothing(key: bytes) -> None:
    assert not is_key(key)
    for point in SMALL:
        assert not verify(key, b"anything", point + bytes(32))


def test_a_point_in_another_encoding_is_no_key() -> None:
    offsets = range(19)
    assert not any(is_key((P + offset).to_bytes(32, "little")) for offset in offsets)
    assert is_key(bytes.fromhex(RFC_8032[0][0]))


def _flipped(data: bytes, bit: int) -> bytes:
    return bytes(byte ^ (1 << bit % 8 if index == bit // 8 else 0) for index, byte in enumerate(data))
