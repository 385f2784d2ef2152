"""Where the cursor stands in a query that is being written, in each of the three languages.

The parsers want whole queries; this reads only what is before the cursor, never fails, and takes time linear in it.
Places are in characters of the text.
"""

import re
from dataclasses import dataclass
from enum import Enum


class Language(Enum):
    """The languages of searches, by their names in addresses."""

    KQL = "kql"
    EQL = "eql"
    ESQL = "esql"


class Wanted(Enum):
    """What may stand at a place."""

    FIELD = "field"
    OPERATOR = "operator"
    VALUE = "value"
    WORD = "word"
    COMMAND = "command"


@dataclass(frozen=True, slots=True)
class Standing:
    """What is wanted at the cursor, what of it is there already, and which part of the text it would replace.

    `field` is the field whose value is wanted, or that the operator is for, or the object whose fields are wanted.
    `open`: there is a bracket that may be closed here.
    """

    wanted: Wanted
    typed: str
    start: int
    end: int
    field: str = ""
    open: bool = False


_KQL = re.compile(r'\s+|"(?:[^"\\]|\\.)*"?|<=|>=|[<>:(){}]|(?:[^\s"<>:(){}\\]|\\.)+|\\', re.DOTALL)
_CODE = re.compile(
    r'\s+|"""(?:.*?""")?|"(?:[^"\\]|\\.)*"?|//[^\n]*|==|!=|<=|>=|=~|![\[]|[<>:=(),\[\]|!+\-*/%]'
    r'|`[^`]*`?|[^\s"<>:=(),\[\]|!+*/%`]+',
    re.DOTALL,
)
_SIGNS = frozenset({":", "<", ">", "<=", ">=", "==", "!=", "=", "=~"})
_WORDS_BEFORE_VALUES = frozenset({"in", "in~", "like", "like~", "regex", "regex~", "rlike", "match"})
_JOINERS = frozenset({"and", "or"})
_EQL_STARTS = frozenset({"where", "by", "not", "and", "or"})
_ESQL_FIELD_COMMANDS = frozenset(
    {"where", "keep", "drop", "sort", "stats", "eval", "by", "rename", "dissect", "grok", "mv_expand", "and", "or",
     "not", "with", "on", "inline"}
)  # fmt: skip
_REST_OF_WORD = re.compile(r'[^\s"<>:=(){}\[\],|]*')
_REST_OF_QUOTED = re.compile(r'(?:[^"\\\n]|\\.)*"?')


def standing(text: str, at: int, language: Language) -> Standing:
    """Where the cursor stands, `at` being how many characters are before it."""
    at = min(max(at, 0), len(text))
    tokens = [found[0] for found in (_KQL if language is Language.KQL else _CODE).finditer(text[:at])]
    typed = "" if not tokens or _is_done(tokens[-1], language) else tokens.pop()
    start = at - len(typed)
    rest = _REST_OF_QUOTED if typed.startswith('"') else _REST_OF_WORD
    end = rest.match(text, at).end() if typed else at  # type: ignore[union-attr]  # both match nothing too
    words = [token for token in tokens if token.strip() and not token.startswith("//")]
    found = _after_kql(words) if language is Language.KQL else _after_code(words, language)
    return Standing(found.wanted, typed, start, end, found.field, found.open)


def _is_done(word: str, language: Language) -> bool:
    """Whether nothing can be added to a word before the cursor."""
    if word.isspace() or word.startswith("//"):
        return True
    if word[0] == '"':
        return len(word) > 1 and word.endswith('"') and not word.endswith('\\"')
    return word in _SIGNS or word in "(){}[],|!+*/%" or (language is not Language.KQL and word == "-")


def _here(wanted: Wanted, field: str = "", open_: bool = False) -> Standing:
    return Standing(wanted, "", 0, 0, field, open_)


def _after_kql(words: list[str]) -> Standing:
    wanted, field, brackets, prefix = Wanted.FIELD, "", list[tuple[str, str]](), ""
    for word in words:
        lower = word.lower()
        if word == "(":
            brackets.append(("values" if wanted is Wanted.VALUE else "group", field))
            wanted = Wanted.VALUE if wanted is Wanted.VALUE else Wanted.FIELD
        elif word == "{":
            brackets.append(("nested", prefix))
            prefix, wanted = f"{field}.", Wanted.FIELD
        elif word in ")}":
            kind, before = brackets.pop() if brackets else ("group", "")
            prefix = before if kind == "nested" else prefix
            wanted = Wanted.WORD
        elif word in _SIGNS:
            wanted = Wanted.VALUE
        elif lower in _JOINERS and wanted in (Wanted.WORD, Wanted.OPERATOR):
            inside = bool(brackets) and brackets[-1][0] == "values"
            wanted, field = (Wanted.VALUE, brackets[-1][1]) if inside else (Wanted.FIELD, "")
        elif lower == "not" and wanted in (Wanted.FIELD, Wanted.VALUE):
            continue
        elif wanted is Wanted.FIELD:
            wanted, field = (Wanted.WORD, "") if word[0] == '"' else (Wanted.OPERATOR, prefix + word)
        elif wanted in (Wanted.VALUE, Wanted.OPERATOR):
            wanted = Wanted.WORD
    return _here(wanted, prefix.rstrip(".") if wanted is Wanted.FIELD else field, bool(brackets))


def _after_code(words: list[str], language: Language) -> Standing:
    """EQL and ES|QL: the last word or two decide."""
    if not words:
        return _here(Wanted.COMMAND)
    depth = sum((word in ("(", "[", "![")) - (word in ")]") for word in words)
    last, lower = words[-1], words[-1].lower()
    if last in _SIGNS or lower in _WORDS_BEFORE_VALUES:
        return _here(Wanted.VALUE, _field_before(words[:-1]))
    if last in "(," and (field := _listing(words)):
        return _here(Wanted.VALUE, field)
    if last in "|[" or last == "![":
        return _here(Wanted.COMMAND)
    if lower in (_EQL_STARTS if language is Language.EQL else _ESQL_FIELD_COMMANDS) or last in "(,+-*/%!":
        return _here(Wanted.FIELD)
    if last[0] == '"' or last[0].isdigit() or last in ")]" or lower in ("true", "false", "null"):
        return _here(Wanted.WORD, open_=depth > 0)
    if language is Language.EQL and (len(words) == 1 or words[-2] in ("[", "![")):
        return _here(Wanted.COMMAND, field=lower)
    if language is Language.ESQL and (len(words) == 1 or words[-2] == "|" or words[0].lower() == last.lower()):
        return _here(Wanted.COMMAND, field=lower)
    if language is Language.ESQL and words[-2].lower() == "from":
        return _here(Wanted.WORD)
    return _here(Wanted.OPERATOR, field=last.strip("`"), open_=depth > 0)


def _field_before(words: list[str]) -> str:
    while words and words[-1].lower() in ("not", "!"):
        words = words[:-1]
    return words[-1].strip("`") if words else ""


def _listing(words: list[str]) -> str:
    """The field of a list of values that is being written: `field in ("a", `."""
    for place in range(len(words) - 1, 0, -1):
        word = words[place]
        if word == "(":
            listing = words[place - 1].lower() in _WORDS_BEFORE_VALUES or words[place - 1] == ":"
            return _field_before(words[: place - 1]) if listing else ""
        if not (word == "," or word[0] == '"' or word[0].isdigit()):
            return ""
    return ""
