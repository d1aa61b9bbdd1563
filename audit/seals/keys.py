"""Keys: the private one seals, and is never in the database; the public one is enough to verify."""

import re
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

DIGITS = re.compile(r"[0-9a-fA-F]{64}")


class BadKeyError(ValueError):
    """What should be a key is none."""


def new_key() -> Ed25519PrivateKey:
    return Ed25519PrivateKey.generate()


def private_key(text: str) -> Ed25519PrivateKey:
    """The key of its 64 hexadecimal digits, also behind ``AUDIT_SEAL_KEY=``; BadKeyError."""
    return Ed25519PrivateKey.from_private_bytes(key_bytes(text.removeprefix("AUDIT_SEAL_KEY=")))


def private_key_in(file: str) -> Ed25519PrivateKey:
    """The key in a file; OSError, or BadKeyError when it holds no key."""
    lines = Path(file).read_text(encoding="ascii", errors="replace").strip().splitlines()
    return private_key(lines[0] if lines else "")


def public_key(text: str) -> Ed25519PublicKey:
    """The key of its 64 hexadecimal digits; BadKeyError."""
    return Ed25519PublicKey.from_public_bytes(key_bytes(text))


def key_bytes(text: str) -> bytes:
    if not DIGITS.fullmatch(text.strip()):
        raise BadKeyError("This is no key: one has 64 hexadecimal digits.")
    return bytes.fromhex(text.strip())


def public_hex(key: Ed25519PrivateKey | Ed25519PublicKey) -> str:
    public = key.public_key() if isinstance(key, Ed25519PrivateKey) else key
    return public.public_bytes_raw().hex()


def key_id(key: Ed25519PrivateKey | Ed25519PublicKey) -> str:
    """By which a receipt names its key: the first 16 digits of the public one."""
    return public_hex(key)[:16]


def has_signed(key: Ed25519PublicKey, text: str, signature: str) -> bool:
    """Whether the signature, in hexadecimal digits, is the key's of this text."""
    try:
        key.verify(bytes.fromhex(signature), text.encode())
    except (InvalidSignature, ValueError):
        return False
    return True
