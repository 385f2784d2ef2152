"""What a group's alerts have counted: late bursts, changed logic, and what an exception let go count nevertheless."""

from datetime import timedelta
from uuid import uuid4

import pytest

from alerts.evaluation import judge_lookbacks
from alerts.exceptions import take_back
from rules.exceptions import create_item
from rules.loading import load_rules
from rules.models import GroupMark
from tests.alerts.settling.world import (
    MINUTE,
    NOW,
    SECOND,
    SOON,
    joined_alerts,
    load,
    named,
    on_user,
    settle,
    threshold,
    told,
)
from tests.alerts.world import people

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


def burst(begin, number=5, **fields):
    return [named("a", begin + second, **fields) for second in range(number)]


def spans():
    rows = GroupMark.objects.order_by("first_at").values_list("first_at", "last_at")
    return [((first - NOW).total_seconds(), (last - NOW).total_seconds()) for first, last in rows]


def test_an_earlier_burst_that_comes_after_a_later_one_is_an_alert_of_its_own(tmp_path):
    load(tmp_path, threshold(3, "host.name"))
    told(*burst(7_200), now=NOW + 2 * HOUR + 5 * SECOND)
    assert settle(NOW + 2 * HOUR + 2 * SOON) == 1
    told(*burst(0), now=NOW + 2 * HOUR + MINUTE)
    assert settle(NOW + 2 * HOUR + 2 * MINUTE) == 1
    assert [alert.facts["count"] for alert in joined_alerts()] == [5, 5]
    assert spans() == [(0, 4), (7_200, 7_204)]


def test_what_comes_late_within_the_stretch_of_an_alert_belongs_to_that_alert(tmp_path):
    load(tmp_path, threshold(3, "host.name"))
    told(named("a", 0), named("a", 100), named("a", 200), now=NOW + 200 * SECOND)
    assert settle(NOW + 200 * SECOND + SOON) == 1
    told(*burst(50), now=NOW + 4 * MINUTE)
    assert settle(NOW + 5 * MINUTE) == 0
    assert settle(NOW + 20 * MINUTE) == 0


def test_a_late_burst_that_was_told_is_not_told_again_with_what_follows(tmp_path):
    load(tmp_path, threshold(3, "host.name"))
    told(*burst(7_200), now=NOW + 2 * HOUR + 5 * SECOND)
    settle(NOW + 2 * HOUR + 2 * SOON)
    told(*burst(0), now=NOW + 2 * HOUR + MINUTE)
    settle(NOW + 2 * HOUR + 2 * MINUTE)
    told(named("a", 20), named("a", 21), now=NOW + 2 * HOUR + 3 * MINUTE)
    assert settle(NOW + 2 * HOUR + 4 * MINUTE) == 0
    assert settle(NOW + 3 * HOUR) == 0


def test_another_query_of_the_rule_counts_anew(tmp_path):
    load(tmp_path, threshold(3, "host.name", query="process.name:a"))
    others = [named("b", second) for second in (1, 2, 3)]
    told(*others, *burst(5, 3), now=NOW + SOON)
    assert settle(NOW + 2 * SOON) == 1
    file = tmp_path / "joined.toml"
    file.write_text(file.read_text().replace("process.name:a", "process.name:b"))
    load_rules(paths=[file], source="test", actor=None, now=NOW + MINUTE)
    judge_lookbacks(now=NOW + MINUTE, worker=uuid4())
    assert settle(NOW + 2 * MINUTE) == 1


def test_what_an_exception_held_back_before_a_later_alert_is_raised_when_it_is_taken_back(tmp_path):
    rosa = people().rosa
    rule = load(tmp_path, threshold(3, "host.name"))
    item = create_item(rule=rule, entries=on_user("x"), reason="r", name="n", actor=rosa, now=NOW)
    told(*burst(0, user__name="x"), now=NOW + 5 * SECOND)
    assert settle(NOW + 2 * SOON) == 0
    later = NOW + 2 * HOUR
    told(*burst(7_200, user__name="y"), now=later + 5 * SECOND)
    assert settle(later + 2 * SOON) == 1
    teams = list(rosa.teams.values_list("pk", flat=True))
    take_back(item=item, actor=rosa, now=later + MINUTE, team_ids=teams)
    judge_lookbacks(now=later + MINUTE, worker=uuid4())
    settle(later + 2 * MINUTE)
    settle(later + 30 * MINUTE)
    assert [alert.event_time - NOW for alert in joined_alerts()] == [4 * SECOND, 2 * HOUR + 4 * SECOND]
