"""Suppression by two workers at once, on connections of their own: one alert for a group, every hit counted once."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection, connections

from alerts.models import Status, SuppressedHit
from alerts.triage import set_status
from tests.alerts.raising.world import NOW, alerts, at, hit, new_terms, raising, rule, suppressing
from tests.alerts.world import people

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _no_events_left() -> Iterator[None]:
    yield
    with connection.cursor() as cursor:  # Django empties only the tables that it manages
        cursor.execute("TRUNCATE event, event_block, seen_term")


def at_once(*passes):
    """Raise several passes' hits at the same time, each on a connection of its own."""
    gate = threading.Barrier(len(passes))

    def one(hits):
        try:
            gate.wait(30)
            return raising(*hits)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(passes)) as pool:
        return list(pool.map(one, passes))


def test_two_workers_raise_one_alert_for_a_group_and_count_the_rest(tmp_path):
    active = rule(tmp_path, more=suppressing("host.name", minutes=5))
    hits = [hit(active, at(place, host__name=f"web-{place % 3}")) for place in range(24)]
    reports = at_once(hits[:12], list(reversed(hits[12:])), hits[6:18])
    assert [alert.suppressed for alert in alerts()] == [7, 7, 7]
    assert sum(report.alerts.total() for report in reports) == 3
    assert sum(report.suppressed.total() for report in reports) == SuppressedHit.objects.count() == 21


def test_two_workers_fold_what_is_learnt_into_one_alert(tmp_path):
    active = rule(tmp_path, new_terms=["process.name"])
    hits = [new_terms(active, at(place), f"p{place}", learning=True) for place in range(20)]
    at_once(hits[:12], hits[8:])
    (alert,) = alerts()
    assert (alert.suppressed, alert.facts["learning"]["combinations"]) == (19, 20)


def test_whoever_closes_the_alert_meanwhile_loses_no_hit(tmp_path):
    cast = people()
    active = rule(tmp_path, more=suppressing("host.name", minutes=5))
    raising(hit(active, at(0)))
    (alert,) = alerts()
    later = [hit(active, at(place)) for place in range(1, 9)]

    def close():
        try:
            set_status(
                alert_ids=[alert.pk],
                status=Status.CLOSED,
                reason="benign_positive",
                note="",
                actor=cast.ana,
                now=NOW + timedelta(minutes=1),
                team_ids=[alert.team_id],
            )
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as pool:
        closing = pool.submit(close)
        at_once(later[:4], later[4:])
        closing.result()
    assert sum(1 + one.suppressed for one in alerts()) == 9
