"""Late events: what they complete is found, whatever comes beside them and however little there is room for."""

from datetime import timedelta

import pytest

from alerts.pipelines import kept, settling
from tests.alerts.pipelines.world import COUNTED, MINUTE, NOW, SECOND, alerts, curl, facts, load
from tests.alerts.settling.world import settle, told

pytestmark = pytest.mark.django_db
HALF = timedelta(seconds=30)


@pytest.fixture
def two_known(tmp_path):
    load(tmp_path, COUNTED)
    told(curl(300), curl(310), now=NOW + 6 * MINUTE)
    settle(now=NOW + 6 * MINUTE + HALF)
    assert not alerts()


@pytest.mark.parametrize("beside", [None, curl(1200), curl(660, host="other"), curl(200, host="other")])
def test_a_late_event_is_counted_with_known_ones_whatever_comes_beside_it(two_known, beside):
    told(*[one for one in (curl(60), beside) if one], now=NOW + 21 * MINUTE)
    settle(now=NOW + 21 * MINUTE + HALF)
    assert [facts(alert).count for alert in alerts()] == [3]


@pytest.mark.parametrize("room", [{"windows": 2}, {"windows": 100}, {"events": 1}, {"alerts": 1}, {"members": 1}])
def test_late_events_that_there_is_no_room_for_are_joined_later(tmp_path, monkeypatch, room):
    load(tmp_path, COUNTED, interval="1h")  # what came is kept for two hours
    told(*[curl(s * 1200 + 300 + d, host=f"h{s}") for s in range(6) for d in (0, 1)], now=NOW + 121 * MINUTE)
    settle(now=NOW + 121 * MINUTE + HALF)
    assert not alerts()
    usual = settling._Room
    monkeypatch.setattr(settling, "_Room", lambda: usual(**room))
    told(*[curl(s * 1200 + 60, host=f"h{s}") for s in range(6)], now=NOW + 122 * MINUTE)
    for step in range(12):
        settle(now=NOW + 122 * MINUTE + HALF + step * MINUTE)
    assert sorted(str(alert.host_name) for alert in alerts()) == [f"h{s}" for s in range(6)]


def test_what_takes_too_long_at_once_is_joined_piece_by_piece(tmp_path, monkeypatch):
    load(tmp_path, COUNTED, interval="1h")
    told(*[curl(s * 1200 + 300 + d, host=f"h{s}") for s in range(6) for d in (0, 1)], now=NOW + 121 * MINUTE)
    settle(now=NOW + 121 * MINUTE + HALF)
    monkeypatch.setattr(settling._Windows, "_is_full", lambda *_: True)  # as when time is short after each window
    told(*[curl(s * 1200 + 60, host=f"h{s}") for s in range(6)], now=NOW + 122 * MINUTE)
    for step in range(12):
        settle(now=NOW + 122 * MINUTE + HALF + step * MINUTE)
    assert sorted(str(alert.host_name) for alert in alerts()) == [f"h{s}" for s in range(6)]


def test_a_group_that_waited_while_no_worker_ran_is_told_after_it(tmp_path):
    load(tmp_path, COUNTED)
    told(*[curl(n) for n in range(3)], now=NOW + 6 * SECOND)
    settle(now=NOW + HALF)
    told(*[curl(120 + n) for n in range(3)], now=NOW + 126 * SECOND)
    settle(now=NOW + 3 * MINUTE)
    assert len(alerts()) == 1
    settle(now=NOW + 200 * MINUTE)
    assert [facts(alert).count for alert in alerts()] == [3, 3]


def test_a_backlog_of_many_columns_is_looked_at_in_parts(tmp_path, monkeypatch):
    monkeypatch.setattr(kept, "MOST_CELLS", 400)
    rule = load(tmp_path, COUNTED)
    told(*[curl(n * 30) for n in range(160)], now=NOW + 120 * MINUTE)
    for step in range(12):
        settle(now=NOW + (121 + step) * MINUTE)
    rule.refresh_from_db()
    assert rule.quarantined_at is None
    assert sum(facts(alert).count for alert in alerts()) >= 150
