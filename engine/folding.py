"""Upper and lower case made one, the same way for values, literals and patterns.

One table for the whole engine: whoever compares without regard to case folds both sides with `fold` and then
compares exactly. One character folds to one character, so positions stay; ASCII letters meet only ASCII letters
(the Kelvin sign is no `k`), so that a lower-cased ASCII column in a database narrows down soundly.
"""

from functools import lru_cache


def fold(text: str) -> str:
    """The text without regard to case. Costs a `str.lower` for ASCII."""
    return text.lower() if text.isascii() else "".join(map(_fold_character, text))


@lru_cache(maxsize=8_192)
def _fold_character(character: str) -> str:
    """Lower case by way of upper case, so that letters with two lower forms (σ, ς) meet."""
    upper = character.upper()
    lower = (upper if len(upper) == 1 else character).lower()
    if len(lower) != 1 or lower.isascii() != character.isascii():
        return character
    return lower
