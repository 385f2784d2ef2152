"""By which name the record keeps a list: its id, or what stands for one that is longer than the record has room for."""

from hashlib import sha256

LONGEST = 64


def recorded_id(list_id: str) -> str:
    """The id, or its beginning with a digest of the whole."""
    if len(list_id) <= LONGEST:
        return list_id
    digest = sha256(list_id.encode()).hexdigest()[:16]
    return f"{list_id[: LONGEST - 17]}~{digest}"
