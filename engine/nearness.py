"""Whether two words are nearly the same: how many letters have to be changed, put in, left out or swapped."""

from engine.text import words_of_value

_LONGEST = 255


def is_nearly(text: str, word: str, edits: int, prefix: int, swaps: bool) -> bool:
    """Whether `edits` steps make one of the other; the first `prefix` letters must agree, and with `swaps` two
    neighbours that change places are one step. Costs the length of the word, some ten microseconds at most.
    """
    if abs(len(text) - len(word)) > edits or len(text) > _LONGEST:
        return False
    if prefix:
        if text[:prefix] != word[:prefix]:
            return False
        text, word = text[prefix:], word[prefix:]
    return _distance(text, word, edits, swaps) <= edits


def has_nearly(text: str, word: str, edits: int, prefix: int, swaps: bool) -> bool:
    """Whether one of the words of a text is nearly this one."""
    return any(is_nearly(one, word, edits, prefix, swaps) for one in dict.fromkeys(words_of_value(text)))


def _distance(one: str, other: str, most: int, swaps: bool) -> int:
    """The least number of steps, or some number above `most`; only cells near the diagonal are worked out."""
    far = most + 1
    above: list[int] = []
    row = [min(column, far) for column in range(len(other) + 1)]
    for at, letter in enumerate(one, 1):
        before, above, row = above, row, [far] * (len(other) + 1)
        row[0] = min(at, far)
        for column in range(max(1, at - most), min(len(other), at + most) + 1):
            step = above[column - 1] + (letter != other[column - 1])
            row[column] = min(step, above[column] + 1, row[column - 1] + 1, far)
            if swaps and at > 1 and column > 1 and letter == other[column - 2] and one[at - 2] == other[column - 1]:
                row[column] = min(row[column], before[column - 2] + 1)
        if min(row) > most:
            return far
    return row[-1]
