"""Words of tokenised text (`message`, script blocks): how they are found and how they are compared.

Text fields are not searched by substring. They are cut into words by the word rules of Unicode (UAX #29), as far as
they matter for logs: letters, digits and `_` hold together; a dot, colon or apostrophe between two letters does not
split (`reflection.assembly`), nor does a dot, comma or apostrophe between two digits (`1,000.5`); all else splits.
Ideographs and kana stand alone. Words are folded to one case and cut after 255 characters.
Source: Unicode Standard Annex #29, rules WB5 to WB13b; Elasticsearch reference, standard tokenizer.
"""

import re
from functools import lru_cache

from engine.folding import fold

LONGEST_WORD = 255

_ALONE = "\u3041-\u309f\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_LETTER = rf"[^\W\d_{_ALONE}]"
_DIGIT = r"\d"
_EXTEND = r"[\u0300-\u036f\u200d\ufe0e\ufe0f]*"
# MidLetter, MidNumLet and the apostrophe; MidNum, MidNumLet and the apostrophe.
_BETWEEN_LETTERS = r"[.:\u00b7\u2018\u2019\u2024\u2027\ufe13\ufe52\ufe55\uff07\uff0e\uff1a']"
_BETWEEN_DIGITS = r"[.,;\u037e\u0589\u060c\u060d\u2018\u2019\u2024\ufe10\ufe14\ufe52\uff07\uff0c\uff0e\uff1b']"

_WORD = re.compile(
    rf"[{_ALONE}]|"
    rf"(?:(?:{_LETTER}|{_DIGIT}|_){_EXTEND}"
    rf"(?:(?<={_LETTER}){_BETWEEN_LETTERS}(?={_LETTER})|(?<={_DIGIT}){_BETWEEN_DIGITS}(?={_DIGIT}))?)+"
)


def words_of(text: str) -> tuple[str, ...]:
    """The words of a text, in order. Costs about a microsecond for every five words."""
    return tuple(_cut(_WORD.findall(fold(text))))


def _cut(words: list[str]) -> list[str]:
    """Words longer than the longest are cut into several, as the standard tokenizer does."""
    if all(len(word) <= LONGEST_WORD for word in words):
        return words
    return [word[at : at + LONGEST_WORD] for word in words for at in range(0, len(word), LONGEST_WORD)]


_SHORT, _LONG = 1_024, 16_384
# Words take some twenty times the memory of their text, and texts are the sender's: so few of the long ones are kept.
_words_of_short = lru_cache(maxsize=2_048)(words_of)
_words_of_long = lru_cache(maxsize=16)(words_of)
_words_of_last = lru_cache(maxsize=1)(words_of)


def words_of_value(text: str) -> tuple[str, ...]:
    """As `words_of`, remembered for texts of a usual length, since several leaves ask about the same value."""
    if len(text) <= _SHORT:
        return _words_of_short(text)
    return _words_of_long(text) if len(text) <= _LONG else _words_of_last(text)


def has_phrase(words: tuple[str, ...], phrase: tuple[str, ...]) -> bool:
    """Whether the words of a phrase stand in a text next to one another and in order. No words, no phrase."""
    if not phrase or len(phrase) > len(words):
        return False
    return f" {' '.join(phrase)} " in f" {' '.join(words)} "
