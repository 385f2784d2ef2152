"""A rule written as a rule file or in Kibana's form reads back as the same rule."""

import string
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine import RuleDefinition, RuleFileError, load_rule
from engine.rulefile import read_rule
from engine.rulefile.kibana import read_kibana_rule, to_kibana
from engine.rulefile.toml_text import to_toml
from tests.rules.conftest import rule_text

PACK = sorted((Path(__file__).parents[3] / "rules" / "pack").glob("*.toml"))

_text = st.text(
    st.one_of(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), st.sampled_from("\"\\\n\r\t'#=[]")),
    max_size=40,
)
_scalar = st.one_of(_text, st.booleans(), st.integers(-(2**63), 2**63 - 1), st.floats(allow_nan=False))
_finite = st.one_of(_text, st.booleans(), st.integers(-(2**53), 2**53), st.floats(-1e9, 1e9))
_key = st.text(st.sampled_from(string.ascii_lowercase + '._ $"\\é'), min_size=1, max_size=8).filter(
    lambda key: key != "watchbill"
)


def _tree(leaf: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.recursive(
        leaf,
        lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(_key, inner, max_size=3)),
        max_leaves=12,
    )


def _rule(about: Mapping[str, Any], leaf: Mapping[str, Any], tables: Mapping[str, Any]) -> RuleDefinition:
    raw = {
        **{f"x-{key}": value for key, value in leaf.items()},
        "rule_id": "11111111-0000-4000-8000-000000000001",
        "name": "A rule",
        "severity": "low",
        "risk_score": 21,
        "type": "query",
        **about,
    }
    return read_rule({"rule": raw, "metadata": dict(tables), "transform": {}}, "rule")


_about = st.fixed_dictionaries(
    {"description": _text, "note": _text, "setup": _text, "query": _text.map(lambda text: f"x{text}")},
    optional={"tags": st.lists(_text, max_size=3), "false_positives": st.lists(_text, max_size=3)},
)


@settings(max_examples=150, deadline=None)
@given(_about, st.dictionaries(_key, _tree(_scalar), max_size=4), st.dictionaries(_key, _tree(_scalar), max_size=3))
def test_any_rule_reads_back_from_the_rule_file_that_is_written_of_it(
    about: dict[str, Any], leaf: dict[str, Any], tables: dict[str, Any]
) -> None:
    rule = _rule(about, leaf, tables)
    assert load_rule(to_toml(rule), "rule") == rule


@settings(max_examples=150, deadline=None)
@given(_about, st.dictionaries(_key, _tree(_finite), max_size=4), st.dictionaries(_key, _tree(_finite), max_size=3))
def test_any_rule_reads_back_from_kibanas_form(
    about: dict[str, Any], leaf: dict[str, Any], tables: dict[str, Any]
) -> None:
    rule = _rule(about, leaf, tables)
    exported = orjson.loads(orjson.dumps(to_kibana(rule)))
    assert read_kibana_rule(exported, "rule").definition == rule


@pytest.mark.parametrize("file", PACK, ids=lambda file: file.stem)
def test_every_shipped_rule_survives_both_forms_one_after_the_other(file: Path) -> None:
    rule = load_rule(file.read_text(encoding="utf-8"), file.name)
    assert load_rule(to_toml(rule), "rule") == rule
    exported = orjson.loads(orjson.dumps(to_kibana(rule)))
    assert read_kibana_rule(exported, "rule").definition == rule
    assert load_rule(to_toml(read_kibana_rule(exported, "rule").definition), "rule") == rule


def _exported(**more: Any) -> dict[str, Any]:
    return {
        "id": "9f0c0000-0000-4000-8000-00000000000a",
        "rule_id": "11111111-0000-4000-8000-000000000001",
        "name": "Exported",
        "description": "From another place.",
        "type": "query",
        "language": "kuery",
        "query": "process.name: perl",
        "index": ["logs-*"],
        "severity": "high",
        "risk_score": 73,
        "enabled": True,
        "updated_at": "2026-11-20T08:00:00.000Z",
        "created_by": "elastic",
        "revision": 4,
        "timeline_id": None,
        "actions": [],
        "exceptions_list": [],
        **more,
    }


def test_what_kibanas_server_notes_is_no_content() -> None:
    once = read_kibana_rule(_exported(), "rule").definition
    later = read_kibana_rule(
        _exported(updated_at="2026-11-21T08:00:00.000Z", revision=9, id="other"), "rule"
    ).definition
    assert once == later
    assert "timeline_id" not in once.raw


def test_actions_and_data_views_are_left_out_and_said() -> None:
    action = {"id": "1", "action_type_id": ".slack", "params": {}}
    rule = read_kibana_rule(_exported(actions=[action], index=[], data_view_id="logs"), "rule")
    assert "actions" not in rule.definition.raw
    assert [sentence.split()[1] for sentence in rule.ignored] == ["actions", "names"]


def test_new_terms_stand_flat_and_integrations_beside_the_rule() -> None:
    rule = read_kibana_rule(
        _exported(
            type="new_terms",
            new_terms_fields=["host.id"],
            history_window_start="now-7d",
            related_integrations=[{"package": "endpoint", "version": "^8.2.0"}],
            investigation_fields=["host.id"],
        ),
        "rule",
    ).definition
    assert (rule.new_terms_fields, rule.history_window_start) == (("host.id",), "now-7d")
    assert (rule.integrations, rule.investigation_fields) == (("endpoint",), ("host.id",))


def test_what_somebody_changed_in_kibana_after_our_export_is_not_undone() -> None:
    text = rule_text(
        type="new_terms",
        tail='[rule.new_terms]\nfield = "new_terms_fields"\nvalue = ["host.id"]\n'
        '[[rule.new_terms.history_window_start]]\nfield = "history_window_start"\nvalue = "now-7d"\n',
    )
    exported = to_kibana(load_rule(text, "rule"))
    changed = read_kibana_rule({**exported, "new_terms_fields": ["user.id"], "enabled": True}, "rule").definition
    assert (changed.new_terms_fields, changed.enabled) == (("user.id",), True)


@pytest.mark.parametrize(
    ("more", "key"),
    [
        ({"severity": "awful"}, "rule.severity"),
        ({"rule_id": "no id!"}, "rule.rule_id"),
        ({"risk_score": 2**40}, "rule.risk_score"),
        ({"type": "riddle"}, "rule.type"),
        ({"name": "half\0"}, "rule.name"),
    ],
)
def test_what_is_wrong_is_named_with_its_key(more: dict[str, Any], key: str) -> None:
    with pytest.raises(RuleFileError) as refused:
        read_kibana_rule(_exported(**more), "rule")
    assert refused.value.key == key


def test_an_object_with_thousands_of_keys_or_levels_is_refused() -> None:
    with pytest.raises(RuleFileError):
        read_kibana_rule(_exported(**{f"k{n}": n for n in range(400)}), "rule")
    deep: Any = 1
    for _ in range(200):
        deep = {"k": deep}
    with pytest.raises(RuleFileError):
        read_kibana_rule(_exported(meta={"x": deep}), "rule")
