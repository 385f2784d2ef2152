"""A case begins from alerts or empty, and what is in it leaves the triage queue."""

import pytest

from accounts.errors import NotAllowed
from accounts.models import Change, Notice
from alerts.errors import AlertNotFound
from alerts.models import Alert
from cases.errors import AlertInCase, FieldRefused, TooManyAlerts
from cases.models import Case, CaseAlert
from cases.opening import open_case
from tests.cases_app.world import NOW, alerts, by, opened


def test_a_case_can_begin_empty_with_a_title_and_a_severity(people):
    case = opened(
        people, title="  A call from\nfinance ", severity=2, tags=["phish", "phish", " "], next_step="Call back"
    )
    assert (case.title, case.severity, case.status, case.version) == ("A call from finance", 2, "open", 1)
    assert (case.tags, case.next_step, case.opened_by, case.demo) == (["phish"], "Call back", people.ana, False)


def test_without_alerts_it_needs_a_title_and_a_severity(people):
    with pytest.raises(FieldRefused) as refused:
        opened(people, title=" ")
    assert refused.value.field == "title"
    with pytest.raises(FieldRefused) as refused:
        opened(people, severity=None)
    assert refused.value.field == "severity"


def test_from_alerts_it_is_named_after_the_first_and_as_severe_as_the_worst(people, rule):
    found = alerts(2)
    Alert.objects.filter(pk=found[0].pk).update(severity=4)
    case = opened(people, found[::-1])
    assert (case.title, case.severity) == ("Perl was started on web-1", 4)
    assert set(CaseAlert.objects.filter(case=case).values_list("alert_id", flat=True)) == {one.pk for one in found}


def test_its_open_alerts_are_acknowledged_and_get_its_owner_and_the_record_says_so(people, rule):
    first, second = alerts(2)
    Alert.objects.filter(pk=second.pk).update(assignee=people.mona, status="closed", reason="duplicate")
    case = opened(people, [first, second], owner=people.rosa)
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.status, first.assignee, first.acknowledged_at) == ("acknowledged", people.rosa, NOW)
    assert (second.status, second.assignee) == ("closed", people.mona)
    change = Change.objects.get(object_type="alert", object_id=str(first.pk))
    assert (change.verb, change.note) == ("acknowledged", f"for {case}")
    record = Change.objects.get(object_type="case")
    assert (record.verb, record.after["added"], record.group) == ("open", [first.pk, second.pk], change.group)


def test_the_owner_is_told_unless_it_is_oneself(people):
    case = opened(people, owner=people.rosa)
    opened(people, owner=people.ana)
    notice = Notice.objects.get()
    assert (notice.user, notice.kind, notice.path) == (people.rosa, "assigned", f"/cases/{case.pk}/")


def test_alerts_of_another_team_are_as_absent_as_what_never_was(people, rule):
    foreign = alerts(1, team=people.retail)
    with pytest.raises(AlertNotFound):
        opened(people, foreign)
    for number in (foreign[0].pk + 99, 0, -1, 2**70):
        with pytest.raises(AlertNotFound):
            _open(people, [number])
    assert not Case.objects.exists()


def _open(people, numbers):
    return open_case(team=people.core, alert_ids=numbers, title="x", severity=1, **by(people.ana))


def test_a_case_is_opened_for_ones_own_team_only(people):
    with pytest.raises(FieldRefused) as refused:
        opened(people, team=people.retail)
    assert refused.value.field == "team"


def test_an_alert_that_another_case_has_is_refused_and_that_case_is_named(people, rule):
    found = alerts(2)
    first = opened(people, found[:1])
    with pytest.raises(AlertInCase) as refused:
        opened(people, found)
    assert (refused.value.case_id, refused.value.alert_id) == (first.pk, found[0].pk)
    assert f"CASE-{first.pk}" in refused.value.message
    assert Case.objects.count() == 1


def test_who_only_views_opens_none(people):
    with pytest.raises(NotAllowed):
        opened(people, actor=people.vera)


def test_an_owner_has_to_be_somebody_who_can_work_on_it(people):
    for person in (people.vera, people.otto, "rosa"):
        with pytest.raises(FieldRefused) as refused:
            opened(people, owner=person)
        assert refused.value.field == "owner"
    assert opened(people, owner=people.adam).owner == people.adam


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"title": "x" * 201}, "title"),
        ({"severity": 5}, "severity"),
        ({"severity": "high"}, "severity"),
        ({"summary": "x" * 20_001}, "summary"),
        ({"next_step": "x" * 301}, "next_step"),
        ({"due_at": "tomorrow"}, "due_at"),
        ({"due_at": NOW.replace(tzinfo=None)}, "due_at"),
        ({"tags": [str(number) for number in range(21)]}, "tags"),
        ({"tags": "abc"}, "tags"),
        ({"tags": ["x" * 61]}, "tags"),
    ],
)
def test_values_that_do_not_fit_are_refused_with_their_field(people, given, field):
    with pytest.raises(FieldRefused) as refused:
        opened(people, **given)
    assert refused.value.field == field


def test_nul_characters_do_not_reach_the_database(people):
    assert opened(people, title="a\x00b", summary="c\x00").summary == "c"


def test_one_act_takes_a_thousand_alerts_at_most(people):
    with pytest.raises(TooManyAlerts):
        _open(people, range(1, 1_002))


def test_a_case_of_demo_alerts_only_is_a_demo_case(people, rule):
    found = alerts(2)
    Alert.objects.filter(pk=found[0].pk).update(demo=True)
    assert opened(people, found[:1]).demo
    assert not opened(people, found[1:]).demo
