"""What the demo's past holds for who looks at it for the first time."""

import pytest

from alerts.models import Alert, Reason, Status
from cases.models import Case
from tests.demo.laying import NOW, lay, with_days
from tests.kept import laid_once


@pytest.fixture(scope="module")
def _laid(django_db_setup, django_db_blocker):
    with laid_once(lambda: with_days(4), django_db_blocker) as copy:
        yield copy


@pytest.fixture
def laid(_laid, db):
    """The key, and what was said of four days."""
    return _laid()


def test_past_days_bring_events_alerts_and_verdicts(laid):
    _, report = laid
    assert report.events > 2_000
    assert Alert.objects.filter(demo=True).count() == report.alerts > 15
    closed = Alert.objects.filter(status=Status.CLOSED)
    assert closed.count() == report.verdicts > 5
    assert {Reason.TRUE_POSITIVE, Reason.BENIGN_POSITIVE} <= set(closed.values_list("reason", flat=True))
    assert Alert.objects.exclude(status=Status.CLOSED).exists()


def test_a_newcomer_finds_a_case_past_its_date_one_that_waits_and_one_closed(laid):
    demo, report = laid
    cases = Case.objects.order_by("pk")
    assert report.cases == cases.count() == 3
    late, held, closed = cases
    assert (late.status, late.phase, held.status, closed.status) == ("in_progress", "investigate", "on_hold", "closed")
    assert late.due_at is not None
    assert held.wake_at is not None
    assert closed.closed_at is not None
    assert late.opened_at < late.due_at < NOW < held.wake_at
    assert closed.opened_at < closed.closed_at < NOW
    assert all(case.demo and case.joined.exists() for case in cases)
    assert late.tasks.filter(state="done").exists()
    assert late.tasks.filter(state="open").exists()
    assert lay(demo, days=4).cases == 0
