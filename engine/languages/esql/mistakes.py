"""What people write who know other query languages, and what they meant."""

from engine.errors import LanguageError
from engine.languages.esql.lexer import Kind
from engine.languages.esql.nodes import Name
from engine.languages.esql.reader import Reader, shown


def no_single_equals(reader: Reader) -> LanguageError:
    """`=` assigns and `=~` is EQL's; `==` compares."""
    if reader.is_sign("=~"):
        hint = 'To compare without regard to case write `TO_LOWER(name) == "…"`.'
        return reader.error(reader.token, "`=~` is not an operator of ES|QL", hint)
    return reader.error(reader.token, "`=` does not compare", "Write `==`.")


def no_match(reader: Reader, field: Name) -> LanguageError:
    """KQL's `field: value`, `field: (a or b)` and `field: *`."""
    token, name = reader.token, field.name
    if reader.is_sign("("):
        hint = f'Write `{name} IN ("a", "b")`, or KQL in `KQL("…")`.'
        return reader.error(token, "a list cannot follow `:`, as it can in KQL", hint)
    if reader.is_sign("*"):
        return reader.error(token, "`*` cannot follow `:`, as it can in KQL", f"Write `{name} IS NOT NULL`.")
    if token.kind is Kind.NAME:
        message = f"what to search for stands in quotation marks, so not {shown(token)}"
        return reader.error(token, message, f'Write `{name} == "{token.text}"`, or KQL in `KQL("…")`.')
    return reader.error(token, f"a value had to follow `:`, not {shown(token)}", f'Such as `{name} : "words"`.')


def leftover_of_expression(reader: Reader) -> LanguageError:
    """Something follows an expression that could have ended."""
    token = reader.token
    if reader.is_sign(")", "]", "}"):
        return reader.error(token, f"this `{token.text}` closes nothing", "Remove it, or open a bracket before it.")
    if reader.is_word("like", "rlike", "in", "is"):
        return reader.error(token, f"`{token.text.upper()}` needs one value directly on its left")
    if reader.is_sign("=", "=~"):
        return no_single_equals(reader)
    if reader.is_sign(","):
        return reader.error(token, "a comma cannot stand here", "Did you mean `AND` or `OR`?")
    if reader.is_sign(";"):
        return reader.error(token, "`;` cannot stand here", "A query is one row of commands with `|` between them.")
    if token.kind in (Kind.NAME, Kind.STRING, Kind.NUMBER) or reader.is_sign("(") or reader.is_word("not"):
        return reader.error(token, f"`AND` or `OR` is missing before {shown(token)}", "Did you mean `AND`?")
    return reader.error(token, f"{shown(token)} cannot stand here")
