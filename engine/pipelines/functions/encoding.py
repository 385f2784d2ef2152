"""Texts within texts: base64, and what stands in web addresses.

Source: Elasticsearch's ES|QL reference, string functions.
"""

import base64
import re
from urllib.parse import quote, quote_plus, unquote_to_bytes

from engine.pipelines.functions.kinds import TEXT, checked, reading
from engine.pipelines.functions.shape import Function
from engine.pipelines.functions.strings import LONGEST, bounded
from engine.pipelines.types import Type, Value

_BAD_ESCAPE = re.compile("%(?![0-9A-Fa-f]{2})")


@reading(TEXT)
def _to_base64(text: str) -> Value:
    return bounded(base64.b64encode(text.encode("utf-8", "replace")).decode("ascii"))


@reading(TEXT)
def _from_base64(text: str) -> Value:
    """Padding may be left out altogether; bytes that are no text show as the replacement character."""
    bare = text if text.endswith("=") else text + "=" * (-len(text) % 4)
    return base64.b64decode(bare, validate=True).decode("utf-8", "replace")


@reading(TEXT)
def _url_encode(text: str) -> Value:
    return _encoded(quote_plus(text, safe="*", errors="replace")) if len(text) <= LONGEST else None


@reading(TEXT)
def _url_encode_component(text: str) -> Value:
    return _encoded(quote(text, safe="*", errors="replace")) if len(text) <= LONGEST else None


def _encoded(text: str) -> str | None:
    return bounded(text.replace("~", "%7E"))


@reading(TEXT)
def _url_decode(text: str) -> Value:
    if "%" not in text:
        return text.replace("+", " ")
    if _BAD_ESCAPE.search(text):
        return None
    return unquote_to_bytes(text.replace("+", " ").encode("utf-8", "replace")).decode("utf-8", "replace")


_KEYWORD = checked(Type.KEYWORD, TEXT)

ENCODING = (
    Function("to_base64", 1, 1, _KEYWORD, _to_base64),
    Function("from_base64", 1, 1, _KEYWORD, _from_base64),
    Function("url_encode", 1, 1, _KEYWORD, _url_encode),
    Function("url_encode_component", 1, 1, _KEYWORD, _url_encode_component),
    Function("url_decode", 1, 1, _KEYWORD, _url_decode),
)
