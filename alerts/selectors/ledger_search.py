"""Exceptions found by words: in what they say and why, on which rule, and of which shared list."""

from django.db.models import F, Func, Q, QuerySet, TextField

from rules.models import ExceptionItem

LONGEST, MOST_WORDS = 200, 8
_TEXTS = ("said", "name", "reason", "rule__name", "list_id")


class Said(Func):
    """The fields and values of an exception's conditions and the names of value lists, one a line; a nested field by
    its whole name, too."""

    template = """concat_ws(E'\\n',
(SELECT string_agg(said #>> '{}', E'\\n')
 FROM jsonb_path_query(%(expressions)s, '$.** ? (@.type() == "object").keyvalue()
 ? (@.key == "field" || @.key == "value" || @.key == "id").value[*]') AS said),
(SELECT string_agg(concat(outside ->> 'field', '.', inside #>> '{}'), E'\\n')
 FROM jsonb_path_query(%(expressions)s, '$[*] ? (@.type == "nested")') AS outside,
 jsonb_path_query(outside, '$.entries[*].field') AS inside))"""
    output_field = TextField()


def words_of(text: str) -> list[str]:
    """What is looked for, within bounds."""
    return text[:LONGEST].split()[:MOST_WORDS]


def saying(seen: QuerySet[ExceptionItem], text: str) -> list[int]:
    """The numbers of those of these exceptions that have every word somewhere, whatever its case. One query, which
    reads all their conditions."""
    found = seen.annotate(said=Said(F("entries")))
    for word in words_of(text):
        has = Q()
        for name in _TEXTS:
            has |= Q(**{f"{name}__icontains": word})
        found = found.filter(has)
    return list(found.values_list("pk", flat=True))
