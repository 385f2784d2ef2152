"""What the overview says of health: an empty queue is worth nothing while events do not arrive."""

from datetime import timedelta
from urllib.parse import quote

from events.models import Batch, Sender
from tests.overview.page import text_of
from tests.people import sign_in

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def test_an_empty_queue_is_no_comfort_while_hosts_are_silent_or_events_wait(soc, now):
    soc.alert(now - MINUTE, severity=1)
    assert "Look at Health" not in text_of(sign_in(soc.people.mona))
    Sender.objects.create(
        team_id=soc.core.pk, key_id="k1", host="web-1", agent="", reason="", gap_seconds=60,
        first_at=now - 3 * DAY, last_at=now - DAY,
    )  # fmt: skip
    said = text_of(sign_in(soc.people.mona))
    assert "Nothing in the queue needs you." in said
    assert "1 of 1 host has gone silent." in said
    assert 'href="/health/">Look at Health' in said
    assert "Look at Health" not in text_of(sign_in(soc.people.mona), f"/overview/?at={quote((now - HOUR).isoformat())}")
    Batch.objects.create(team=soc.core, ingested_at=now - HOUR, days=[now.date()], events=400)
    assert "Detection is 1 h behind: 400 events wait." in text_of(sign_in(soc.people.mona))
