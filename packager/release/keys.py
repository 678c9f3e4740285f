"""The Ed25519 keys that sign releases: made, read and asked, as PEM files (PKCS8)."""

from __future__ import annotations

import base64
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from packager.errors import ReleaseError
from packager.release.extra import needs_extra

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from securesystemslib.signer import CryptoSigner, SSlibKey

PASSPHRASE_VARIABLE = "PACKAGER_KEY_PASSPHRASE"  # noqa: S105 - where it stands
_MOST_BYTES = 65536
# Asks whoever sits there for the passphrase of a file; None: nobody does.
Ask = Callable[[Path], str | None]


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A private key, as TUF's metadata and as `plain/` take it."""

    path: Path
    private: Ed25519PrivateKey
    signer: CryptoSigner
    public: SSlibKey

    @property
    def id(self) -> str:
        """How the metadata name it."""
        return str(self.public.keyid)

    @property
    def public_base64(self) -> str:
        """The 32 bytes of the public key."""
        return base64.b64encode(bytes.fromhex(self.public.keyval["public"])).decode()

    def sign(self, body: bytes) -> str:
        """The 64 bytes of a signature."""
        return base64.b64encode(self.private.sign(body)).decode()


@needs_extra
def create(path: Path) -> SigningKey:
    """A new key in a new file that its owner alone reads; encrypted, given a passphrase."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    passphrase = os.environ.get(PASSPHRASE_VARIABLE)
    private = Ed25519PrivateKey.generate()
    body = private.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(passphrase.encode())
        if passphrase
        else serialization.NoEncryption(),
    )
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise ReleaseError(f"{path} exists, and a key is never replaced", "name another file") from None
    except (FileNotFoundError, NotADirectoryError):
        raise ReleaseError(f"{path} cannot be made: there is no folder {path.parent}") from None
    with os.fdopen(descriptor, "wb") as file:
        file.write(body)
        file.flush()
        os.fsync(file.fileno())
    return _signing(path, private)


@needs_extra
def load(path: Path, ask: Ask) -> SigningKey:
    """The key in a file; ReleaseError says why it is none that can sign."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    body = _read(path)
    try:
        private = load_pem_private_key(body, _passphrase(path, body, ask))
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        if b"ENCRYPTED" in body:
            raise ReleaseError(f"the passphrase does not open the key {path}") from error
        raise ReleaseError(
            f"{path} is not a private key in PEM", "make one: packager release --new-key FILE"
        ) from error
    if not isinstance(private, Ed25519PrivateKey):
        raise ReleaseError(
            f"{path} is a key of another kind; releases are signed with Ed25519",
            "make one: packager release --new-key FILE",
        )
    return _signing(path, private)


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            body = file.read(_MOST_BYTES)
    except OSError as error:
        raise ReleaseError(f"the key {path} cannot be read: {error.strerror}") from error
    if mode & 0o077:
        raise ReleaseError(
            f"others may read the key {path} (its mode is {mode & 0o777:o})", f"chmod 600 {path}"
        )
    return body


def _passphrase(path: Path, body: bytes, ask: Ask) -> bytes | None:
    if b"ENCRYPTED" not in body:
        return None
    found = os.environ.get(PASSPHRASE_VARIABLE) or ask(path)
    if not found:
        raise ReleaseError(f"the key {path} has a passphrase", f"put it into {PASSPHRASE_VARIABLE}")
    return found.encode()


def _signing(path: Path, private: Ed25519PrivateKey) -> SigningKey:
    from securesystemslib.signer import CryptoSigner

    signer = CryptoSigner(private)
    public = signer.public_key
    return SigningKey(path, private, signer, public)
