"""`new_terms`: a hit becomes an alert when its combination of values has not been seen before.

"Seen" means: in an earlier event that the same query let through, within the rule's history. That memory is
the caller's; here is only which combinations an event carries, and their fixed-size names.
"""

from collections.abc import Sequence
from hashlib import blake2b
from typing import TYPE_CHECKING

import orjson

from engine.joining.keys import combinations, plain_text
from engine.rule_types.base import RuleType
from engine.rule_types.query import LUCENE_REASON, compile_query

if TYPE_CHECKING:
    from engine.document import Document

MAX_FIELDS = 3


def terms_of(fields: Sequence[str], document: "Document") -> tuple[tuple[str, ...], ...]:
    """Every combination of one value for each field, in the order the event gives them.

    No combination at all when the event lacks one of the fields; at most as many as keys of a join, so that an event
    with long arrays cannot flood the memory.
    Source: Elasticsearch composite aggregation over the fields (missing buckets are left out).
    """
    if not fields:
        return ()
    return tuple(combinations([tuple(dict.fromkeys(map(plain_text, document.values(field)))) for field in fields]))


def terms_hash(terms: Sequence[str]) -> bytes:
    """The combination's name in 16 bytes: equal for equal values in the same order of fields."""
    return blake2b(orjson.dumps(list(terms)), digest_size=16).digest()


NEW_TERMS = RuleType("new_terms", "New-terms", {"kuery": None, "lucene": LUCENE_REASON}, compile_query)
