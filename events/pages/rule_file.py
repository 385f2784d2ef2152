"""A search as the beginning of a rule: a rule file with the query in it, ready to be named and loaded."""

import json
from collections.abc import Callable
from uuid import uuid4

from engine import EngineError, parse_kql
from engine.languages.eql import parse_eql
from engine.languages.esql import parse_esql
from engine.rulefile import load_rule
from events.errors import EventsError

_READERS: dict[str, Callable[[str], object]] = {"kql": parse_kql, "eql": parse_eql, "esql": parse_esql}
_TYPES = {"kql": ("query", "kuery"), "eql": ("eql", "eql"), "esql": ("esql", "esql")}


class NoRule(EventsError):  # noqa: N818
    """The search says something that no rule can."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


def rule_file(language: str, query: str, indices: tuple[str, ...]) -> str:
    """The text of the file. Raises: NoRule."""
    if not query.strip():
        raise NoRule("There is no query yet: a rule that asks for nothing would raise every event.")
    text = _text(language, query, indices)
    try:
        _READERS[language](query)
        load_rule(text, "from-search.toml")
    except EngineError as error:
        raise NoRule(f"No rule can ask this: {getattr(error, 'message', '') or 'the query cannot be read'}.") from None
    return text


def _text(language: str, query: str, indices: tuple[str, ...]) -> str:
    kind, written = _TYPES[language]
    index = "" if language == "esql" else f"index = {json.dumps(list(indices))}\n"
    return f"""[metadata]
maturity = "development"

[rule]
rule_id = "{uuid4()}"
name = "What it finds, in a few words"
description = "What happened when this rule raises an alert, and why it matters."
author = ["You"]
license = ""
type = "{kind}"
language = "{written}"
{index}severity = "medium"
risk_score = 47
interval = "5m"
from = "now-9m"
max_signals = 100
tags = []
false_positives = []
query = {_multiline(query)}
note = '''
## Triage and analysis

### Possible investigation steps

- What to look at first.

### False positive analysis

- What does the same and is harmless.

### Response and remediation

- What to do when it is real.
'''
"""


def _multiline(text: str) -> str:
    """The query as TOML writes texts of several lines; as it stands where nothing in it needs escapes."""
    if "'''" not in text and not text.endswith("'") and all(sign.isprintable() or sign in "\n\t" for sign in text):
        return f"'''\n{text}\n'''"
    return json.dumps(text, ensure_ascii=True)
