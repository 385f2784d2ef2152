"""The alert page: sentence, why it fired, what was new, fields, activity, related alerts."""

from datetime import timedelta

import pytest

from alerts.errors import AlertNotFound
from alerts.models import AlertEvent
from alerts.notes import comment
from alerts.selectors import QueueFilters, alert_for, alert_page, summary_sentence
from alerts.triage import set_status
from tests.alerts.world import NOW, event, load, raised

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


@pytest.fixture
def alert(tmp_path, cast):
    load(tmp_path)
    (alert,) = raised([event(process__entity_id="e1")])
    return alert


def page_of(alert, user, now=NOW, **given):
    return alert_page(alert=alert_for(user, alert.pk), user=user, now=now, **given)


def told(alert):
    return "".join(part.text for part in summary_sentence(alert))


class TestLookup:
    def test_an_alert_of_another_team_is_as_absent_as_one_that_never_was(self, alert, cast):
        with pytest.raises(AlertNotFound):
            alert_for(cast.otto, alert.pk)

    @pytest.mark.parametrize("number", [0, 999_999_999, 2**70])
    def test_a_number_that_is_none_is_not_found(self, alert, cast, number):
        with pytest.raises(AlertNotFound):
            alert_for(cast.ana, number)


class TestSentence:
    def test_a_process(self, alert):
        assert told(alert) == "svc-ci ran perl -e exec from bash on web-1 at 14:06:00 UTC on 20 November 2026."

    @pytest.mark.parametrize(
        ("fields", "expected"),
        [
            (
                {
                    "event__category": ["authentication"],
                    "event__outcome": "failure",
                    "source__ip": "203.0.113.7",
                    "host__name": None,
                },
                "svc-ci failed to sign in from 203.0.113.7 at",
            ),
            (
                {"event__category": ["network"], "destination__ip": "203.0.113.7", "destination__port": 443},
                "svc-ci connected to 203.0.113.7:443 with perl on web-1 at",
            ),
            (
                {"event__category": ["file"], "event__type": ["creation"], "file__path": "/etc/cron.d/x"},
                "svc-ci created /etc/cron.d/x with perl on web-1 at",
            ),
        ],
    )
    def test_other_deeds(self, tmp_path, cast, fields, expected):
        load(tmp_path, query="host.os.type:linux")
        (alert,) = raised([event(**fields)])
        assert told(alert).startswith(expected)

    def test_new_terms_say_what_was_new(self, tmp_path, cast):
        load(tmp_path, new_terms=["process.parent.name"], history="now-5d")
        (alert,) = raised([event()])
        assert told(alert).endswith("New in 5 d: process.parent.name bash.")

    def test_of_new_terms_the_ids_of_host_and_user_are_told_by_their_columns(self, tmp_path, cast):
        load(tmp_path, new_terms=["host.id", "user.id", "process.parent.name"], history="now-5d")
        (alert,) = raised([event(host__id="f07c5c736dd1bf76", user__id="0")])
        assert told(alert).endswith("New on this host for this user in 5 d: process.parent.name bash.")
        new = page_of(alert, cast.ana).new_terms
        assert (new.told.pairs, new.told.place) == (
            (("process.parent.name", "bash"),),
            " on this host for this user",
        )
        assert new.fields == ("host.id", "user.id", "process.parent.name")


class TestWhy:
    def test_telling_clauses_constant_ones_and_exclusions_stand_apart(self, alert, cast):
        why = page_of(alert, cast.ana).why
        assert [(clause.field, clause.found) for clause in why.asked] == [("process.name", ("perl",))]
        assert {clause.field for clause in why.also} == {"event.category", "event.type"}
        assert [clause.field for clause in why.exclusions] == ["process.args"]

    def test_alternatives_that_did_not_hold_are_counted(self, tmp_path, cast):
        load(tmp_path, query="process.name:perl and (user.name:root or host.name:web-1 or process.pid > 5)")
        (alert,) = raised([event()])
        assert page_of(alert, cast.ana).why.branches_not_held == 2

    def test_it_is_told_by_the_revision_that_raised_it(self, alert, cast, tmp_path):
        load(tmp_path, query="user.name:svc-ci")
        page = page_of(alert, cast.ana)
        assert [clause.field for clause in page.why.asked] == ["process.name"]
        assert page.current_revision.number == page.revision.number + 1

    def test_without_the_kept_event_it_says_so(self, alert, cast):
        AlertEvent.objects.all().delete()
        page = page_of(alert, cast.ana)
        assert page.why.problem
        assert page.raw == "{}"


def test_new_terms_name_their_history_and_the_sightings_outside_it(tmp_path, cast):
    load(tmp_path, new_terms=["process.parent.name"], history="now-5d")
    early = NOW - timedelta(days=8)
    raised([event(early)], now=early)
    (alert,) = raised([event()])
    raised([event(NOW + MINUTE)], now=NOW + MINUTE)
    new = page_of(alert, cast.ana).new_terms
    assert new.told.pairs == (("process.parent.name", "bash"),)
    assert (new.history_start, new.history_end, new.history) == (NOW - timedelta(days=5), NOW, "5 d")
    assert (new.earlier, new.later) == (early, NOW + MINUTE)


def test_fields_are_grouped_and_all_of_them_listed(alert, cast):
    page = page_of(alert, cast.ana)
    assert page.fields[0].title == "Process"
    assert ("process.args", ("perl", "-e", "exec")) in [(row.name, row.values) for row in page.all_fields]
    assert '"process"' in page.raw
    assert page.event_stored


def test_the_page_outlives_the_stored_event(alert, cast):
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM event")
    page = page_of(alert, cast.ana)
    assert not page.event_stored
    assert page.why.asked


def test_activity_is_the_record_and_the_comments_newest_first(alert, cast):
    team_ids = [alert.team_id]
    set_status(
        alert_ids=[alert.pk],
        status="closed",
        reason="benign_positive",
        note="smoke test",
        actor=cast.ana,
        now=NOW,
        team_ids=team_ids,
    )
    comment(alert_id=alert.pk, text="asked the owner", actor=cast.rosa, now=NOW + MINUTE, team_ids=team_ids)
    newest, oldest = page_of(alert, cast.ana, now=NOW + 2 * MINUTE).activity
    assert (newest.who, newest.note, newest.is_comment) == ("Rosa", "asked the owner", True)
    assert (oldest.who, oldest.text, oldest.note) == ("Ana", "closed it as benign positive", "smoke test")
    assert oldest.undoable
    assert not page_of(alert, cast.ana, now=NOW + 11 * MINUTE).activity[1].undoable


def test_what_is_counted_around_an_alert(alert, cast):
    others = raised([event(NOW + MINUTE), event(NOW + 2 * MINUTE)], now=NOW + 3 * MINUTE)
    comment(alert_id=alert.pk, text="asked", actor=cast.rosa, now=NOW + MINUTE, team_ids=[alert.team_id])
    set_status(
        alert_ids=[others[0].pk], status="closed", reason="benign_positive", note="", actor=cast.ana, now=NOW,
        team_ids=[alert.team_id],
    )  # fmt: skip
    page = page_of(alert, cast.ana, now=NOW + 4 * MINUTE)
    assert (page.verdicts.benign_positive, page.verdicts.total) == (1, 1)
    assert (page.alike.number.number, page.alike.since) == (1, NOW + 2 * MINUTE)
    assert (page.entries, len(page.activity), page.exceptions_checked) == (1, 1, 0)


@pytest.mark.parametrize("side", ["guide", "fp", "respond", "related", "activity", "exception"])
def test_what_only_other_tabs_show_is_counted_and_no_more(alert, cast, side):
    raised([event(NOW - MINUTE)], now=NOW + MINUTE)
    comment(alert_id=alert.pk, text="asked", actor=cast.rosa, now=NOW + MINUTE, team_ids=[alert.team_id])
    whole, shown = page_of(alert, cast.ana), page_of(alert, cast.ana, side=side)
    assert (shown.related.number, shown.entries) == (whole.related.number, whole.entries) == (1, 1)
    assert bool(shown.related.same_host) == (side == "related")
    assert bool(shown.activity) == (side == "activity")


def test_related_alerts_stand_in_the_first_group_they_belong_to(alert, cast):
    near = raised([event(NOW - MINUTE), event(NOW - MINUTE, host__name="web-2")], now=NOW + MINUTE)
    raised([event(NOW - timedelta(days=9))], now=NOW + 2 * MINUTE)
    related = page_of(alert, cast.ana).related
    by_host = {brief.host_name: brief.id for brief in (*related.same_host, *related.same_user)}
    assert by_host == {one.host_name: one.pk for one in near}
    assert related.same_host[0].tactics == ("Execution",)
    assert related.same_hash == []


def test_neighbours_come_from_the_queue_it_was_opened_from(alert, cast):
    (newer,) = raised([event()], now=NOW + MINUTE)
    assert page_of(alert, cast.ana, filters=QueueFilters()).neighbours.previous_id == newer.pk
    assert page_of(alert, cast.ana, filters=QueueFilters(kql="((")).neighbours.next_id is None
