"""What people write who know other query languages, and what they meant."""

from engine.errors import LanguageError
from engine.languages.esql.lexer import Kind, Mode
from engine.languages.esql.nodes import Name
from engine.languages.esql.reader import Reader, shown

_SHORT = frozenset(("completion", "dissect", "enrich", "grok", "limit", "lookup", "mv_expand"))
"""Commands that do not end in an expression, so that nothing but the next command can follow."""


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
        return reader.error(token, message, f'Write `{name} == "{token.text[:40]}"`, or KQL in `KQL("…")`.')
    return reader.error(token, f"a value had to follow `:`, not {shown(token)}", f'Such as `{name} : "words"`.')


def no_value(reader: Reader) -> LanguageError:
    """No value stands where one had to."""
    token = reader.token
    if token.kind is Kind.END:
        return reader.error(token, "the query ends where a value had to follow")
    if reader.is_sign("?", "??"):
        return reader.error(token, "parameters (`?name`) are not supported", "Write the value itself.")
    if reader.is_sign("{"):
        return reader.error(token, "options `{…}` follow the arguments of a function only")
    if token.kind is Kind.KEYWORD and token.text not in ("and", "or", "not"):
        return keyword_as_name(reader)
    hints = {
        "*": "A field that has any value: `name IS NOT NULL`.",
        ">": "Unequal is `!=`.",
        "==": "It compares the value before it with the one behind it.",
        "=": "Equal is `==`.",
    }
    hint = hints.get(token.text, "Such as a column, a value or a function.")
    return reader.error(token, f"{shown(token)} cannot stand here", hint)


def keyword_as_name(reader: Reader) -> LanguageError:
    """A keyword stands where a column had to."""
    word = reader.token.text
    hint = f"A column of that name stands in backticks: `` `{word}` ``."
    return reader.error(reader.token, f"`{word}` is a keyword and cannot stand here", hint)


def no_end(reader: Reader, command: str, bracketed: bool) -> LanguageError:
    """Something follows an expression, or the whole command, that could have ended."""
    token = reader.token
    if reader.is_sign(")", "]", "}"):
        return reader.error(token, f"this `{token.text}` closes nothing", "Remove it, or open a bracket before it.")
    if reader.is_word("like", "rlike", "in", "is"):
        return reader.error(token, f"`{token.text.upper()}` needs one value directly on its left")
    if reader.is_word("as"):
        return reader.error(token, "`AS` names a column in `RENAME` only", "Write the name first: `name = value`.")
    if reader.is_sign("=", "=~"):
        return no_single_equals(reader)
    if reader.is_sign(";"):
        return reader.error(token, "`;` cannot stand here", "A query is one row of commands with `|` between them.")
    if reader.is_sign(","):
        hints = {"where": "Did you mean `AND` or `OR`?", "mv_expand": "`MV_EXPAND` takes one column."}
        return reader.error(token, "a comma cannot stand here", hints.get(command))
    return _missing_before(reader, command, bracketed)


def _missing_before(reader: Reader, command: str, bracketed: bool) -> LanguageError:
    token = reader.token
    unusual = "A name with other characters than letters, digits, `_` and `@` stands in backticks."
    values = (Kind.NAME, Kind.STRING, Kind.NUMBER)
    if token.kind not in values and not reader.is_sign("(") and not reader.is_word("not", "true", "false", "null"):
        return reader.error(
            token, f"{shown(token)} cannot stand here", unusual if reader.mode is Mode.PATTERN else None
        )
    if reader.mode is Mode.PATTERN:
        hint = "Separate names with commas, commands with `|`."
        return reader.error(token, f"a comma or `|` is missing before {shown(token)}", hint)
    if command in _SHORT and not bracketed:
        return reader.error(token, f"a `|` is missing before {shown(token)}", "Commands have `|` between them.")
    if command == "where" and not bracketed:
        return reader.error(token, f"`AND` or `OR` is missing before {shown(token)}", "Did you mean `AND`?")
    return reader.error(token, f"a comma or an operator is missing before {shown(token)}")
