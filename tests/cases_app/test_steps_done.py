"""What was ticked on an alert goes with it into its case."""

from accounts.models import User
from alerts.guides import guide_of, tick
from alerts.models import Alert
from cases.joining import add_alerts
from cases.models import Entry
from tests.cases_app.world import NOW, alerts, by, opened


def ticked(alert: Alert, number: int, person: User) -> None:
    _, guide = guide_of(Alert.objects.select_related("revision").get(pk=alert.pk))
    key = guide.response_steps[number].key
    tick(
        alert_id=alert.pk, kind="response", key=key, done=True, actor=person, now=NOW, team_ids=[alert.team_id]
    )  # fmt: skip


def test_a_case_that_begins_with_alerts_says_which_steps_were_done_by_whom_and_when(people, rule):
    first, second = alerts(2)
    ticked(first, 0, people.ana)
    ticked(first, 1, people.rosa)
    case = opened(people, [first, second])
    note = Entry.objects.get(case=case)
    assert (note.kind, note.author) == ("note", people.ana)
    assert f"{first}, Perl was started" in note.text
    assert f"- Isolate the involved host from the network. (Ana, {NOW:%-d %b %Y %H:%M} UTC)" in note.text
    assert "process can read. (Rosa, " in note.text
    assert str(second) not in note.text


def test_without_ticks_nothing_is_written(people, rule):
    assert not Entry.objects.filter(case=opened(people, alerts(1))).exists()


def test_an_alert_that_joins_later_brings_its_ticks(people, rule):
    first, second = alerts(2)
    case = opened(people, [first])
    ticked(second, 0, people.ana)
    add_alerts(case_id=case.pk, alert_ids=[second.pk], **by(people.ana))
    assert str(second) in Entry.objects.get(case=case).text


def test_a_rules_words_are_no_markup_in_the_note(people, rule):
    found = alerts(1)
    ticked(found[0], 0, people.ana)
    Alert.objects.filter(pk=found[0].pk).update(name="[x](http://a) @rosa **b**\n# c")
    case = opened(people, found)
    assert r"\[x\]\(http://a\) \@rosa \*\*b\*\* \# c" in Entry.objects.get(case=case).text
