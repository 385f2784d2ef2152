"""What Prometheus scrapes can be read by its own parser, says what is true, and is for nobody who may not see it."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from prometheus_client.parser import text_string_to_metric_families
from pytest_django.fixtures import Settings

from accounts.keys import create_key
from accounts.models import ApiKey, User
from events import folding
from events.models import Batch, DeadLetter, ValuesLearnt
from soc.health import metrics
from soc.web import clock
from tests.health.conftest import NOW, alive, judged, send
from tests.people import People, sign_in

MINUTE = timedelta(minutes=1)


def scraped(now: Any = NOW) -> dict[tuple[str, str], float]:
    metrics.read_again()
    families = list(text_string_to_metric_families(metrics.text(now).decode()))
    assert families[0].name == "watchbill_detection_lag_seconds"
    return {
        (sample.name.removeprefix("watchbill_"), ",".join(sample.labels.values())): sample.value
        for family in families
        for sample in family.samples
    }


@pytest.mark.usefixtures("broker")
def test_every_metric_says_what_is_true(people: People) -> None:
    alive(NOW)
    send(people.key, NOW - 2 * MINUTE, "web-1", "web-2", body=b"refused")
    judged(NOW)
    send(people.key, NOW - timedelta(seconds=30), "web-1")
    Batch.objects.create(team=people.core, ingested_at=NOW, days=[], events=1, state="quarantined", done_at=NOW)
    found = scraped()
    assert found["detection_lag_seconds", ""] == 30
    assert found["backlog_events", ""] == 1
    assert found["arrival_to_judged_seconds", "0.99"] == 0.5
    assert found["events_total", "accepted"] == 3
    assert found["events_total", "refused"] == 1
    assert found["dead_letters", "not_json"] == 1
    assert found["agents", "fine"] == 2
    assert found["quarantined", "batches"] == 1
    assert found["alerts", "critical,open"] == 0
    assert found["cases", "on_hold"] == 0
    assert found["workers_alive", ""] == 1
    assert found["broker_up", ""] == 1
    assert found["events_bytes", ""] > 0
    assert ("event_to_alert_seconds", "0.5") not in found
    assert ("values_noted_seconds", "") not in found


@pytest.mark.usefixtures("broker")
def test_it_says_how_far_behind_notes_of_values_are(people: People) -> None:
    ValuesLearnt.objects.create(pk=1, at=NOW - 7 * MINUTE)
    assert scraped()["values_noted_seconds", ""] == 420


def test_totals_never_fall(people: People) -> None:
    send(people.key, NOW, "web-1")
    before = scraped()["events_total", "accepted"]
    folding.forget_old(NOW + timedelta(days=60))
    assert scraped()["events_total", "accepted"] == before


def test_no_label_holds_what_an_agent_or_a_person_wrote(people: People) -> None:
    send(people.key, NOW, 'evil"} 1\n# HELP x\nwatchbill_fake{a="', body=b'{"host.name":"evil2"')
    text = metrics.text(NOW).decode()
    assert "evil" not in text
    assert "watchbill_fake" not in text


def test_a_broker_that_is_away_is_a_metric_and_no_error(people: People, settings: Settings) -> None:
    settings.BROKER_URL = "redis://127.0.0.1:1/0"
    assert scraped()["broker_up", ""] == 0


def test_a_scrape_is_remembered_for_some_seconds(people: People) -> None:
    first = metrics.text(NOW)
    DeadLetter.objects.create(team=people.core, at=NOW, reason="not_json", detail="", body=b"", body_bytes=0)
    assert metrics.text(NOW) == first


def present(key: str | None) -> Any:
    headers = {"Authorization": f"ApiKey {key}"} if key else {}
    return Client(headers=headers).get("/metrics")


def keyed(people: People, *scopes: str, person: User | None) -> tuple[ApiKey, str]:
    key, presented = create_key(name="prometheus", team=people.core, actor=None, now=NOW)
    ApiKey.objects.filter(pk=key.pk).update(scopes=list(scopes), acts_for=person)
    return key, presented


def test_only_a_key_with_the_scope_whose_person_operates_reads_them(people: People) -> None:
    assert present(None).status_code == 401
    assert present("nonsense").status_code == 401
    assert present(people.presented).status_code == 403
    key, presented = keyed(people, "health:read", person=people.rosa)
    answer = present(presented)
    assert answer.status_code == 200
    assert answer["Content-Type"].startswith("text/plain; version=")
    assert b"watchbill_detection_lag_seconds" in answer.content
    ApiKey.objects.filter(pk=key.pk).update(scopes=["events:write"])
    assert present(presented).status_code == 403
    for person, status in (("rosa", 200), ("adam", 200), ("mona", 403), ("ana", 403), ("vera", 403)):
        _, presented = keyed(people, "health:read", person=getattr(people, person))
        assert present(presented).status_code == status, person


def test_a_session_does_not_do_whoever_has_it(people: People) -> None:
    for person in (people.rosa, people.adam, people.vera):
        assert sign_in(person).get("/metrics").status_code == 401
    User.objects.filter(pk=people.rosa.pk).update(must_change_password=True)
    assert sign_in(people.rosa).get("/metrics").status_code == 401
    assert "/metrics" not in sign_in(people.adam).get("/health/").content.decode()


def test_a_key_stops_with_its_person_and_its_end(people: People) -> None:
    key, presented = keyed(people, "health:read", person=people.rosa)
    people.rosa.is_active = False
    people.rosa.save()
    assert present(presented).status_code in {401, 403}
    people.rosa.is_active = True
    people.rosa.save()
    ApiKey.objects.filter(pk=key.pk).update(expires_at=clock.now() - MINUTE)
    assert present(presented).status_code == 401
