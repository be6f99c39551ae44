"""Derive a seed for each named purpose by hashing, so that no two uses share a stream and call order is irrelevant."""

import hashlib


def derive_seed(*parts: object) -> int:
    """Hash the parts into one seed.

    Args:
        parts: Objects with a stable `str`, such as a run's seed, a purpose, a key or an index.

    Returns:
        Integer in [0, 2**63), the same on every machine and in every process and Python version.
    """
    text = "\x1f".join(str(part) for part in parts)
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big") >> 1
