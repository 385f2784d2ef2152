"""What no rule needs any more goes; what one still needs stays."""

from datetime import timedelta

from rules import marks, retention, seen
from rules.marks import Mark, Span
from rules.models import GroupMark, Lookback, Rule, RuleRun, SeenTerm
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


def test_what_groups_counted_goes_with_the_events_whether_the_rule_is_on_or_not(load: Load) -> None:
    load(rule_text())
    Rule.objects.update(enabled=False)
    times = [NOW - timedelta(days=days) for days in (1, 29, 33)]
    moved = [Mark(LOGIC, 1, b"group", Span(at, at, at)) for at in times]
    marks.move(rule_id=Rule.objects.get().pk, marks=moved)
    assert retention.forget_old(NOW).marks == 1
    assert list(GroupMark.objects.order_by("-last_at").values_list("last_at", flat=True)) == times[:2]


def test_of_look_backs_done_long_ago_only_each_rules_newest_stays(load: Load) -> None:
    load(rule_text())
    Lookback.objects.all().delete()
    rule = Rule.objects.select_related("revision").get()
    for days in (200, 100, 95):
        at = NOW - timedelta(days=days)
        Lookback.objects.create(
            rule=rule, revision=rule.revision, start=at, end=at, after_epoch=0, created_at=at, done_at=at
        )  # type: ignore[misc]
    assert retention.forget_old(NOW).lookbacks == 2
    assert Lookback.objects.get().done_at == NOW - timedelta(days=95)
