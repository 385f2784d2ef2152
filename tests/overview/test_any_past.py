"""Whatever people do, every figure of every past instant is what a plain replay of the record says.

Hypothesis makes up weeks of work: acts of all kinds through the real services, at given times, on alerts that were
raised from real events. Then the figures of several instants, teams and ranges are taken both ways.
"""

import os
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import Phase as Step
from hypothesis import strategies as st

from alerts import escalation, targets, triage, undo
from alerts.errors import AlertError
from alerts.exceptions import saving
from alerts.models import Alert, Fault, Reason, Severity
from cases import changing, closing, joining, opening
from cases.errors import CaseError, CaseNotFound
from cases.models import Case, Outcome, Phase
from cases.overview.figures import figures
from cases.overview.period import period_of
from rules import quarantine
from rules.errors import RulesError
from rules.models import Rule
from tests.alerts.world import event, raised
from tests.overview.compare import differences
from tests.overview.world import NOW, Soc

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
BEGIN = NOW - 20 * DAY
WEEKS = int(os.environ.get("WEEKS", "15"))  # each is half a second of work; WEEKS=200 now and then
KINDS = (
    "assign", "unassign", "acknowledge", "close", "close", "close_false", "reopen", "undo", "undo",
    "escalate", "except", "target", "open_case", "join", "leave", "change_case", "close_case", "reopen_case",
    "quarantine", "release",
)  # fmt: skip


@dataclass
class Shift:
    """What is done, one act after the other; what the services refuse is simply not done."""

    soc: Soc
    alerts: list[Alert]
    now: datetime = BEGIN
    moments: list[datetime] = field(default_factory=lambda: [BEGIN])
    groups: list[UUID] = field(default_factory=list)
    done: list[str] = field(default_factory=list)

    def act(self, kind: str, which: int, choice: int, wait: timedelta) -> None:
        self.now = min(self.now + wait, NOW - MINUTE)
        there = [alert for alert in self.alerts if alert.created_at <= self.now]
        with suppress(AlertError, CaseError, RulesError), transaction.atomic():
            group = getattr(self, f"_{kind}")(there[which % len(there)], choice)
            self.groups += [group] if isinstance(group, UUID) else []
            self.done.append(kind)
            self.moments.append(self.now)

    def _given(self) -> dict[str, Any]:
        return {"actor": self.soc.adam, "now": self.now, "team_ids": self.soc.teams}

    def _status(self, alert: Alert, status: str, reason: str = "", fault: str = "") -> UUID | None:
        done = triage.set_status(
            alert_ids=[alert.pk], status=status, reason=reason, fault=fault, note="so", **self._given()
        )
        return done.group

    def _assign(self, alert: Alert, choice: int) -> UUID | None:
        owner = (self.soc.people.ana, self.soc.people.otto)[choice % 2]
        return triage.assign(alert_ids=[alert.pk], assignee=owner, **self._given()).group

    def _unassign(self, alert: Alert, choice: int) -> UUID | None:
        return triage.assign(alert_ids=[alert.pk], assignee=None, **self._given()).group

    def _acknowledge(self, alert: Alert, choice: int) -> UUID | None:
        return self._status(alert, "acknowledged")

    def _close(self, alert: Alert, choice: int) -> UUID | None:
        return self._status(alert, "closed", Reason.values[choice % 5])

    def _close_false(self, alert: Alert, choice: int) -> UUID | None:
        return self._status(alert, "closed", Reason.FALSE_POSITIVE, ("", *Fault.values)[choice % 3])

    def _reopen(self, alert: Alert, choice: int) -> UUID | None:
        return self._status(alert, "open")

    def _undo(self, alert: Alert, choice: int) -> None:
        if self.groups:
            undo.undo(group=self.groups[-1 - choice % min(len(self.groups), 3)], **self._given())

    def _escalate(self, alert: Alert, choice: int) -> UUID | None:
        there = Alert.objects.get(pk=alert.pk).team_id
        team = self.soc.other if there == self.soc.core.pk else self.soc.core
        return escalation.to_team(alert_ids=[alert.pk], team=team, note="yours", **self._given()).group

    def _except(self, alert: Alert, choice: int) -> UUID:
        entry = {"field": "host.name", "type": "match", "operator": "included", "value": alert.host_name}
        return saving.add(
            alert=Alert.objects.select_related("rule", "team").get(pk=alert.pk),
            entries=[entry],
            reason="known good",
            close_matching=Reason.values[choice % 4],
            override_guard_reason="looked at it",
            **self._given(),
        ).group

    def _target(self, alert: Alert, choice: int) -> None:
        level = Severity.values[choice % 4]
        within = timedelta(minutes=(7, 60, 1_500, 9_000)[choice % 4])
        targets.set_targets(values={level: within}, versions={}, actor=self.soc.adam, now=self.now)

    def _open_case(self, alert: Alert, choice: int) -> None:
        team = Alert.objects.get(pk=alert.pk).team
        due = self.now + (choice - 2) * HOUR
        opening.open_case(
            team=team, alert_ids=[alert.pk] if choice % 3 else (), title=f"Case {choice}", severity=choice % 4 + 1,
            due_at=due if choice % 2 else None, next_step="look", **self._given(),
        )  # fmt: skip

    def _case(self, choice: int) -> Case:
        cases = list(Case.objects.order_by("pk"))
        if not cases:
            raise CaseNotFound(choice)
        return cases[choice % len(cases)]

    def _join(self, alert: Alert, choice: int) -> None:
        joining.add_alerts(case_id=self._case(choice).pk, alert_ids=[alert.pk], **self._given())

    def _leave(self, alert: Alert, choice: int) -> None:
        joining.remove_alert(case_id=self._case(choice).pk, alert_id=alert.pk, **self._given())

    def _change_case(self, alert: Alert, choice: int) -> None:
        changes = {"phase": Phase.values[choice % 4], "next_step": f"step {choice}", "severity": choice % 4 + 1}
        if choice % 5 == 0:
            changes |= {"status": "on_hold", "hold_reason": "waits for others"}
        changing.change(case_id=self._case(choice).pk, version=None, changes=changes, **self._given())

    def _close_case(self, alert: Alert, choice: int) -> None:
        closing.close(
            case_id=self._case(choice).pk, version=None, outcome=Outcome.values[choice % 5], note="done",
            close_alerts=bool(choice % 2), drop_tasks=True, **self._given(),
        )  # fmt: skip

    def _reopen_case(self, alert: Alert, choice: int) -> None:
        closing.reopen(case_id=self._case(choice).pk, version=None, **self._given())

    def _quarantine(self, alert: Alert, choice: int) -> None:
        quarantine.quarantine(rule_id=alert.rule_id, reason="broken", now=self.now)

    def _release(self, alert: Alert, choice: int) -> None:
        quarantine.release(rule=Rule.objects.get(pk=alert.rule_id), actor=None, now=self.now)


@pytest.fixture
def working(soc: Soc) -> Shift:
    """Alerts raised over three weeks from events on a few hosts, for both teams."""
    alerts = []
    for number in range(9):
        when = BEGIN + number * 2 * DAY + number * HOUR
        team = soc.other if number % 3 == 2 else soc.core
        sent = event(when - number * MINUTE, host__name=f"web-{number % 3}", process__pid=number)
        alerts += raised([sent], now=when, team=team)
    assert len(alerts) >= 9
    return Shift(soc, alerts)


acts = st.lists(
    st.tuples(
        st.sampled_from(KINDS),
        st.integers(0, 4),
        st.integers(0, 9),
        st.sampled_from([timedelta(seconds=1), 2 * MINUTE, 5 * MINUTE, HOUR, 9 * HOUR, DAY, 3 * DAY]),
    ),
    min_size=4,
    max_size=25,
)


@settings(
    max_examples=WEEKS,
    deadline=None,
    derandomize=True,
    phases=[Step.explicit, Step.generate],  # the list of acts says enough; shrinking it takes minutes
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(week=acts, picks=st.lists(st.integers(0, 999), min_size=2, max_size=2))
def test_every_figure_of_every_past_instant_is_what_the_record_says(working, week, picks):
    """Instants: between two acts, exactly at an act, and now."""
    soc = working.soc
    with transaction.atomic():
        shift = Shift(soc, working.alerts)
        for act in week:
            shift.act(*act)
        moments = shift.moments
        chosen = [moments[pick % len(moments)] for pick in picks]
        instants = [NOW, chosen[0], chosen[1] + timedelta(milliseconds=500)]
        for number, at in enumerate(instants):
            name = ("7d", "30d", "today", "quarter")[(number + picks[0]) % 4]
            period = period_of(name, now=NOW, zone=UTC, at=at)
            for teams in ([soc.core.pk], [soc.other.pk], soc.teams):
                found = figures(team_ids=teams, period=period)
                assert differences(found, teams) == [], (at, name, teams, shift.done)
        transaction.set_rollback(True)
    _forget()


def _forget() -> None:
    """What the process remembers of what was rolled back."""
    from rules.ruleset import forget

    forget()
