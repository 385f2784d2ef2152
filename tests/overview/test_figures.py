"""What counts, case by case; and that the past is what it was."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from alerts import triage
from alerts.models import Alert
from alerts.selectors import Faults
from alerts.undo import undo
from cases.overview.figures import Figures, figures
from cases.overview.period import period_of
from tests.overview.compare import differences
from tests.overview.world import NOW, Soc

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def at(soc: Soc, moment: datetime = NOW, name: str = "7d", teams: list[int] | None = None) -> Figures:
    """The figures of an instant, after checking them against the replay."""
    teams = soc.teams if teams is None else teams
    period = period_of(name, now=NOW, zone=UTC, at=moment)
    found = figures(team_ids=teams, period=period)
    assert differences(found, teams) == []
    return found


def close(soc: Soc, alert: Alert, when: datetime, reason: str = "benign_positive", fault: str = "") -> triage.Outcome:
    return triage.set_status(
        alert_ids=[alert.pk], status="closed", reason=reason, fault=fault, note="why", actor=soc.people.ana, now=when,
        team_ids=soc.teams,
    )  # fmt: skip


def reopen(soc: Soc, alert: Alert, when: datetime) -> triage.Outcome:
    return triage.set_status(
        alert_ids=[alert.pk], status="open", actor=soc.people.ana, now=when, team_ids=soc.teams
    )  # fmt: skip


def test_nothing_at_all_is_a_figure_too(soc):
    found = at(soc)
    assert (found.waiting.open, found.opened, found.resolve.n, found.cases.open) == (0, 0, 0, 0)


def test_an_alert_is_open_until_it_is_closed_and_the_past_says_so(soc):
    alert = soc.alert(NOW - 2 * DAY)
    close(soc, alert, NOW - DAY)
    assert at(soc).waiting.open == 0
    assert at(soc, NOW - DAY - MINUTE).waiting.open == 1
    assert at(soc, NOW - 3 * DAY).waiting.open == 0


def test_an_alert_closed_again_was_open_between(soc):
    alert = soc.alert(NOW - 5 * DAY)
    close(soc, alert, NOW - 4 * DAY)
    reopen(soc, alert, NOW - 3 * DAY)
    close(soc, alert, NOW - DAY, "true_positive")
    assert [at(soc, NOW - days * DAY).waiting.open for days in (4, 3, 2, 1, 0)] == [0, 1, 1, 0, 0]
    assert at(soc, NOW - 4 * DAY).closings.benign == 1
    assert at(soc).closings.benign == 0


def test_an_undone_reopening_leaves_the_alert_open_for_as_long_as_it_lasted(soc):
    alert = soc.alert(NOW - 2 * DAY)
    close(soc, alert, NOW - DAY)
    opened = reopen(soc, alert, NOW - DAY + HOUR)
    assert opened.group
    undo(group=opened.group, actor=soc.people.ana, now=NOW - DAY + HOUR + 5 * MINUTE, team_ids=soc.teams)
    assert at(soc, NOW - DAY + HOUR + MINUTE).waiting.open == 1
    assert at(soc).waiting.open == 0


def test_an_undone_acknowledgement_never_counts_later_but_did_then(soc):
    alert = soc.alert(NOW - 2 * HOUR)
    done = triage.set_status(
        alert_ids=[alert.pk], status="acknowledged", actor=soc.people.ana, now=NOW - HOUR, team_ids=soc.teams
    )
    assert done.group
    undo(group=done.group, actor=soc.people.ana, now=NOW - 55 * MINUTE, team_ids=soc.teams)
    assert at(soc, NOW - 58 * MINUTE).acknowledge.n == 1
    assert at(soc).acknowledge.n == 0


def test_duplicates_have_no_time_to_resolve_and_are_no_verdict(soc):
    close(soc, soc.alert(NOW - 2 * HOUR), NOW - HOUR, "duplicate")
    found = at(soc)
    assert (found.resolve.n, found.acknowledge.n) == (0, 1)
    assert (found.closings.total, found.closings.verdicts) == (1, 0)


def judge(soc: Soc, rule: int, verdicts: dict[str, int], when: datetime = NOW - DAY) -> None:
    """So many alerts of a rule with each verdict: a reason, and after a colon the fault."""
    for verdict, number in verdicts.items():
        reason, _, fault = verdict.partition(":")
        for _one in range(number):
            close(soc, soc.alert(when - HOUR, rule=soc.rules[rule]), when, reason, fault)


def test_the_faults_of_false_positives_are_all_of_them(soc):
    judge(soc, 0, {"false_positive:rule_logic": 2, "false_positive:data_wrong": 3, "false_positive": 4})
    judge(soc, 1, {"true_positive": 1})
    found = at(soc)
    assert found.faults_by_rule == {"perl": Faults(2, 3, 4), "shell": Faults()}
    assert found.judged_by_rule["perl"].false_positive == 9


def test_a_false_positive_that_is_closed_between_the_two_counts_leaves_none_less_than_nothing_unsaid():
    assert Faults.of({"rule_logic": 2}, 1) == Faults(rule_logic=2)


def test_a_rule_whose_data_were_wrong_is_not_worth_tuning(soc):
    judge(soc, 0, {"false_positive:data_wrong": 12})
    judge(soc, 1, {"false_positive:rule_logic": 3, "true_positive": 9})
    judge(soc, 2, {"false_positive:data_wrong": 8, "false_positive": 4})
    found = at(soc)
    assert [(one.rule_id, one.worth) for one in found.tuning] == [("keys", 4.0), ("shell", 3.0)]
    assert found.judged_by_rule["perl"].in_vain == 1.0


def test_a_fault_counts_from_when_it_was_said_until_it_was_taken_back(soc):
    alert = soc.alert(NOW - 5 * DAY, rule=soc.rules[0])
    close(soc, alert, NOW - 4 * DAY, "false_positive")
    close(soc, alert, NOW - 3 * DAY, "false_positive", "data_wrong")
    reopen(soc, alert, NOW - 2 * DAY)
    close(soc, alert, NOW - DAY, "false_positive", "rule_logic")
    told = [at(soc, NOW - days * DAY + HOUR).faults_by_rule.get("perl") for days in (4, 3, 2, 1)]
    assert told == [Faults(unsaid=1), Faults(data_wrong=1), None, Faults(rule_logic=1)]


def test_what_an_exception_closed_stands_apart(soc):
    alert = soc.alert(NOW - 2 * HOUR)
    close_by_exception(soc, alert, NOW - HOUR)
    found = at(soc)
    assert (found.closings.by_exception, found.closings.verdicts) == (1, 0)
    assert (found.resolve.n, found.acknowledge.n) == (0, 0)


def test_an_act_before_the_exception_keeps_its_time(soc):
    alert = soc.alert(NOW - 2 * HOUR)
    triage.assign(
        alert_ids=[alert.pk], assignee=soc.people.ana, actor=soc.people.ana, now=NOW - 90 * MINUTE, team_ids=soc.teams
    )
    close_by_exception(soc, alert, NOW - HOUR)
    assert at(soc).acknowledge.median == 1_800


def close_by_exception(soc: Soc, alert: Alert, when: datetime) -> None:
    """What alerts.exceptions.saving does to an alert that the new exception covers."""
    from uuid import uuid4

    from accounts.models import Change
    from alerts.workflow import Workflow, write
    from rules.exceptions import create_item

    entries = [{"field": "host.name", "type": "match", "operator": "included", "value": f"{alert.host_name}-{when}"}]
    item = create_item(
        rule=alert.rule, entries=entries, reason="known", name="known", expires_at=None, review_at=None,
        owner=soc.people.rosa, from_alert=alert.pk, actor=soc.people.rosa, now=when,
    )  # fmt: skip
    fresh = Alert.objects.get(pk=alert.pk)
    new = Workflow.of(fresh).with_status("closed", reason="benign_positive", now=when, exception_id=item.pk)
    write(fresh, new, verb="closed", actor=soc.people.rosa, now=when, door=Change.Door.PAGE, group=uuid4())


def test_a_time_is_counted_on_the_day_of_the_act(soc):
    alert = soc.alert(NOW - 20 * DAY)
    close(soc, alert, NOW - DAY)
    found = at(soc)
    assert found.resolve.median == (19 * DAY).total_seconds()
    assert at(soc, NOW - 2 * DAY).resolve.n == 0


def test_an_agents_clock_that_runs_ahead_makes_no_negative_time(soc):
    soc.alert(NOW - HOUR, late=-MINUTE)
    assert at(soc).detect.median == 0


def test_building_blocks_are_no_alerts_to_work_on(soc):
    soc.alert(NOW - HOUR, building_block=True)
    assert at(soc).waiting.open == 0


def test_a_team_sees_its_own_figures(soc):
    soc.alert(NOW - HOUR)
    soc.alert(NOW - HOUR, team=soc.other)
    soc.alert(NOW - HOUR, team=soc.other)
    assert at(soc, teams=[soc.core.pk]).waiting.open == 1
    assert at(soc, teams=[soc.other.pk]).waiting.open == 2
    assert at(soc).waiting.open == 3


@pytest.mark.parametrize(("age", "late"), [(4 * HOUR, 0), (4 * HOUR + timedelta(microseconds=1), 1)])
def test_an_alert_is_past_its_target_once_it_is_older(soc, age, late):
    soc.alert(NOW - age, severity=3)
    assert at(soc).waiting.past_target == late


def test_days_are_those_of_the_persons_zone(soc):
    zone = ZoneInfo("Pacific/Auckland")
    period = period_of("today", now=NOW, zone=zone)
    assert period.start == datetime(2026, 11, 20, 11, 0, tzinfo=UTC)
    soc.alert(datetime(2026, 11, 20, 10, 59, tzinfo=UTC))
    soc.alert(datetime(2026, 11, 20, 11, 1, tzinfo=UTC))
    found = figures(team_ids=soc.teams, period=period)
    assert found.opened == 1
    assert [column.opened for column in found.columns][-2:] == [1, 1]


def test_a_day_of_25_hours_is_one_column(soc):
    zone = ZoneInfo("Europe/Berlin")
    period = period_of("7d", now=datetime(2026, 10, 28, 12, tzinfo=UTC), zone=zone)
    lengths = {end - start for start, end in zip(period.column_edges, period.column_edges[1:], strict=False)}
    assert timedelta(hours=25) not in lengths  # local midnights; the instants differ by it:
    hours = {
        (end.astimezone(UTC) - start.astimezone(UTC)) for start, end in zip(
            period.column_edges, period.column_edges[1:], strict=False)
    }  # fmt: skip
    assert timedelta(hours=25) in hours


def test_a_quarter_is_drawn_in_weeks(soc):
    period = period_of("quarter", now=NOW, zone=UTC)
    assert (len(period.column_edges), period.columns_are_weeks) == (14, True)


def test_a_range_never_ends_in_the_future():
    period = period_of("7d", now=NOW, zone=UTC, at=NOW + DAY)
    assert (period.at, period.is_past) == (NOW, False)
    custom = period_of("custom", now=NOW, zone=UTC, first=(NOW - DAY).date(), last=(NOW + DAY).date())
    assert (custom.at, custom.start) == (NOW, datetime(2026, 11, 19, tzinfo=UTC))


def test_growth_for_three_days_is_told_from_the_record(soc):
    for days in (3, 2, 1, 0):
        soc.alert(NOW - days * DAY - HOUR)
    assert at(soc).growing
    close(soc, soc.alert(NOW - 10 * DAY), NOW - HOUR)
    close(soc, soc.alert(NOW - 10 * DAY), NOW - HOUR)
    assert not at(soc).growing
