"""Value lists, as far as exceptions ask for them."""

import orjson
import zstandard

from rules.models import ValueList


def values_of(list_id: str) -> tuple[str, ...] | None:
    """The values of a list; None when there is none."""
    found = ValueList.objects.filter(pk=list_id).exclude(type=ValueList.Type.TABLE).first()
    if found is None:
        return None
    text = zstandard.ZstdDecompressor().decompress(bytes(found.data), max_output_size=64_000_000) if found.data else b""
    return tuple(str(orjson.loads(line)) for line in text.splitlines() if line)
