"""What can go wrong inside the engine, as errors that carry their place.

    EngineError
    ├── LanguageError        a query text that cannot be read: line, column, width, message, hint
    ├── RuleFileError        a rule file that cannot be used: path, key, message, cause
    ├── PatternError         a wildcard or pattern outside our limits
    ├── TreeError            stored tree data of a kind that this version does not know
    └── DocumentError        bytes that are no JSON object

Every `message` and `hint` is written for the person who typed the text and is safe to show.
(The errors of exception entries and of durations live beside their code and also descend from EngineError.)
"""

_SHOWN_BEFORE = 60
_SHOWN_AFTER = 60


class EngineError(Exception):
    """Root of everything the engine raises on purpose."""


class LanguageError(EngineError):
    """A query that cannot be read, and where: an editor underlines `width` characters from line and column."""

    def __init__(
        self, message: str, line: int, column: int, width: int = 1, hint: str | None = None, source_line: str = ""
    ) -> None:
        super().__init__(message)
        self.message = message
        self.line = line
        self.column = column
        self.width = max(width, 1)
        self.hint = hint
        self.source_line = source_line

    @classmethod
    def at(cls, text: str, offset: int, width: int, message: str, hint: str | None = None) -> "LanguageError":
        """The error for `width` characters of `text` from `offset` on; works out line and column."""
        start = text.rfind("\n", 0, offset) + 1
        end = text.find("\n", offset)
        source_line = text[start : end if end >= 0 else len(text)].rstrip("\r")
        width = max(1, min(width, max(len(source_line) - (offset - start), 1)))
        return cls(message, text.count("\n", 0, start) + 1, offset - start + 1, width, hint, source_line)

    def __str__(self) -> str:
        """Message, then the line with carets under the place, then the hint."""
        lines = [f"line {self.line}, column {self.column}: {self.message}"]
        if self.source_line:
            first = max(0, self.column - 1 - _SHOWN_BEFORE)
            shown = self.source_line[first : self.column - 1 + _SHOWN_AFTER].replace("\t", " ")
            carets = min(self.width, max(1, len(shown) - (self.column - 1 - first)))
            lines += [f"  {shown}", "  " + " " * (self.column - 1 - first) + "^" * carets]
        if self.hint:
            lines.append(self.hint)
        return "\n".join(lines)


class RuleFileError(EngineError):
    """A rule file that cannot be used, with the key that is wrong and the query's error where there is one."""

    def __init__(self, path: str, key: str | None, message: str, cause: LanguageError | None = None) -> None:
        super().__init__(message)
        self.path = path
        self.key = key
        self.message = message
        self.cause = cause

    def __str__(self) -> str:
        where = f"{self.path}: {self.key}" if self.key else self.path
        told = f"{where}: {self.message}"
        return f"{told}\n{self.cause}" if self.cause else told


class PatternError(EngineError):
    """A wildcard pattern outside our limits."""


class TreeError(EngineError):
    """Stored tree data that this version cannot read; compile the source again."""


class DocumentError(EngineError):
    """Bytes that are not one JSON object. `row` is the event's place in its batch, where there is one."""

    def __init__(self, message: str, row: int | None = None) -> None:
        super().__init__(message)
        self.row = row
