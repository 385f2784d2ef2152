"""What a query reads from, without reading the rest of it."""

import re
from functools import lru_cache

from engine.errors import LanguageError
from engine.languages.esql.nodes import From
from engine.languages.esql.queries import QueryReader

_TEXT = r'"""[^"]*+(?:"(?!"")[^"]*+)*"""|"[^"\\]*+(?:\\.[^"\\]*+)*"'
# One that is never closed goes on to the end: to begin again behind each of its signs would take minutes.
_COMMENT = r"//[^\n]*+|/\*[^*]*+(?:\*(?!/)[^*]*+)*(?:\*/|\Z)"
# Up to the first `|` that stands in no text, name or comment.
_FIRST_COMMAND = re.compile(rf'(?:[^|"`/]++|{_TEXT}|`[^`]*+`|{_COMMENT}|/)*', re.DOTALL)


@lru_cache(maxsize=4_096)
def sources_of(text: str) -> tuple[str, ...]:
    """The index patterns that FROM names; none for a query that cannot be read that far, or that has no FROM."""
    first = _FIRST_COMMAND.match(text)
    try:
        command = QueryReader(first[0] if first else text).query().commands[0]
    except LanguageError:
        return ()
    return command.patterns if isinstance(command, From) else ()
