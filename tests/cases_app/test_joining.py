"""Alerts come into a case and leave it; each is in one case at a time."""

import threading
from typing import Any

import pytest
from django.db import connection

from accounts.models import Change, Notice
from alerts.errors import AlertNotFound
from alerts.models import Alert
from cases import joining, opening
from cases.closing import close
from cases.errors import AlertInCase, AlertOnTheMove, CaseClosed, CaseNotFound
from cases.joining import add_alerts, lock_former_homes, remove_alert
from cases.models import Case, CaseAlert
from cases.selectors import alert_counts, alerts_in, case_of_alerts
from tests.cases_app.world import alerts, by, opened, verbs


def _add(case, found, person, **given):
    return add_alerts(case_id=case.pk, alert_ids=[alert.pk for alert in found], **by(person, **given))


def test_alerts_join_and_those_in_the_case_already_are_told_apart(people, rule):
    first, second, third = alerts(3)
    case = opened(people, [first])
    joined = _add(case, [third, first, second], people.rosa)
    assert (joined.added, joined.already) == ([second.pk, third.pk], [first.pk])
    case.refresh_from_db()
    assert (case.version, verbs(case)) == (2, ["open", "join"])
    assert Change.objects.get(verb="join").after["added"] == [second.pk, third.pk]


def test_adding_what_is_there_already_records_nothing(people, rule):
    found = alerts(1)
    case = opened(people, found)
    assert _add(case, found, people.rosa).added == []
    assert verbs(case) == ["open"]


def test_an_alert_of_another_case_is_refused_whole(people, rule):
    found = alerts(2)
    other = opened(people, found[:1])
    case = opened(people)
    with pytest.raises(AlertInCase) as refused:
        _add(case, found, people.ana)
    assert refused.value.case_id == other.pk
    assert CaseAlert.objects.count() == 1


def test_alerts_and_cases_of_other_teams_are_not_found(people, rule):
    case = opened(people)
    with pytest.raises(AlertNotFound):
        _add(case, alerts(1, team=people.retail), people.adam, team_ids=[people.core.pk, people.retail.pk])
    with pytest.raises(CaseNotFound):
        _add(case, [], people.otto)


def test_an_alert_that_leaves_stays_as_it_is_and_can_join_another(people, rule):
    found = alerts(1)
    case = opened(people, found)
    remove_alert(case_id=case.pk, alert_id=found[0].pk, note="another story", **by(people.rosa))
    left = Change.objects.get(verb="leave")
    assert (left.after["removed"], left.note, left.after["version"]) == ([found[0].pk], "another story", 2)
    assert Alert.objects.get().status == "acknowledged"
    other = opened(people, found)
    assert case_of_alerts([found[0].pk])[found[0].pk] == other
    with pytest.raises(AlertNotFound):
        remove_alert(case_id=case.pk, alert_id=found[0].pk, **by(people.rosa))


def test_a_closed_case_takes_no_alerts_and_lets_none_go(people, rule):
    found = alerts(2)
    case = opened(people, found[:1])
    close(case_id=case.pk, version=1, outcome="duplicate", **by(people.ana))
    with pytest.raises(CaseClosed):
        _add(case, found[1:], people.ana)
    with pytest.raises(CaseClosed):
        remove_alert(case_id=case.pk, alert_id=found[0].pk, **by(people.ana))


def test_an_alert_that_moved_to_another_team_is_told_without_details(people, rule):
    found = alerts(2)
    case = opened(people, found)
    Alert.objects.filter(pk=found[0].pk).update(team=people.retail)
    moved, stayed = sorted(alerts_in(case), key=lambda row: row.alert_id)
    assert (moved.brief, moved.moved_to) == (None, "Retail")
    assert stayed.brief is not None
    assert stayed.brief.name == "Perl was started"
    assert alert_counts(case) == {"open": 0, "acknowledged": 1, "closed": 0, "moved": 1}
    assert case_of_alerts([alert.pk for alert in found]) == {found[1].pk: case}


def test_the_other_team_can_take_it_into_a_case_of_its_own_and_the_first_case_says_so(people, rule):
    found = alerts(2)
    case = opened(people, found)
    Alert.objects.filter(pk=found[0].pk).update(team=people.retail)
    theirs = opened(people, found[:1], team=people.retail, actor=people.otto, team_ids=[people.retail.pk])
    assert case_of_alerts([found[0].pk]) == {found[0].pk: theirs}
    left = Change.objects.get(verb="leave")
    assert (left.object_id, left.note, left.after["removed"]) == (str(case.pk), "now with team Retail", [found[0].pk])
    case.refresh_from_db()
    assert case.version == 2
    Alert.objects.filter(pk=found[1].pk).update(team=people.retail)
    assert _add(theirs, found[1:], people.otto).added == [found[1].pk]
    assert alerts_in(case) == []


@pytest.mark.parametrize("act", ["add", "open"])
def test_an_alert_that_comes_from_another_case_at_that_very_moment_is_refused_once(people, rule, monkeypatch, act):
    found = alerts(2)
    home, theirs = opened(people), opened(people, team=people.retail, actor=people.otto, team_ids=[people.retail.pk])
    Alert.objects.filter(pk=found[1].pk).update(team=people.retail)

    came: list[int] = []

    def meanwhile(*given, **more):
        """Between the look at the homes and the locks, the alert joins a case and is given to the other team."""
        locked = lock_former_homes(*given, **more)
        if not came:
            came.append(found[0].pk)
            _add(home, found[:1], people.ana)
            Alert.objects.filter(pk=found[0].pk).update(team=people.retail)
        return locked

    def take():
        if act == "add":
            return _add(theirs, found, people.otto).added
        opened(people, found, team=people.retail, actor=people.otto, team_ids=[people.retail.pk])
        return [alert.pk for alert in found]

    monkeypatch.setattr(joining if act == "add" else opening, "lock_former_homes", meanwhile)
    with pytest.raises(AlertOnTheMove, match="Try again"):
        take()
    assert not CaseAlert.objects.exists()  # what came meanwhile stood in the same transaction here
    came.clear()
    meanwhile([])  # the same once more, and now it is seen
    assert take() == [alert.pk for alert in found]
    assert verbs(home) == ["open", "join", "leave"]


def test_a_demo_case_that_gets_a_real_alert_is_one_no_more(people, rule):
    found = alerts(2)
    Alert.objects.filter(pk=found[0].pk).update(demo=True)
    case = opened(people, found[:1])
    _add(case, found[1:], people.ana)
    case.refresh_from_db()
    assert not case.demo


def _in_threads(*acts):
    """Run the acts at the same time, each on a connection of its own; gives what each raised or returned."""
    results: list[Any] = [None] * len(acts)
    barrier = threading.Barrier(len(acts))

    def run(place, act):
        try:
            barrier.wait(5)
            results[place] = act()
        except Exception as error:
            results[place] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=one) for one in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return results


@pytest.mark.django_db(transaction=True)
def test_of_two_people_who_take_the_same_alerts_into_two_cases_one_is_told_the_others(people, rule):
    found = alerts(6)
    first, second = opened(people), opened(people)
    for _ in range(3):
        results = _in_threads(lambda: _add(first, found, people.ana), lambda: _add(second, found[::-1], people.rosa))
        refused = [one for one in results if isinstance(one, AlertInCase)]
        assert len(refused) == 1, results
        assert refused[0].case_id in (first.pk, second.pk)
        assert CaseAlert.objects.values("case").distinct().count() == 1
        CaseAlert.objects.all().delete()
        Alert.objects.update(status="open", assignee=None)


@pytest.mark.django_db(transaction=True)
def test_two_people_who_add_the_same_alerts_to_one_case_add_them_once(people, rule):
    found = alerts(4)
    case = opened(people)
    results = _in_threads(lambda: _add(case, found, people.ana), lambda: _add(case, found[::-1], people.rosa))
    assert sorted(len(one.added) for one in results) == [0, 4]
    assert Case.objects.get().version == 2


def _told(person):
    return list(Notice.objects.filter(user=person, kind="escalated").order_by("pk").values_list("text", flat=True))


def test_the_owner_is_told_once_an_act_what_others_put_into_his_case(people, rule):
    found = alerts(4)
    case = opened(people, found[:1], owner=people.ana)
    _add(case, found[1:3], people.rosa)
    assert _told(people.ana) == [f"2 alerts were added to {case} by {people.rosa}: {case.title}"]
    _add(case, found[1:3], people.rosa)
    assert len(_told(people.ana)) == 1
    _add(case, found[3:], people.rosa)
    assert _told(people.ana)[1] == f"{found[3]}, {found[3].name}, was added to {case} by {people.rosa}: {case.title}"


def test_nobody_is_told_of_what_he_added_himself_or_of_a_case_without_owner(people, rule):
    first, second = alerts(2)
    _add(opened(people, owner=people.ana), [first], people.ana)
    _add(opened(people), [second], people.rosa)
    assert not Notice.objects.filter(kind="escalated").exists()
