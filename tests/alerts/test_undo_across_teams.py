"""Taking back what was done to alerts of which some are with another team by now, or always were."""

from datetime import timedelta

import pytest

from accounts.models import Notice, Team
from accounts.roles import Role
from accounts.selectors import default_team
from alerts import exceptions
from alerts.errors import AlertNotFound, UndoNotWhole
from alerts.escalation import to_team
from alerts.models import Alert, Status
from alerts.triage import set_status
from alerts.undo import undo
from cases.closing import close, reopen
from cases.opening import open_case
from tests.alerts.world import NOW, event, load, other_team, raised

pytestmark = pytest.mark.django_db
SOON = NOW + timedelta(minutes=2)
CI = [{"field": "user.name", "type": "match", "operator": "included", "value": "svc-ci"}]


@pytest.fixture
def alerts(tmp_path, cast):
    load(tmp_path)
    return raised([event(), event()])


@pytest.fixture
def ours(cast):
    return [default_team().pk]


def by(person, team_ids, now=SOON):
    return {"actor": person, "now": now, "team_ids": team_ids}


def handed_over(alert, person, ours):
    """Opened again and handed to the other team, after something had closed it."""
    set_status(alert_ids=[alert.pk], status="open", **by(person, ours))
    return to_team(alert_ids=[alert.pk], team=other_team(), note="Yours.", **by(person, ours))


@pytest.mark.parametrize("how", ["undo", "take_back"])
def test_an_exception_is_taken_back_though_an_alert_it_closed_went_to_another_team(alerts, cast, ours, how):
    added = exceptions.add(
        alert=alerts[0], entries=CI, reason="known", close_matching="benign_positive", **by(cast.ana, ours, NOW)
    )
    handed_over(alerts[1], cast.ana, ours)
    if how == "undo":
        assert undo(group=added.group, **by(cast.ana, ours)).alerts == [alerts[0].pk]
    else:
        assert exceptions.take_back(item=added.item, **by(cast.ana, ours)).reopened == [alerts[0].pk]
    added.item.refresh_from_db()
    assert added.item.removed_at == SOON
    assert Alert.objects.get(pk=alerts[0].pk).status == Status.OPEN
    assert Alert.objects.get(pk=alerts[1].pk).team == other_team()


def test_the_closing_of_a_case_is_taken_back_though_one_of_its_alerts_went_to_another_team(alerts, cast, ours):
    ids = [alert.pk for alert in alerts]
    case = open_case(title="Perl", severity=2, team=default_team(), alert_ids=ids, **by(cast.ana, ours, NOW))
    close(case_id=case.pk, version=None, outcome="true_positive", **by(cast.ana, ours, NOW))
    handed_over(alerts[1], cast.ana, ours)
    assert reopen(case_id=case.pk, version=None, undo=True, **by(cast.ana, ours)).alerts == ids[:1]


class TestEscalationOfSeveralTeams:
    @pytest.fixture
    def third(self):
        return Team.objects.create(name="Third", slug="third")

    @pytest.fixture
    def moved(self, alerts, cast, ours, third):
        """One alert of ours and one of the other team, handed to a third at once by an administrator."""
        cast.mona.role = Role.ADMIN
        cast.mona.save(update_fields=["role"])
        (theirs,) = raised([event()], team=other_team())
        everywhere = [*ours, other_team().pk, third.pk]
        given = by(cast.mona, everywhere)
        return to_team(alert_ids=[alerts[0].pk, theirs.pk], team=third, note="Yours.", **given), everywhere

    def test_who_is_in_one_of_them_cannot_take_back_the_others_part(self, moved, cast, ours, third):
        outcome, _ = moved
        assert outcome.group is not None
        with pytest.raises(UndoNotWhole, match="1 alert of other teams"):
            undo(group=outcome.group, **by(cast.ana, ours))
        assert set(Alert.objects.filter(pk__in=outcome.changed).values_list("team_id", flat=True)) == {third.pk}

    def test_who_is_in_none_of_them_is_told_of_no_alert(self, moved, cast):
        with pytest.raises(AlertNotFound):
            undo(group=moved[0].group, **by(cast.ana, [Team.objects.create(name="Fourth", slug="fourth").pk]))

    def test_who_sees_them_all_takes_all_of_it_back(self, moved, cast, ours):
        outcome, everywhere = moved
        assert undo(group=outcome.group, **by(cast.mona, everywhere)).alerts == outcome.changed
        assert {alert.team_id for alert in Alert.objects.filter(pk__in=outcome.changed)} == {*ours, other_team().pk}


class TestNoticesOfAnEscalation:
    def test_undone_it_leaves_no_unread_notice_that_leads_nowhere(self, alerts, cast, ours):
        one = to_team(alert_ids=[alerts[0].pk], team=other_team(), note="Yours.", **by(cast.ana, ours))
        assert one.group is not None
        undo(group=one.group, **by(cast.ana, ours))
        both = to_team(alert_ids=[one.pk for one in alerts], team=other_team(), note="Yours.", **by(cast.ana, ours))
        assert Notice.objects.get(kind="escalated").text.startswith("Ana escalated 2 alerts")
        assert both.group is not None
        undo(group=both.group, **by(cast.ana, ours))
        assert not Notice.objects.filter(kind="escalated").exists()

    def test_what_was_read_stays_in_the_inbox(self, alerts, cast, ours):
        outcome = to_team(alert_ids=[alerts[0].pk], team=other_team(), note="Yours.", **by(cast.ana, ours))
        Notice.objects.update(read_at=SOON)
        assert outcome.group is not None
        undo(group=outcome.group, **by(cast.ana, ours))
        assert Notice.objects.get().user == cast.otto
