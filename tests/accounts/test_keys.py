"""API keys: made, presented, refused, touched, revoked."""

import base64
from datetime import timedelta

import pytest

from accounts.errors import KeyRefused, NotAllowed, NotYourTeam
from accounts.keys import authenticate_key, create_key, revoke_key, touch_key
from accounts.models import ApiKey, Change
from tests.people import NOON


def _refusal(header, now=NOON):
    with pytest.raises(KeyRefused) as refused:
        authenticate_key(header, now)
    return refused.value.code


def test_the_presented_key_is_recognised(people):
    assert authenticate_key(people.header, NOON) == people.key


def test_the_scheme_is_read_in_any_case(people):
    assert authenticate_key(people.header.replace("ApiKey", "apikey"), NOON) == people.key


def test_only_a_hash_is_stored(people):
    secret = base64.b64decode(people.presented).decode().split(":")[1]
    assert len(secret) >= 43
    row = ApiKey.objects.values().get(pk=people.key.pk)
    assert secret not in repr(row)
    assert len(bytes(row["secret_sha256"])) == 32


@pytest.mark.parametrize(
    ("header", "code"),
    [
        (None, "missing"),
        ("", "missing"),
        ("Bearer abc", "malformed"),
        ("ApiKey", "malformed"),
        ("ApiKey !!!", "malformed"),
        ("ApiKey " + base64.b64encode(b"nocolon").decode(), "malformed"),
        ("ApiKey " + base64.b64encode(b"id:").decode(), "malformed"),
        ("ApiKey " + base64.b64encode("ä:ö".encode()).decode(), "malformed"),
        ("ApiKey " + base64.b64encode(b"\x00a:b").decode(), "malformed"),
        ("ApiKey " + "A" * 5000, "malformed"),
        ("ApiKey " + base64.b64encode(b"nobody:secret").decode(), "unknown"),
    ],
)
def test_what_is_no_key_is_refused(people, header, code):
    assert _refusal(header) == code


def test_a_wrong_secret_is_as_unknown_as_a_wrong_id(people):
    assert _refusal("ApiKey " + base64.b64encode(f"{people.key.pk}:wrong".encode()).decode()) == "unknown"


def test_an_expired_key_is_refused_from_that_instant_on(people):
    end = NOON + timedelta(days=1)
    _, presented = create_key(name="short", team=people.core, actor=None, now=NOON, expires_at=end)
    assert authenticate_key(f"ApiKey {presented}", end - timedelta(seconds=1)).name == "short"
    assert _refusal(f"ApiKey {presented}", end) == "expired"


def test_a_revoked_key_is_refused_and_revoking_twice_is_recorded_once(people):
    revoke_key(key=people.key, actor=people.rosa, now=NOON)
    revoke_key(key=people.key, actor=people.rosa, now=NOON + timedelta(hours=1))
    assert _refusal(people.header) == "revoked"
    assert people.key.revoked_at == NOON
    assert Change.objects.filter(object_type="api_key", verb="revoke").count() == 1


def test_the_record_says_who_made_a_key(people):
    key, _ = create_key(name="linux", team=people.core, actor=people.rosa, now=NOON, door=Change.Door.PAGE)
    entry = Change.objects.get(object_id=key.pk)
    assert (entry.actor, entry.actor_name, entry.door, entry.team) == (people.rosa, "Rosa", "page", people.core)
    assert "secret" not in str(entry.after)


def test_an_analyst_makes_no_keys(people):
    with pytest.raises(NotAllowed, match="Needs the engineer role"):
        create_key(name="x", team=people.core, actor=people.ana, now=NOON)


def test_an_engineer_makes_no_keys_for_another_team(people):
    with pytest.raises(NotYourTeam):
        create_key(name="x", team=people.retail, actor=people.rosa, now=NOON)


def test_last_used_is_written_at_most_once_a_minute(people, django_assert_num_queries):
    touch_key(people.key, NOON)
    with django_assert_num_queries(0):
        touch_key(people.key, NOON + timedelta(seconds=59))
    touch_key(people.key, NOON + timedelta(seconds=60))
    people.key.refresh_from_db()
    assert people.key.last_used_at == NOON + timedelta(seconds=60)


def test_checking_a_key_costs_one_query(people, django_assert_num_queries):
    with django_assert_num_queries(1):
        assert authenticate_key(people.header, NOON).team.slug == "default"
