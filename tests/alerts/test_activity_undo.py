"""The activity offers to undo exactly what undo would do."""

from datetime import timedelta

import pytest

from accounts.selectors import default_team
from alerts import exceptions
from alerts.errors import AlertError
from alerts.models import Alert
from alerts.selectors.activity import activity_of
from alerts.triage import assign, set_status
from alerts.undo import undo
from cases.closing import close
from cases.opening import open_case
from tests.alerts.world import NOW, event, load, raised

pytestmark = pytest.mark.django_db
SOON = NOW + timedelta(minutes=2)
CI = [{"field": "user.name", "type": "match", "operator": "included", "value": "svc-ci"}]


@pytest.fixture
def alerts(tmp_path, cast):
    load(tmp_path)
    return raised([event(), event()])


def by(person, now=NOW):
    return {"actor": person, "now": now, "team_ids": [default_team().pk]}


def shown(alert, to, now=SOON):
    return activity_of(Alert.objects.get(pk=alert.pk), user=to, now=now)


def offered(alert, to):
    return [entry.verb for entry in shown(alert, to) if entry.undoable]


def test_the_closing_of_a_case_is_undone_with_the_case_and_says_so(alerts, cast):
    case = open_case(
        title="Perl", severity=2, team=default_team(), alert_ids=[alert.pk for alert in alerts], **by(cast.ana)
    )
    close(case_id=case.pk, version=None, outcome="true_positive", note="All gone.", **by(cast.ana))
    closing = shown(alerts[0], cast.ana)[0]
    assert (closing.verb, closing.undoable, closing.part_of) == ("closed", False, f"CASE-{case.pk}")
    with pytest.raises(AlertError):
        undo(group=closing.group, **by(cast.ana, SOON))


def test_only_what_was_done_last_is_offered(alerts, cast):
    set_status(alert_ids=[alerts[0].pk], status="acknowledged", **by(cast.ana))
    assert offered(alerts[0], cast.ana) == ["acknowledged"]
    assign(alert_ids=[alerts[0].pk], assignee=None, **by(cast.ana))
    last, first = shown(alerts[0], cast.ana)
    assert (last.undoable, first.undoable) == (True, False)
    with pytest.raises(AlertError):
        undo(group=first.group, **by(cast.ana, SOON))
    undo(group=last.group, **by(cast.ana, SOON))
    assert offered(alerts[0], cast.ana) == []


def test_an_exception_is_offered_until_it_is_gone_on_every_alert_that_it_closed(alerts, cast):
    added = exceptions.add(
        alert=alerts[0], entries=CI, reason="known", close_matching="benign_positive", **by(cast.ana)
    )
    set_status(alert_ids=[alerts[1].pk], status="open", **by(cast.ana))
    assert offered(alerts[0], cast.ana) == ["added an exception"]
    assert offered(alerts[1], cast.ana) == ["reopened", "closed"]
    exceptions.take_back(item=added.item, **by(cast.ana, SOON))
    assert offered(alerts[0], cast.ana) == []
    assert offered(alerts[1], cast.ana) == ["reopened"]


def test_it_costs_the_same_however_many_acts_there_were(alerts, cast, django_assert_max_num_queries):
    for status in ("acknowledged", "open") * 5:
        set_status(alert_ids=[alerts[0].pk], status=status, **by(cast.ana))
    alert = Alert.objects.get(pk=alerts[0].pk)
    with django_assert_max_num_queries(6):
        assert len(activity_of(alert, user=cast.ana, now=SOON)) == 10


def test_an_exception_and_what_it_closed_are_one_act_with_one_undo(alerts, cast):
    hosts = [{"field": "user.name", "type": "exists", "operator": "included"}]
    added = exceptions.add(
        alert=alerts[0], entries=hosts, reason="Known.", close_matching="benign_positive", **by(cast.rosa)
    )
    assert len(added.closed) == 2
    assert offered(alerts[0], cast.ana) == ["added an exception"]
    assert offered(alerts[1], cast.ana) == ["closed"]
    assert all(entry.with_exception for alert in alerts for entry in shown(alert, cast.ana) if entry.undoable)
