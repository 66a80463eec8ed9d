"""Keys and signatures of firmware images: Ed25519 (RFC 8032), with the library `cryptography`."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from sensor_bnn.errors import KeyFileError
from sensor_bnn.files import write_file
from sensor_bnn.firmware.image import ImageHeader

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

_REMEDY = "Make a key with `sensor-bnn keygen`."
_PUBLIC = b"Public key: "
"""Starts a line before the PEM block, which other programs skip (RFC 7468, section 2)."""


@dataclass(frozen=True)
class Signer:
    """A private key, and the counter for the images that it signs.

    Attributes:
        counter: 0 to 2**32 - 1; a board that has run an image starts none with a lower counter.
    """

    private: Ed25519PrivateKey
    counter: int

    @property
    def public_key(self) -> bytes:
        """The 32 bytes that the bootloader checks signatures with."""
        return self.private.public_key().public_bytes_raw()

    def sign(self, header: ImageHeader) -> ImageHeader:
        """Return the header with the counter and a signature over both."""
        counted = replace(header, counter=self.counter)
        return replace(counted, signature=self.private.sign(counted.signed_bytes()))


def make_key(file: Path) -> bytes:
    """Write a new private key and return the public key's 32 bytes.

    The file has PKCS #8 in PEM and is readable only by its owner. A line before it names the public key, by
    which ``read_key`` checks the private one.

    Raises:
        KeyFileError: there is such a file.
        FileError: it cannot be written.
    """
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    private = Ed25519PrivateKey.generate()
    text = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    # This gives the better message; ``exclusive`` refuses a file that comes in the meantime.
    if os.path.lexists(file):
        raise KeyFileError(
            f"There is a file {file} already.",
            "A key that is lost cannot be made again: choose another name.",
        )
    public = private.public_key().public_bytes_raw()
    write_file(file, _PUBLIC + public.hex().encode() + b"\n" + text, mode=0o600, exclusive=True)
    return public


def read_key(file: Path, counter: int | None = None) -> Signer:
    """Read a private key.

    Args:
        file: a PEM file from ``make_key`` or ``openssl genpkey -algorithm ed25519``.
        counter: the counter of the images to sign; None for seconds since 1970. SOURCE_DATE_EPOCH does not
            change it: with a fixed date a later image would be no newer, and an older one not refused.

    Raises:
        KeyFileError: there is no such file, it does not hold an Ed25519 key without a password, or it names
            the public key of another one.
    """
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    private = read_private(file)
    if not isinstance(private, Ed25519PrivateKey):
        raise KeyFileError(f"{file} holds a key of another kind than Ed25519.", _REMEDY)
    return Signer(private, int(time.time()) if counter is None else counter)


def read_private(file: Path) -> PrivateKeyTypes | None:
    """Read a private key of any kind; None if it is of a kind that the library does not know.

    Raises:
        KeyFileError: there is no such file, it does not hold a private key without a password, or it names
            the public key of another one.
    """
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    try:
        text = file.read_bytes()
        private = serialization.load_pem_private_key(text, password=None)
    except OSError as error:
        raise KeyFileError(f"Cannot read the key {file}: {error.strerror}.", _REMEDY) from None
    except (ValueError, TypeError):
        raise KeyFileError(f"{file} holds no private key in PEM without a password.", _REMEDY) from None
    except UnsupportedAlgorithm:
        return None
    first, _, _ = text.partition(b"\n")
    public = private.public_key().public_bytes_raw() if isinstance(private, Ed25519PrivateKey) else b""
    # A changed bit of a private key makes another valid key.
    if first.startswith(_PUBLIC) and first != _PUBLIC + public.hex().encode():
        raise KeyFileError(
            f"{file} has changed since it was written: its public and private key are no pair.",
            "Restore the file from a copy.",
        )
    return private
