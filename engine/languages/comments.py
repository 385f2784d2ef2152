"""What EQL and ES|QL pass over between their words: white space, comments to the end of a line, and bracketed ones."""

import re

from engine.errors import LanguageError

_SPACE = re.compile(r"[ \r\n\t]+")
_LINE_COMMENT = re.compile(r"//[^\r\n]*")
_COMMENT_MARK = re.compile(r"/\*|\*/")


def skipped(text: str, position: int) -> int:
    """The place of the next word: behind white space and comments."""
    while position < len(text):
        if found := _SPACE.match(text, position) or _LINE_COMMENT.match(text, position):
            position = found.end()
        elif text.startswith("/*", position):
            position = _comment_end(text, position)
        else:
            break
    return position


def _comment_end(text: str, start: int) -> int:
    """The end of a `/* … */` comment; comments may stand inside comments."""
    depth = 0
    for mark in _COMMENT_MARK.finditer(text, start):
        depth += 1 if mark[0] == "/*" else -1
        if depth == 0:
            return mark.end()
    raise LanguageError.at(text, start, 2, "this comment is never closed", "Close it with `*/`.")
