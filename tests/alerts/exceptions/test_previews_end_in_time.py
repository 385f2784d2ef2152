"""A preview ends when its time is up, wherever it is then, and says what it did not look at; saving looks at all."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from alerts.errors import GuardRefused
from alerts.exceptions import GroupError, add, preview
from alerts.exceptions.groups import MOST_CONDITIONS, MOST_VALUES
from alerts.models import Alert, Reason, Status
from rules.models import ExceptionItem, Rule
from tests.alerts.world import NOW, event, load, other_team, raised

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(minutes=1)
EVERY = [{"field": "event.kind", "type": "exists", "operator": "included"}]
OF_ONE = [{"field": "host.name", "type": "match", "operator": "included", "value": "web-30"}]


@pytest.fixture
def rule(tmp_path, cast) -> Rule:
    return load(tmp_path, most=10_000)


@pytest.fixture
def alerts(rule) -> list[Alert]:
    """Sixty true positives, each on a host of its own, and ten alerts that are open."""
    found = raised([event(event__id=str(at), event__kind="event", host__name=f"web-{at}") for at in range(70)])
    Alert.objects.filter(pk__in=[one.pk for one in found[:60]]).update(
        status=Status.CLOSED, reason=Reason.TRUE_POSITIVE, closed_at=NOW, acknowledged_at=NOW
    )
    return list(Alert.objects.order_by("pk"))


def look(rule, alert, entries=EVERY, **given):
    return preview(rule=rule, entries=entries, team_ids=[alert.team_id], now=LATER, alert=alert, **given)


def test_true_positives_come_first_and_the_newest_fifty_are_named(rule, alerts):
    shown = look(rule, alerts[-1])
    assert (shown.total, shown.silenced, shown.by_verdict["true_positive"]) == (70, 70, 60)
    assert [one.id for one in shown.true_positives] == [one.pk for one in reversed(alerts[10:60])]
    assert (shown.beyond, shown.positives_beyond) == (0, 0)


def test_when_the_time_is_up_it_says_how_many_true_positives_and_others_it_left_out(rule, alerts):
    (theirs,) = raised([event(event__id="t", event__kind="event")], team=other_team(), now=LATER)
    Alert.objects.filter(pk=theirs.pk).update(status=Status.CLOSED, reason=Reason.TRUE_POSITIVE, closed_at=NOW)
    shown = look(rule, alerts[-1], seconds=0)
    assert (shown.total, shown.matches_source) == (2, True), "the alert at hand, and what was begun"
    assert shown.positives_beyond == 59 + 1, "and that of another team"
    assert shown.beyond == 68


def test_the_guard_looks_at_what_a_preview_had_no_time_for(rule, alerts, cast):
    assert look(rule, alerts[-1], OF_ONE, seconds=0).hides_true_positive is False
    with pytest.raises(GuardRefused) as refused:
        add(alert=alerts[-1], entries=OF_ONE, reason="x", actor=cast.ana, now=LATER, team_ids=[alerts[0].team_id])
    assert refused.value.alert_ids == (alerts[30].pk,)


def test_what_the_guard_finds_is_said_where_the_preview_did_not(rule, alerts, cast, client: Client, monkeypatch):
    monkeypatch.setattr("alerts.exceptions.SECONDS", 0)
    client.force_login(cast.rosa, backend="django.contrib.auth.backends.ModelBackend")
    asked = {"field": "host.name", "operator": "is", "value": "web-30", "case": "", "reason": "known", "expires": "90"}
    asked |= {"review": "", "scope": "rule"}
    answer = client.post(reverse("alerts:exception_add", args=[alerts[-1].pk]), asked)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "Would have hidden 1 true positive." in page
    assert "There was no time for 59 true positives, nor for what is older. Saving it looks at all." in page
    assert 'name="override"' in page
    client.post(reverse("alerts:exception_add", args=[alerts[-1].pk]), asked | {"override": "A drill."})
    assert ExceptionItem.objects.get().entries[0]["value"] == "web-30"


def test_too_many_values_or_conditions_together_are_refused_before_they_are_read(rule, alerts):
    half = [str(number) for number in range(MOST_VALUES // 2 + 1)]
    several = [{"field": "user.name", "type": "match_any", "operator": "included", "value": half}]
    with pytest.raises(GroupError, match="20,000 values together") as refused:
        look(rule, alerts[-1], several, more=[several])
    assert (refused.value.group, refused.value.index) == (1, 0)
    with pytest.raises(GroupError, match="500 conditions together"):
        look(rule, alerts[-1], EVERY, more=[EVERY * 50] * (MOST_CONDITIONS // 50))
