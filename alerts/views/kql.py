"""A KQL text with its mistake marked, as a page shows it: what stands before, what is wrong, what follows."""

from dataclasses import dataclass

from engine import LanguageError


@dataclass(frozen=True, slots=True)
class MarkedError:
    """The line of the query with the wrong part apart, and the sentence about it."""

    before: str
    wrong: str
    after: str
    message: str
    hint: str


def marked(text: str, error: LanguageError) -> MarkedError:
    """Split the line that the error names; a mistake at the end of the line is drawn as a blank."""
    lines = text.split("\n")
    line = lines[min(error.line, len(lines)) - 1]
    start = max(error.column - 1, 0)
    wrong = line[start : start + error.width] or "\u00a0"
    return MarkedError(line[:start], wrong, line[start + error.width :], error.message, error.hint or "")
