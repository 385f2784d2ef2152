"""`new_terms`: a hit becomes an alert when its combination of values has not been seen before.

"Seen" means: in an earlier event that the same query let through, within the rule's history. That memory is
the caller's; here is only which combinations an event carries, and their fixed-size names.
"""

from collections.abc import Sequence
from hashlib import blake2b
from itertools import islice, product
from typing import TYPE_CHECKING

import orjson

from engine.rule_types.base import RuleType
from engine.rule_types.query import LUCENE_REASON, compile_query

if TYPE_CHECKING:
    from engine.document import Document

MAX_FIELDS = 3
MAX_COMBINATIONS = 1_000


def terms_of(fields: Sequence[str], document: "Document") -> tuple[tuple[str, ...], ...]:
    """Every combination of one value for each field, in the order the event gives them.

    No combination at all when the event lacks one of the fields; at most MAX_COMBINATIONS, so that an event
    with long arrays cannot flood the memory.
    Source: Elasticsearch composite aggregation over the fields (missing buckets are left out).
    """
    values = [dict.fromkeys(_as_text(value) for value in document.values(field)) for field in fields]
    return tuple(islice(product(*values), MAX_COMBINATIONS)) if values else ()


def terms_hash(terms: Sequence[str]) -> bytes:
    """The combination's name in 16 bytes: equal for equal values in the same order of fields."""
    return blake2b(orjson.dumps(list(terms)), digest_size=16).digest()


def _as_text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


NEW_TERMS = RuleType("new_terms", "New-terms", {"kuery": None, "lucene": LUCENE_REASON}, compile_query)
