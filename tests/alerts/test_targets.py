"""Targets: set and recorded, told once a crossing, and past-target alerts before the rest of their severity."""

from datetime import timedelta
from threading import Barrier, Thread

import pytest
from django.db import connection

from accounts.errors import NotAllowed
from accounts.models import Change, Notice, User
from accounts.roles import Role
from accounts.selectors import default_team
from alerts.errors import StaleTarget, TargetRefused
from alerts.models import Alert, Target
from alerts.selectors import QueueFilters, queue
from alerts.targets import past_target, set_targets, targets
from alerts.triage import assign, set_status
from tests.alerts.world import NOW, People, event, load, other_team, people, raised

HOUR = timedelta(hours=1)
HIGH = 3


def change(actor, hours, version=1):
    return set_targets(values={HIGH: hours * HOUR}, versions={HIGH: version}, actor=actor, now=NOW)


@pytest.mark.django_db
class TestSetting:
    def test_a_manager_sets_them_and_the_record_says_what_held(self, cast):
        assert change(cast.mona, 2) == [HIGH]
        assert targets()[HIGH] == 2 * HOUR
        told = Change.objects.get(object_type="target", object_id="3")
        assert (told.before, told.after) == ({"within_seconds": 14400}, {"within_seconds": 7200})
        assert change(cast.mona, 2, version=2) == []

    def test_refusals(self, cast):
        with pytest.raises(NotAllowed):
            change(cast.ana, 2)
        with pytest.raises(TargetRefused):
            change(cast.mona, 0)
        change(cast.mona, 2)
        with pytest.raises(StaleTarget, match="Mona"):
            change(cast.mona, 3)


@pytest.mark.django_db
class TestTelling:
    def test_the_owner_is_told_once_and_of_what_nobody_owns_the_triagers_and_managers(self, tmp_path, cast):
        load(tmp_path)
        owned, free = raised([event(), event()])
        team = [default_team().pk]
        assign(alert_ids=[owned.pk], assignee=cast.rosa, actor=cast.rosa, now=NOW, team_ids=team)
        assert past_target(now=NOW + 4 * HOUR) == 0
        assert past_target(now=NOW + 5 * HOUR) == 2
        assert past_target(now=NOW + 6 * HOUR) == 0
        told = {(one.user.username, one.path) for one in Notice.objects.filter(kind="past_target")}
        assert told == {
            ("rosa", f"/alerts/{owned.pk}/"),
            *((name, f"/alerts/{free.pk}/") for name in ("ana", "rosa", "mona")),
        }

    @pytest.mark.parametrize("how", ["left", "deactivated", "only looks now"])
    def test_an_owner_who_no_longer_works_for_the_team_is_not_told_but_the_team_is(self, tmp_path, cast, how):
        load(tmp_path)
        (owned,) = raised([event()])
        assign(alert_ids=[owned.pk], assignee=cast.ana, actor=cast.rosa, now=NOW, team_ids=[default_team().pk])
        Notice.objects.all().delete()
        if how == "left":
            cast.ana.teams.set([other_team()])
        elif how == "deactivated":
            User.objects.filter(pk=cast.ana.pk).update(is_active=False)
        else:
            User.objects.filter(pk=cast.ana.pk).update(role=Role.VIEWER)
        assert past_target(now=NOW + 5 * HOUR) == 1
        told = set(Notice.objects.values_list("user__username", "path"))
        assert told == {("rosa", f"/alerts/{owned.pk}/"), ("mona", f"/alerts/{owned.pk}/")}

    def test_of_a_team_in_which_nobody_triages_the_administrators_are_told(self, tmp_path, cast):
        load(tmp_path)
        raised([event()])
        default_team().members.clear()
        User.objects.filter(pk=cast.otto.pk).update(role=Role.ADMIN)
        assert past_target(now=NOW + 5 * HOUR) == 1
        assert list(Notice.objects.values_list("user__username", flat=True)) == ["otto"]

    def test_a_closed_alert_is_not_told_and_a_longer_target_is_crossed_anew(self, tmp_path, cast):
        load(tmp_path)
        closed, _ = raised([event(), event()])
        set_status(
            alert_ids=[closed.pk], status="closed", reason="duplicate", actor=cast.ana, now=NOW,
            team_ids=[default_team().pk],
        )  # fmt: skip
        assert past_target(now=NOW + 5 * HOUR) == 1
        change(cast.mona, 3)
        assert past_target(now=NOW + 6 * HOUR) == 0
        change(cast.mona, 10, version=2)
        assert past_target(now=NOW + 7 * HOUR) == 0
        assert past_target(now=NOW + 11 * HOUR) == 1

    def test_a_storm_is_one_notice_a_person(self, tmp_path, cast):
        load(tmp_path)
        raised([event() for _ in range(8)])
        assert past_target(now=NOW + 5 * HOUR) == 8
        texts = list(Notice.objects.filter(user=cast.ana).values_list("text", "path"))
        assert texts == [("8 alerts are past their target, all of them high", "/alerts/?past_target=1")]


@pytest.mark.django_db(transaction=True)
def test_two_workers_tell_a_crossing_once(tmp_path):
    # A test like this one empties all tables at its end, the targets that a migration laid included.
    Target.objects.update_or_create(severity=3, defaults={"within": 4 * HOUR})
    cast: People = people()
    load(tmp_path)
    raised([event() for _ in range(9)])
    counts, start = [], Barrier(2)

    def tell():
        start.wait()
        counts.append(past_target(now=NOW + 5 * HOUR))
        connection.close()

    workers = [Thread(target=tell) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert sum(counts) == 9
    assert Notice.objects.filter(user=cast.ana).count() == 1


@pytest.mark.django_db
class TestQueue:
    @pytest.fixture
    def mixed(self, tmp_path, cast):
        """A high rule's three alerts of different ages, and a critical one that is young."""
        load(tmp_path)
        load(tmp_path, rule_id="curl", name="Curl", query="process.name:curl", severity="critical", risk=99)
        late = raised([event()], now=NOW - 6 * HOUR)
        new = raised([event()], now=NOW - HOUR) + raised([event()], now=NOW)
        return [*raised([event(process__name="curl")], now=NOW), *late, new[1], new[0]]

    def test_what_is_past_its_target_stands_before_the_rest_of_its_severity(self, mixed, cast):
        page = queue(user=cast.ana, filters=QueueFilters(), now=NOW)
        assert [row.alert.pk for row in page.rows] == [alert.pk for alert in mixed]
        assert [row.past_target for row in page.rows] == [False, True, False, False]

    def test_the_filter(self, mixed, cast):
        page = queue(user=cast.ana, filters=QueueFilters(past_target=True), now=NOW)
        assert [row.alert.pk for row in page.rows] == [mixed[1].pk]
        assert page.total.number == 1

    @pytest.mark.parametrize("kql", ["", "process.name:*"])
    @pytest.mark.parametrize("statuses", [(), ("open", "acknowledged")])
    def test_pages_hold_every_alert_once_though_one_crosses_in_between(self, mixed, cast, kql, statuses):
        filters, after, seen, now = QueueFilters(kql=kql, statuses=statuses), None, [], NOW
        while True:
            page = queue(user=cast.ana, filters=filters, now=now, after=after, limit=1)
            seen += [row.alert.pk for row in page.rows]
            after, now = page.next_key, now + HOUR
            if after is None:
                break
        assert seen == [alert.pk for alert in mixed]

    def test_an_alert_that_is_closed_is_past_nothing(self, mixed, cast):
        Alert.objects.filter(pk=mixed[1].pk).update(status="closed", closed_at=NOW)
        page = queue(user=cast.ana, filters=QueueFilters(), now=NOW)
        assert not any(row.past_target for row in page.rows)
