"""Keys: made for their owner alone, never replaced, and refused by name where they cannot sign."""

from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from packager.errors import ReleaseError
from packager.release import keys


def nobody(path: Path) -> str | None:
    return None


@pytest.fixture(autouse=True)
def no_passphrase(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(keys.PASSPHRASE_VARIABLE, raising=False)


def test_a_new_key_is_its_owners_alone_and_signs(tmp_path: Path) -> None:
    made = keys.create(tmp_path / "key.pem")
    assert (tmp_path / "key.pem").stat().st_mode & 0o777 == 0o600
    loaded = keys.load(tmp_path / "key.pem", nobody)
    assert (loaded.id, loaded.public_base64) == (made.id, made.public_base64)
    assert loaded.sign(b"text") == made.sign(b"text") != made.sign(b"other")


def test_a_key_is_never_replaced(tmp_path: Path) -> None:
    keys.create(tmp_path / "key.pem")
    before = (tmp_path / "key.pem").read_bytes()
    with pytest.raises(ReleaseError, match="never replaced"):
        keys.create(tmp_path / "key.pem")
    assert (tmp_path / "key.pem").read_bytes() == before


def test_a_passphrase_locks_the_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(keys.PASSPHRASE_VARIABLE, "right")
    made = keys.create(tmp_path / "key.pem")
    assert keys.load(tmp_path / "key.pem", nobody).id == made.id
    monkeypatch.setenv(keys.PASSPHRASE_VARIABLE, "wrong")
    with pytest.raises(ReleaseError, match="does not open"):
        keys.load(tmp_path / "key.pem", nobody)
    monkeypatch.delenv(keys.PASSPHRASE_VARIABLE)
    assert keys.load(tmp_path / "key.pem", lambda path: "right").id == made.id
    with pytest.raises(ReleaseError, match="has a passphrase"):
        keys.load(tmp_path / "key.pem", nobody)


def test_a_key_that_others_may_read_is_refused(tmp_path: Path) -> None:
    keys.create(tmp_path / "key.pem")
    (tmp_path / "key.pem").chmod(0o640)
    with pytest.raises(ReleaseError, match="others may read"):
        keys.load(tmp_path / "key.pem", nobody)


def test_refuses_a_key_of_another_kind(tmp_path: Path) -> None:
    body = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (tmp_path / "key.pem").write_bytes(body)
    (tmp_path / "key.pem").chmod(0o600)
    with pytest.raises(ReleaseError, match="signed with Ed25519"):
        keys.load(tmp_path / "key.pem", nobody)


@pytest.mark.parametrize(
    "body", [b"", b"no key", b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"]
)
def test_refuses_what_is_no_key(tmp_path: Path, body: bytes) -> None:
    (tmp_path / "key.pem").write_bytes(body)
    (tmp_path / "key.pem").chmod(0o600)
    with pytest.raises(ReleaseError, match="not a private key"):
        keys.load(tmp_path / "key.pem", nobody)


def test_says_where_no_key_can_be_read_or_made(tmp_path: Path) -> None:
    with pytest.raises(ReleaseError, match="cannot be read: No such file"):
        keys.load(tmp_path / "key.pem", nobody)
    with pytest.raises(ReleaseError, match="there is no folder"):
        keys.create(tmp_path / "none" / "key.pem")
