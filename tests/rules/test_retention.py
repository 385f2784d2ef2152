"""What no rule needs any more goes; what one still needs stays."""

from datetime import timedelta

from rules import retention, seen
from rules.models import Rule, RuleRun, SeenTerm
from tests.rules.conftest import NOW, Load, rule_text

LOGIC, TERMS = b"l" * 16, b"t" * 16


def remember(days_ago: int) -> None:
    at = NOW - timedelta(days=days_ago)
    known = seen.history(logic_hash=LOGIC, team_id=1, terms_hashes=[TERMS], start=at, end=at)
    known.note(TERMS, at)
    seen.note([known])


def test_sightings_stay_as_long_as_the_longest_history_reaches_and_runs_for_ninety_days(load: Load) -> None:
    history = '[[rule.new_terms.history_window_start]]\nfield = "history_window_start"\nvalue = "now-20d"'
    fields = '[rule.new_terms]\nfield = "new_terms_fields"\nvalue = ["host.id"]'
    load(rule_text(type="new_terms", tail=f"{fields}\n{history}"))
    rule = Rule.objects.select_related("revision").get()
    for days in (0, 50, 52):
        remember(days)
    for days in (1, 89, 91):
        at = NOW - timedelta(days=days)
        RuleRun.objects.create(
            rule=rule, revision=rule.revision, kind="batch", at=at, start=at, end=at, events=1, hits=1, alerts=1
        )  # type: ignore[misc]
    forgotten = retention.forget_old(NOW)
    assert (forgotten.sightings, forgotten.runs) == (1, 1)
    assert (SeenTerm.objects.count(), RuleRun.objects.count()) == (2, 2)
