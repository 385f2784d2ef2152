"""A shipped rule stands back for the upstream rule it names, exactly while that one is in force."""

from datetime import timedelta
from pathlib import Path

import pytest

from accounts.models import Change
from rules import quarantine, ruleset, services
from rules.loading import PACK, load_rules
from rules.models import Lookback, Rule, RuleRevision
from rules.superseding import stands_back
from rules.trees import TreeUnusable
from tests.rules.conftest import NOW, PERL, rule_text

UPSTREAM = "22222222-0000-4000-8000-000000000001"
LATER = NOW + timedelta(minutes=5)


def _load(folder: Path, text: str, source: str, *, enable: bool = True) -> None:
    file = folder / f"{source}.toml"
    file.write_text(text, encoding="utf-8")
    load_rules(paths=[file], source=source, actor=None, now=NOW, enable=enable)


def _shipped(names: str = f'upstream_rule_id = "{UPSTREAM}"') -> str:
    return rule_text().replace("[metadata]", f"[metadata]\n{names}")


@pytest.fixture
def both(db: None, tmp_path: Path) -> Rule:
    """The shipped rule and its upstream, both on."""
    _load(tmp_path, _shipped(), PACK)
    _load(tmp_path, rule_text(rule_id=UPSTREAM, name="Upstream"), "upstream")
    return _rule()


def _rule() -> Rule:
    return Rule.objects.select_related("superseded_by").get(pk=PERL)


def _in_force() -> set[str]:
    return set(ruleset.current().rules)


def test_the_shipped_rule_stands_back_and_judges_no_look_back_either(both: Rule) -> None:
    assert (both.superseded_by_id, both.enabled, stands_back(both)) == (UPSTREAM, True, True)
    assert _in_force() == {UPSTREAM}
    assert not Lookback.objects.filter(rule=both, done_at=None).exists()
    assert Change.objects.get(verb="supersede").after["superseded_by"] == UPSTREAM


def test_an_upstream_rule_that_is_off_leaves_the_shipped_one_in_force(db: None, tmp_path: Path) -> None:
    _load(tmp_path, _shipped(), PACK)
    _load(tmp_path, rule_text(rule_id=UPSTREAM, name="Upstream"), "upstream", enable=False)
    assert (_rule().superseded_by_id, stands_back(_rule()), _in_force()) == (UPSTREAM, False, {PERL})


def test_switching_the_upstream_rule_off_gives_the_shipped_one_back_with_a_look_back(both: Rule) -> None:
    upstream = Rule.objects.get(pk=UPSTREAM)
    services.disable(rule=upstream, actor=None, now=LATER)
    assert _in_force() == {PERL}
    assert Lookback.objects.filter(rule=both, done_at=None).count() == 1
    services.enable(rule=upstream, actor=None, now=LATER)
    assert _in_force() == {UPSTREAM}
    assert not Lookback.objects.filter(rule=both, done_at=None).exists()


def test_an_upstream_rule_set_aside_gives_the_shipped_one_back(both: Rule) -> None:
    quarantine.quarantine(rule_id=UPSTREAM, reason="broken", now=LATER)
    assert _in_force() == {PERL}
    quarantine.release(rule=Rule.objects.get(pk=UPSTREAM), actor=None, now=LATER)
    assert _in_force() == {UPSTREAM}


def test_a_shipped_rule_may_name_its_upstream_by_name(db: None, tmp_path: Path) -> None:
    _load(tmp_path, _shipped('upstream_rule_name = "Upstream"'), PACK)
    _load(tmp_path, rule_text(rule_id=UPSTREAM, name="Upstream"), "upstream")
    assert _in_force() == {UPSTREAM}


def test_it_does_not_matter_which_of_the_two_is_loaded_first(db: None, tmp_path: Path) -> None:
    _load(tmp_path, rule_text(rule_id=UPSTREAM, name="Upstream"), "upstream")
    _load(tmp_path, _shipped(), PACK)
    assert _in_force() == {UPSTREAM}


def test_an_update_of_the_shipped_file_that_names_no_upstream_any_more_frees_it(both: Rule, tmp_path: Path) -> None:
    _load(tmp_path, rule_text(), PACK)
    assert (_rule().superseded_by_id, _in_force()) == (None, {PERL, UPSTREAM})


def test_what_is_loaded_from_elsewhere_never_stands_back(db: None, tmp_path: Path) -> None:
    _load(tmp_path, _shipped(), "mine")
    _load(tmp_path, rule_text(rule_id=UPSTREAM, name="Upstream"), "upstream")
    assert _in_force() == {PERL, UPSTREAM}


def test_an_upstream_rule_that_cannot_be_loaded_gives_the_shipped_one_back_in_the_same_load(
    both: Rule, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = ruleset._read_revision

    def unreadable(revision: RuleRevision) -> object:
        if revision.rule_id == UPSTREAM:
            raise TreeUnusable("Its query can be read no longer.")
        return read(revision)

    monkeypatch.setattr(ruleset, "_read_revision", unreadable)
    ruleset.forget()
    assert _in_force() == {PERL}
    assert Rule.objects.get(pk=UPSTREAM).quarantine_reason == "Its query can be read no longer."
    assert Lookback.objects.filter(rule=both, done_at=None).count() == 1
    assert not stands_back(_rule())
    ruleset.forget()
    assert _in_force() == {PERL}
