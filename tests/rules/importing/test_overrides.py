"""What people set on a rule stays over whatever its file becomes."""

from datetime import timedelta

import pytest

from accounts.errors import NotAllowed
from accounts.models import Change, User
from rules import epoch, ruleset
from rules.errors import OverrideRefused
from rules.models import Lookback, Rule
from rules.overrides import effective_of, overrides_of, set_overrides
from tests.rules.conftest import NOW, PERL, Load, rule_text

LATER = NOW + timedelta(hours=1)


def _rule() -> Rule:
    return Rule.objects.select_related("revision").get(pk=PERL)


def test_a_setting_is_in_force_at_once_in_the_rule_set_and_in_the_columns(rule: Rule, rosa: User) -> None:
    before = epoch.read()
    set_overrides(rule=rule, overrides={"severity": "low", "risk_score": 5, "max_signals": 7}, actor=rosa, now=LATER)
    kept, active = _rule(), ruleset.current().rules[PERL]
    assert (kept.severity, kept.risk_score) == ("low", 5)
    assert (active.definition.severity, active.definition.risk_score, active.definition.max_signals) == ("low", 5, 7)
    assert epoch.read() == before + 1
    assert {one.key: (one.value, one.upstream) for one in overrides_of(kept)} == {
        "severity": ("low", "high"),
        "risk_score": (5, 73),
        "max_signals": (7, 100),
    }


def test_settings_survive_an_update_of_the_file_which_changes_all_else(rule: Rule, rosa: User, load: Load) -> None:
    wanted = {"severity": "critical", "tags_added": ["Ours"], "tags_removed": ["OS: Linux"]}
    set_overrides(rule=rule, overrides=wanted, actor=rosa, now=NOW)
    load(rule_text(severity="low", query="process.name:perl5", interval="10m"), now=LATER)
    kept, active = _rule(), ruleset.current().rules[PERL]
    assert (kept.revision and kept.revision.number, active.definition.query.strip()) == (2, "process.name:perl5")
    assert (kept.severity, kept.tags) == ("critical", ["Domain: Endpoint", "Ours"])
    assert (active.definition.severity, active.definition.interval) == ("critical", "10m")


def test_taking_a_setting_back_leaves_what_the_file_says(rule: Rule, rosa: User) -> None:
    set_overrides(rule=rule, overrides={"severity": "low", "interval": "1h"}, actor=rosa, now=NOW)
    set_overrides(rule=rule, overrides={"severity": None}, actor=rosa, now=LATER)
    assert (_rule().overrides, _rule().severity) == ({"interval": "1h"}, "high")


def test_what_the_file_says_anyway_is_no_setting(rule: Rule, rosa: User) -> None:
    before = Change.objects.count()
    set_overrides(rule=rule, overrides={"severity": "high", "tags_added": []}, actor=rosa, now=NOW)
    assert (_rule().overrides, Change.objects.count()) == ({}, before)


def test_a_longer_look_back_is_judged_over_what_is_stored_and_a_shorter_one_is_not(rule: Rule, rosa: User) -> None:
    Lookback.objects.all().delete()
    set_overrides(rule=rule, overrides={"from": "now-2h"}, actor=rosa, now=NOW)
    assert [NOW - row.start for row in Lookback.objects.all()] == [timedelta(hours=2)]
    Lookback.objects.all().delete()
    set_overrides(rule=rule, overrides={"from": "now-6m"}, actor=rosa, now=LATER)
    assert not Lookback.objects.exists()


@pytest.mark.parametrize(
    ("overrides", "field"),
    [
        ({"severity": "horrible"}, "severity"),
        ({"severity": 3}, "severity"),
        ({"risk_score": 101}, "risk_score"),
        ({"risk_score": "5"}, "risk_score"),
        ({"interval": "soon"}, "interval"),
        ({"from": "yesterday"}, "from"),
        ({"max_signals": 0}, "max_signals"),
        ({"tags_added": "one"}, "tags_added"),
        ({"tags_added": ["x" * 300]}, "tags_added"),
        ({"tags_removed": [1]}, "tags_removed"),
        ({"query": "*"}, "query"),
        ({"enabled": "yes"}, "enabled"),
    ],
)
def test_what_no_file_could_say_is_refused_and_nothing_is_kept(
    rule: Rule, rosa: User, overrides: dict[str, object], field: str
) -> None:
    with pytest.raises(OverrideRefused) as refused:
        set_overrides(rule=rule, overrides={**overrides}, actor=rosa, now=NOW)
    assert refused.value.field == field
    assert _rule().overrides == {}


def test_on_and_off_go_along_with_the_rest(rule: Rule, rosa: User) -> None:
    set_overrides(rule=rule, overrides={"enabled": False, "severity": "low"}, actor=rosa, now=NOW)
    assert (_rule().enabled, _rule().overrides) == (False, {"severity": "low"})


def test_only_who_manages_rules_may(rule: Rule, ana: User) -> None:
    with pytest.raises(NotAllowed):
        set_overrides(rule=rule, overrides={"severity": "low"}, actor=ana, now=NOW)


def test_the_record_says_what_it_was_and_how_to_take_it_back(rule: Rule, rosa: User) -> None:
    set_overrides(rule=rule, overrides={"severity": "low"}, actor=rosa, now=NOW, note="Noisy here.")
    change = Change.objects.get(verb="override")
    assert change.inverse is not None
    assert (change.before, change.after["overrides"], change.note) == (
        {"overrides": {}},
        {"severity": "low"},
        "Noisy here.",
    )
    set_overrides(rule=rule, overrides=change.inverse["overrides"], actor=rosa, now=LATER)
    assert _rule().overrides == {}


def test_a_look_back_that_an_update_made_impossible_gives_way_to_the_files(rosa: User, load: Load) -> None:
    def text(history: str) -> str:
        extra = f'new_terms_fields = ["host.id"]\nhistory_window_start = "{history}"'
        return rule_text(type="new_terms", extra=extra)

    load(text("now-14d"))
    set_overrides(rule=_rule(), overrides={"from": "now-7d"}, actor=rosa, now=NOW)
    load(text("now-5d"), now=LATER)
    assert effective_of(_rule()).from_ == "now-9m"
    assert [one.applies for one in overrides_of(_rule())] == [False]
