"""What the linter says: a thing in a rule that can be read but hardly means what was meant."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding: its `code` for filters and reports, a sentence for people, and the place.

    `key` is the key of the rule file; line, column and width say where in its text, 1-based (0: the key as a whole).
    """

    code: str
    message: str
    key: str
    line: int = 0
    column: int = 0
    width: int = 0


def in_query(text: str, start: int, end: int, code: str, message: str) -> Finding:
    """A finding about the characters from `start` to `end` of the query."""
    line_start = text.rfind("\n", 0, start) + 1
    line_end = text.find("\n", start)
    width = min(end, line_end if line_end >= 0 else len(text)) - start
    return Finding(code, message, "query", text.count("\n", 0, start) + 1, start - line_start + 1, max(width, 1))


def shown(text: str) -> str:
    """A value as a message quotes it."""
    text = text if len(text) <= 60 else f"{text[:60]}…"
    return "“" + "".join(c if c.isprintable() else "␣" for c in text) + "”"
