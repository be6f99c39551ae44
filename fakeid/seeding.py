"""A seed for each named purpose, by hashing, so that no two uses share a stream and no call order matters."""

import hashlib


def derive_seed(*parts: object) -> int:
    """Hash the parts into one seed.

    Args:
        parts: Anything with a stable `str`: a run's seed, a purpose, a key, an index.

    Returns:
        An integer in [0, 2**63): the same on every machine, process and Python version.
    """
    text = "\x1f".join(str(part) for part in parts)
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big") >> 1
