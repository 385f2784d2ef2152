"""What a key may do, for whom, and how one is replaced without anything stopping."""

from datetime import timedelta

import pytest
from django.test import Client

from accounts.errors import KeyNotReplaced, KeyRefused, NotAllowed, NotYourTeam, PersonRefused, ScopesRefused
from accounts.keys import authenticate_key, create_key, need_scope, replace_key, revoke_key
from accounts.models import ApiKey, Change
from accounts.scopes import Scope
from tests.people import NOON

READS = (Scope.ALERTS_READ, Scope.CASES_READ)


def client_key(people, actor=None, **more):
    return create_key(
        name="tickets", team=people.core, actor=actor or people.rosa, now=NOON, **{"scopes": READS, **more}
    )


def test_an_agent_s_key_sends_events_and_acts_for_nobody(people):
    assert (people.key.scopes, people.key.acts_for) == (["events:write"], None)
    need_scope(people.key, Scope.EVENTS_WRITE)
    with pytest.raises(KeyRefused, match="scope"):
        need_scope(people.key, Scope.EVENTS_READ)


def test_a_key_that_reads_acts_for_who_made_it(people):
    key, presented = client_key(people)
    assert (key.scopes, key.acts_for) == (["alerts:read", "cases:read"], people.rosa)
    assert authenticate_key(f"ApiKey {presented}", NOON).acts_for == people.rosa


def test_nobody_makes_a_key_that_acts_for_somebody_else(people):
    with pytest.raises(NotAllowed):
        client_key(people, acts_for=people.adam)


def test_the_machine_s_administrator_names_the_person(people):
    with pytest.raises(PersonRefused):
        create_key(name="x", team=people.core, actor=None, now=NOON, scopes=READS)
    key, _ = create_key(name="x", team=people.core, actor=None, now=NOON, scopes=READS, acts_for=people.ana)
    assert key.acts_for == people.ana


@pytest.mark.parametrize("scopes", [(), ("everything",)])
def test_a_key_for_nothing_or_for_the_unknown_is_refused(people, scopes):
    with pytest.raises(ScopesRefused):
        client_key(people, scopes=scopes)


def test_a_key_stops_with_its_person_and_works_again_with_him(people):
    _, presented = client_key(people)
    people.rosa.is_active = False
    people.rosa.save()
    with pytest.raises(KeyRefused, match="person"):
        authenticate_key(f"ApiKey {presented}", NOON)
    people.rosa.is_active = True
    people.rosa.save()
    assert authenticate_key(f"ApiKey {presented}", NOON).name == "tickets"


def test_an_agent_s_key_does_not_stop_with_who_made_it(people):
    _, presented = create_key(name="fleet", team=people.core, actor=people.rosa, now=NOON)
    people.rosa.is_active = False
    people.rosa.save()
    assert authenticate_key(f"ApiKey {presented}", NOON).name == "fleet"


def test_a_key_makes_none_that_may_more_than_itself(people):
    asking, _ = client_key(people, scopes=(Scope.KEYS_WRITE, Scope.EVENTS_WRITE))
    create_key(name="fleet", team=people.core, actor=people.rosa, now=NOON, through=asking)
    with pytest.raises(NotAllowed, match="more than itself"):
        client_key(people, through=asking)
    strong, _ = client_key(people)
    with pytest.raises(NotAllowed, match="more than itself"):
        replace_key(key=strong, actor=people.rosa, now=NOON, through=asking)
    with pytest.raises(NotYourTeam):
        create_key(name="fleet", team=people.retail, actor=people.adam, now=NOON, through=asking)


@pytest.mark.parametrize("expires_at", [None, NOON + timedelta(days=1, seconds=1)])
def test_a_key_makes_none_that_outlives_it(people, expires_at):
    scopes = (Scope.KEYS_WRITE, *READS)
    short, _ = client_key(people, scopes=scopes, expires_at=NOON + timedelta(days=1))
    with pytest.raises(NotAllowed, match="works longer than itself, which is until 2026-11-21T12:00:00Z"):
        client_key(people, through=short, expires_at=expires_at)
    long, _ = client_key(people, expires_at=expires_at)
    with pytest.raises(NotAllowed, match="works longer than itself"):
        replace_key(key=long, actor=people.rosa, now=NOON, through=short)
    assert client_key(people, through=short, expires_at=short.expires_at)[0].expires_at == short.expires_at


def test_a_key_that_replaces_itself_prolongs_nothing(people):
    short, _ = client_key(people, scopes=(Scope.KEYS_WRITE, *READS), expires_at=NOON + timedelta(days=2))
    new, _ = replace_key(key=short, actor=people.rosa, now=NOON + timedelta(days=1), through=short)
    assert new.expires_at == NOON + timedelta(days=2)


def test_events_are_refused_from_a_key_that_only_reads(people):
    _, presented = client_key(people)
    answer = Client().post(
        "/api/v1/events", b"{}", content_type="application/json", HTTP_AUTHORIZATION=f"ApiKey {presented}"
    )
    assert answer.status_code == 403
    assert answer.json()["error"] == {
        "status": 403,
        "code": "key_scope",
        "detail": "This key was not made for sending events. Make one that is, under Settings, API keys.",
    }


def test_the_old_key_works_until_the_overlap_is_over(people):
    new, presented = replace_key(key=people.key, actor=people.rosa, now=NOON)
    tomorrow = NOON + timedelta(hours=24)
    assert (new.name, new.scopes, new.team, new.expires_at) == ("agent", ["events:write"], people.core, None)
    assert authenticate_key(people.header, tomorrow - timedelta(seconds=1)) == people.key
    with pytest.raises(KeyRefused, match="expired"):
        authenticate_key(people.header, tomorrow)
    assert authenticate_key(f"ApiKey {presented}", tomorrow) == new
    assert (people.key.replaced_by, people.key.expires_at) == (new, tomorrow)


def test_a_replacement_works_as_long_as_the_old_one_was_made_for_and_never_prolongs_it(people):
    old, _ = client_key(people, expires_at=NOON + timedelta(days=90))
    later = NOON + timedelta(days=90) - timedelta(hours=2)
    new, _ = replace_key(key=old, actor=people.rosa, now=later)
    assert new.expires_at == later + timedelta(days=90)
    assert old.expires_at == NOON + timedelta(days=90)


def test_only_the_person_replaces_a_key_that_acts_for_the_person(people):
    old, _ = client_key(people)
    with pytest.raises(KeyNotReplaced, match="acts for Rosa, so nobody else"):
        replace_key(key=old, actor=people.adam, now=NOON)
    assert replace_key(key=old, actor=people.rosa, now=NOON)[0].acts_for == people.rosa


def test_a_key_is_replaced_once_and_not_when_it_is_gone(people):
    replace_key(key=people.key, actor=people.rosa, now=NOON)
    with pytest.raises(KeyNotReplaced, match="replaced already"):
        replace_key(key=people.key, actor=people.rosa, now=NOON)
    gone, _ = client_key(people)
    revoke_key(key=gone, actor=people.rosa, now=NOON)
    with pytest.raises(KeyNotReplaced, match="does not work any more"):
        replace_key(key=gone, actor=people.rosa, now=NOON)


def test_an_analyst_replaces_no_key(people):
    with pytest.raises(NotAllowed):
        replace_key(key=people.key, actor=people.ana, now=NOON)


def test_the_record_says_all_that_a_key_is_save_its_secret(people):
    key, presented = client_key(people, expires_at=NOON + timedelta(days=1))
    entry = Change.objects.get(object_id=key.pk)
    assert entry.after == {
        "name": "tickets",
        "team": "default",
        "scopes": ["alerts:read", "cases:read"],
        "acts_for": "rosa",
        "expires_at": "2026-11-21T12:00:00+00:00",
        "events_per_second": 20_000,
        "demo": False,
    }
    new, _ = replace_key(key=key, actor=people.rosa, now=NOON)
    made, ended = Change.objects.filter(object_id__in=[new.pk, key.pk]).exclude(pk=entry.pk).order_by("id")
    assert (made.verb, made.after["replaces"], ended.verb, ended.after["replaced_by"]) == (
        "create",
        key.pk,
        "replace",
        new.pk,
    )
    assert made.group == ended.group
    assert presented not in repr(list(Change.objects.values()))
    assert ApiKey.objects.filter(pk=new.pk, acts_for=people.rosa).exists()
