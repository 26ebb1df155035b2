"""Users are dealt to arms, and requests to samples, by hashes: the same ones everywhere and always."""

from __future__ import annotations

from hashlib import blake2b

WIDTH = 2**64


def position(purpose: str, key: str) -> int:
    """Return where a key stands among all, below 2^64; for every purpose somewhere else."""
    about = blake2b(purpose.encode("utf-8", "surrogatepass"), digest_size=32).digest()
    content = key.encode("utf-8", "surrogatepass")
    return int.from_bytes(blake2b(content, digest_size=8, key=about).digest())


def is_within(share: float, purpose: str, key: str) -> bool:
    """Return whether a key is in a share of all; who is in a share is in every larger one.

    >>> [is_within(share, "run 1", "user 7") for share in (0.0, 0.5, 1.0)]
    [False, False, True]
    """
    return position(purpose, key) < share * WIDTH


def pseudonym(key: str, salt: bytes) -> str:
    """Return what stands for a user in the log: nobody without the salt can tell who it is."""
    content = key.encode("utf-8", "surrogatepass")
    return f"u-{blake2b(content, digest_size=12, key=salt[:64]).hexdigest()}"
