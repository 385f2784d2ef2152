"""An alert that also stands for hits counted at it is not closed by an exception on its own event."""

from datetime import timedelta

import pytest

from alerts.exceptions import add, preview
from alerts.models import Alert, Status
from alerts.views.exception_words import added_words
from tests.alerts.settling.world import MINUTE, NOW, load, named, on_user, told
from tests.alerts.world import people

pytestmark = pytest.mark.django_db
BY_HOST = """type = "query"
language = "kuery"
query = "process.name:a"
[rule.alert_suppression]
group_by = ["host.name"]
duration = {value = 5, unit = "h"}
"""


@pytest.fixture
def standing(tmp_path):
    """An alert on svc-ci that stands for 19 hits of root, and one on svc-ci alone."""
    load(tmp_path, BY_HOST)
    told(named("a", 0, user__name="svc-ci"), named("a", 0, user__name="svc-ci", host__name="db-1"))
    told(*[named("a", second, user__name="root") for second in range(1, 20)])
    return Alert.objects.get(suppressed=19)


def test_the_preview_says_how_much_more_it_stands_for(standing):
    shown = preview(rule=standing.rule, entries=on_user("svc-ci"), team_ids=[standing.team_id], now=NOW, alert=standing)
    assert (shown.silenced, shown.open_matching, shown.left_open, shown.uncovered_hits) == (2, 1, 1, 19)
    (warning,) = [lint.message for lint in shown.lints if lint.code == "stands_for_more"]
    assert "stands for 19 more hits" in warning


def test_it_stays_open_and_the_person_is_told(standing):
    added = add(
        alert=standing,
        entries=on_user("svc-ci"),
        reason="The build account.",
        actor=people().rosa,
        now=NOW + timedelta(minutes=1),
        close_matching="benign_positive",
        team_ids=[standing.team_id],
    )
    assert added.left_open == [standing.pk]
    assert list(Alert.objects.filter(status=Status.CLOSED).values_list("pk", flat=True)) == added.closed
    assert "1 alert stays open" in added_words(added)


def test_once_it_is_closed_what_follows_is_an_alert_again(standing):
    Alert.objects.filter(pk=standing.pk).update(status=Status.CLOSED, reason="benign_positive")
    told(named("a", 30, user__name="root"), now=NOW + MINUTE)
    assert Alert.objects.exclude(status=Status.CLOSED).filter(user_name="root").count() == 1
