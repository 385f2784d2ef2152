"""Whatever an export holds is read or refused in words; nothing else comes of it."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from engine import EngineError, compile_rule
from engine.linting import lint
from engine.rulefile.kibana import read_kibana_rule
from engine.rulefile.toml_text import to_toml
from rules.importing.items import for_rule, read_item
from tests.rules.conftest import NOW
from tests.rules.importing.conftest import exported_item, exported_rule

_scalar = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**64), 2**64), st.floats(allow_nan=False), st.text(max_size=12)
)
_json = st.recursive(
    _scalar,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=8), inner, max_size=3)),
)
_rule_keys = st.sampled_from(
    [
        *exported_rule(),
        "meta",
        "filters",
        "threat",
        "threshold",
        "threat_mapping",
        "threat_filters",
        "threat_query",
        "threat_index",
        "alert_suppression",
        "new_terms_fields",
        "history_window_start",
        "related_integrations",
        "investigation_fields",
        "severity_mapping",
        "risk_score_mapping",
        "tags",
        "max_signals",
        "response_actions",
    ]
)
_kinds = st.sampled_from(["query", "eql", "new_terms", "threshold", "threat_match", "saved_query", "esql"])
_ours = st.fixed_dictionaries(
    {"watchbill": st.dictionaries(st.sampled_from(["metadata", "transform", "new_terms", "added", "lists"]), _json)}
)


@settings(max_examples=200, deadline=None)
@given(_kinds, st.dictionaries(_rule_keys, _json, max_size=4), st.one_of(st.none(), _ours))
def test_any_rule_of_an_export_is_read_or_refused(kind: str, keys: dict[str, Any], meta: dict[str, Any] | None) -> None:
    language = kind if kind in ("eql", "esql") else "kuery"
    data = exported_rule(**({"type": kind, "language": language, "meta": meta} | keys))
    try:
        rule = read_kibana_rule(data, "rule").definition
        lint(rule)
        to_toml(rule)
        compile_rule(rule)
    except EngineError:
        return  # refused, in words


_item_keys = st.sampled_from([*exported_item("a", "b"), "meta", "expire_time", "expires_at"])
_item_ours = st.fixed_dictionaries(
    {"watchbill": st.dictionaries(st.sampled_from(["rules", "entries", "enabled", "expires_at", "review_at"]), _json)}
)


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(_item_keys, _json, max_size=4), st.one_of(st.none(), _item_ours))
def test_any_item_of_an_export_is_read_and_what_it_cannot_mean_is_told(
    keys: dict[str, Any], meta: dict[str, Any] | None
) -> None:
    data = {**exported_item("shared", "one"), "meta": meta} | keys
    content = read_item(for_rule(data, "rule"), NOW)
    assert content.problem or content.entries
