"""MATCH: the words of a text looked for in a field, all or some of them, as they are written or nearly so.

Text fields are asked word by word; fields of all other types are asked for the value as a whole.
Source: Elasticsearch query DSL reference, match query, minimum_should_match, fuzziness.
"""

import re
from dataclasses import dataclass
from itertools import combinations
from math import comb

from engine.errors import EngineError
from engine.fields import EXACT_TYPES, TEXT_TYPES, FieldType, field_type
from engine.text import words_of
from engine.tree import (
    Call,
    Constant,
    FieldValue,
    Formula,
    Leaf,
    MatchAll,
    MatchNone,
    Op,
    Scalar,
    Tree,
    all_of,
    any_of,
    text_of,
)

MAX_WORDS = 200
MAX_CHOICES = 1_000

_AUTO = re.compile(r"auto(?::([0-9]{1,3}),([0-9]{1,3}))?", re.IGNORECASE)
_AUTO_LOW, _AUTO_HIGH = 3, 6
_LEAST = re.compile(r"(-?)([0-9]{1,4})(%?)")


class WordsError(EngineError):
    """An option of MATCH that cannot be met; the message is safe to show."""


@dataclass(frozen=True, slots=True)
class MatchOptions:
    """How words are looked for: `every` one of them or any; `least` so many (`2`, `-1`, `75%`); as a `phrase`.

    `fuzziness` is how many letters may differ (0 to 2, or AUTO, by the length of the word) after the first `prefix`
    letters; with `swaps` two neighbours that change places count as one. `wordless`: a text without any word meets
    every event.
    """

    every: bool = False
    least: int | float | str | bool | None = None
    fuzziness: int | float | str | bool | None = None
    prefix: int = 0
    swaps: bool = True
    wordless: bool = False
    phrase: bool = False


def match_tree(field: str, value: int | float | str | bool, options: MatchOptions) -> Tree:
    """The question whether the field has the words of a value, or for fields that are no text, the value.

    Raises: WordsError.
    """
    kind = field_type(field)
    if kind not in TEXT_TYPES:
        edits = _edits(options, text_of(value)) if kind in EXACT_TYPES or kind is FieldType.UNKNOWN else 0
        return _nearly(field, text_of(value), edits, options) if edits else Leaf(field, Op.IS, (value,))
    words = tuple(dict.fromkeys(words_of(text_of(value))))
    if not words:
        return MatchAll() if options.wordless else MatchNone()
    if len(words) > MAX_WORDS:
        raise WordsError(f"a text to match may have at most {MAX_WORDS} different words")
    if options.phrase:
        return Leaf(field, Op.PHRASE, (value,))
    return _enough([_word(field, word, options) for word in words], options)


def _word(field: str, word: str, options: MatchOptions) -> Tree:
    edits = _edits(options, word)
    return _nearly(field, word, edits, options) if edits else Leaf(field, Op.IS, (word,))


def _nearly(field: str, word: str, edits: int, options: MatchOptions) -> Tree:
    settings: tuple[Scalar, ...] = (word, edits, options.prefix, options.swaps, field_type(field) in TEXT_TYPES)
    return Formula(Call("nearly", (FieldValue(field), *map(Constant, settings))))


def _edits(options: MatchOptions, word: str) -> int:
    """How many letters of a word may differ."""
    if options.fuzziness is None:
        return 0
    text = text_of(options.fuzziness)
    if auto := _AUTO.fullmatch(text):
        low, high = (int(auto[1]), int(auto[2])) if auto[1] else (_AUTO_LOW, _AUTO_HIGH)
        return 0 if len(word) < low else 1 if len(word) < high else 2
    if text not in ("0", "1", "2"):
        raise WordsError("fuzziness is 0, 1, 2 or AUTO")
    return int(text)


def _enough(words: list[Tree], options: MatchOptions) -> Tree:
    least = len(words) if options.every else _least(options, len(words))
    if least <= 1:
        return any_of(*words)
    if least >= len(words):
        return all_of(*words) if least == len(words) else MatchNone()
    if comb(len(words), least) > MAX_CHOICES:
        raise WordsError("there are too many ways to choose so many of these words; take fewer words")
    return any_of(*(all_of(*some) for some in combinations(words, least)))


def _least(options: MatchOptions, words: int) -> int:
    """How many of the words must be there: a number, how many may be missing (`-1`), or a share of them, cut off."""
    if options.least is None:
        return 1
    found = _LEAST.fullmatch(text_of(options.least))
    if found is None:
        raise WordsError("minimum_should_match is a number such as 2 or -1, or a share such as 75%")
    number = int(found[2]) * words // 100 if found[3] else int(found[2])
    return max(words - number if found[1] else number, 0)
