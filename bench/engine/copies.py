"""More rules than a folder has: copies of them whose literals are changed, as a team's own variants would be.

The text of the query is changed and compiled anew, so a copy is a rule file as good as the first. What says of which
kind an event is (category, action, operating system …) stays, else the copies would cost nothing: no event would
reach them.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from uuid import NAMESPACE_URL, uuid5

from bench.engine.rules import RuleFolder, StoredRule, stored, trees_of
from engine import EngineError, FieldType, field_type, load_rule
from engine.tree import leaves_of

KIND_FIELDS = frozenset(
    {"event.category", "event.type", "event.action", "event.dataset", "event.module", "event.kind", "event.outcome",
     "event.provider", "event.code", "data_stream.dataset", "host.os.type", "host.os.family", "host.os.platform"}
)  # fmt: skip
_CHANGED_TYPES = frozenset({FieldType.KEYWORD, FieldType.WILDCARD, FieldType.UNKNOWN})
_QUOTED = re.compile(r'"((?:[^"\\\n]|\\.)*)"')
_WORD = re.compile(r"(?:\\.|[^\\A-Za-z]|[A-Za-z](?![A-Za-z]))*[A-Za-z]{2,}")  # beyond escapes, which stay as they are
_RULE_ID = re.compile(r'^(rule_id\s*=\s*)"[^"]*"', re.MULTILINE)
_NAME = re.compile(r'^(name\s*=\s*)"', re.MULTILINE)


def with_copies(folder: RuleFolder, wanted: int) -> list[tuple[StoredRule, str]]:
    """The rules of a folder with the texts of their files, and copies of them until there are `wanted`.

    Fewer when a round makes no further one: a rule without a literal to change has no copy.
    """
    found = list(zip(folder.rules, folder.texts, strict=True))[:wanted]
    kept = protected(folder.rules)
    number = 0
    while len(found) < wanted:
        number += 1
        made = list(_round(folder, kept, number, wanted - len(found)))
        found += made
        if not made:
            break
    return found


def _round(folder: RuleFolder, kept: frozenset[str], number: int, wanted: int) -> Iterator[tuple[StoredRule, str]]:
    for rule, text in zip(folder.rules, folder.texts, strict=True):
        if wanted and (made := copy_of(rule, text, kept, number)):
            wanted -= 1
            yield made


def copy_of(rule: StoredRule, text: str, kept: frozenset[str], number: int) -> tuple[StoredRule, str] | None:
    """The rule with changed literals and an id of its own; None when nothing can be changed or it would not compile."""
    changed = changed_query(rule.query, kept, number)
    if changed == rule.query or rule.query not in text:
        return None
    file = _NAME.sub(rf'\g<1>"Copy {number} of ', text.replace(rule.query, changed), count=1)
    file = _RULE_ID.sub(rf'\g<1>"{uuid5(NAMESPACE_URL, f"{rule.rule_id}/{number}")}"', file, count=1)
    try:
        made = stored(load_rule(file, "copy"), number)
    except EngineError:
        return None
    return (made, file) if made else None


def changed_query(query: str, kept: Iterable[str], number: int) -> str:
    """The query with every quoted literal changed that is not kept."""
    return _QUOTED.sub(
        lambda found: found[0] if found[1].lower() in kept else f'"{changed_literal(found[1], number)}"', query
    )


def changed_literal(literal: str, number: int) -> str:
    """The literal with the copy's number after its first word; what has no word stays."""
    word = _WORD.match(literal)
    return f"{word[0]}q{number}{literal[word.end() :]}" if word else literal


def protected(rules: Sequence[StoredRule]) -> frozenset[str]:
    """The literals that copies keep, in lower case."""
    return frozenset(
        str(value).lower()
        for tree in trees_of(rules)
        for leaf in leaves_of(tree)
        if leaf.field in KIND_FIELDS or field_type(leaf.field) not in _CHANGED_TYPES
        for value in leaf.values
    )
