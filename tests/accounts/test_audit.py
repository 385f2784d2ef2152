"""The record read: who sees what, in which words, found how, and taken out safely."""

import csv
import io
from datetime import timedelta

import pytest
from django.db import connection

from accounts.audit import AuditFilters, changes, entries_of, export_changes
from accounts.audit.reading import filtered
from accounts.errors import NotAllowed
from accounts.models import Change
from accounts.record import record_change
from tests.people import NOON, sign_in

AFTER = NOON + timedelta(seconds=1)  # the people's first key was made at noon


def note(people, number=0, **more):
    wanted = {
        "at": NOON + timedelta(minutes=number),
        "actor": people.ana,
        "door": Change.Door.PAGE,
        "verb": "closed",
        "object_type": "alert",
        "object_id": 17,
        "team": people.core,
    }
    return record_change(**wanted | more)


def body(answer) -> str:
    """The whole of an export, which is sent in pieces."""
    assert answer.status_code == 200
    return b"".join(answer.streaming_content).decode()


@pytest.fixture
def record(people):
    """Entries of every kind, as the packages write them."""
    return {
        "closed": note(
            people,
            1,
            before={"status": "open", "assignee_id": None, "version": 1},
            after={"status": "closed", "assignee_id": people.rosa.pk, "version": 2},
            note="a known updater",
        ),
        "rule": note(
            people,
            2,
            actor=people.rosa,
            verb="disable",
            object_type="rule",
            object_id="61d32f15-edd7-4853-a008-706c0b6603f1",
            team=None,
            before={"enabled": True},
            after={"enabled": False, "name": "Odd shell"},
        ),
        "retail": note(people, 3, actor=people.otto, verb="acknowledged", object_id=4, team=people.retail),
        "expired": note(
            people, 4, actor=None, verb="expire", object_type="exception", object_id=9, door=Change.Door.SYSTEM
        ),
        "policy": note(
            people, 5, actor=people.adam, verb="change", object_type="policy", object_id="analyst", team=None
        ),
    }


def sentences(user, **filters):
    page = changes(user=user, filters=AuditFilters(**{"since": AFTER} | filters))
    return [entry.sentence for entry in entries_of(page.items)]


def test_an_administrator_reads_everything_newest_first(people, record):
    assert sentences(people.adam) == [
        "Adam changed the policy of the role Analyst",
        "Watchbill expired the exception 9",
        "Otto acknowledged AL-4",
        "Rosa disabled the rule Odd shell",
        "Ana closed AL-17",
    ]


def test_a_manager_reads_the_changes_of_the_own_teams_and_nothing_else(people, record):
    assert sentences(people.mona) == ["Watchbill expired the exception 9", "Ana closed AL-17"]
    assert sentences(people.mona, team=people.retail.pk) == []
    page = sign_in(people.mona).get("/settings/audit/").content.decode()
    assert "AL-17" in page
    assert "AL-4<" not in page
    assert "Otto" not in page


def test_nobody_else_reads_it(people, record):
    for person in (people.vera, people.ana, people.rosa):
        with pytest.raises(NotAllowed):
            changes(user=person, filters=AuditFilters())
        with pytest.raises(NotAllowed):
            export_changes(user=person, filters=AuditFilters(), now=NOON)


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({"verb": "closed"}, ["closed"]),
        ({"kind": "rule"}, ["rule"]),
        ({"object_id": "17"}, ["closed"]),
        ({"kind": "alert", "object_id": "4"}, ["retail"]),
        ({"door": "system"}, ["expired"]),
        ({"who": "watchbill"}, ["expired"]),
        ({"text": "KNOWN"}, ["closed"]),
        ({"since": NOON + timedelta(minutes=4)}, ["policy", "expired"]),
        ({"until": NOON + timedelta(minutes=2)}, ["closed"]),
        ({"verb": "closed", "door": "system"}, []),
    ],
)
def test_every_filter_finds_its_own(people, record, filters, found):
    page = changes(user=people.adam, filters=AuditFilters(**{"since": AFTER} | filters))
    assert [change.pk for change in page.items] == [record[name].pk for name in found]


def test_people_and_teams_are_filtered_by_number(people, record):
    assert sentences(people.adam, who=str(people.rosa.pk)) == ["Rosa disabled the rule Odd shell"]
    assert sentences(people.adam, team=people.retail.pk) == ["Otto acknowledged AL-4"]


def test_entries_of_one_instant_are_neither_lost_nor_shown_twice(people):
    made = [note(people, 1, object_id=number).pk for number in range(7)]
    found, key = [], None
    for _ in range(9):
        page = changes(user=people.adam, filters=AuditFilters(since=AFTER), after=key, limit=2)
        found += [change.pk for change in page.items]
        key = page.next_key
        if key is None:
            break
    assert found == made[::-1]


def test_differences_name_people_and_leave_out_what_stayed(people, record):
    (entry,) = entries_of([record["closed"]])
    assert [(one.name, one.before, one.after) for one in entry.differences] == [
        ("status", "open", "closed"),
        ("assignee", "–", "Rosa"),
    ]
    (entry,) = entries_of([record["rule"]])
    assert [(one.name, one.before, one.after) for one in entry.differences] == [("enabled", "yes", "no")]
    assert entry.url == "/rules/61d32f15-edd7-4853-a008-706c0b6603f1/"


def test_what_nobody_knows_is_still_readable_and_leads_nowhere(people):
    entry = entries_of([note(people, object_type="gadget", verb="polish_twice", object_id="x/y")])[0]
    assert (entry.sentence, entry.url) == ("Ana polished twice the gadget x/y", "")
    odd = entries_of([note(people, object_type="rule", verb="enable", object_id="../../x")])[0]
    assert odd.url == ""


def test_secrets_are_not_shown_should_one_ever_be_written(people):
    made = note(people, after={"api_token": "hush-hush", "password": "hush-hush", "must_change_password": True})
    assert "hush" not in repr(entries_of([made])[0].differences)
    page = sign_in(people.adam).get("/settings/audit/").content.decode()
    assert "hush" not in page
    answer = sign_in(people.adam).post("/settings/audit/export.csv")
    assert "hush" not in body(answer)


def test_hostile_names_are_text(people):
    note(people, object_type="rule", object_id="x", after={"name": "<script>alert(1)</script>"}, note="<b>\u202ex")
    page = sign_in(people.adam).get("/settings/audit/").content.decode()
    assert "<script>alert" not in page
    assert "<b>\u202e" not in page


def test_the_form_says_what_it_cannot_read_and_shows_the_rest(people, record):
    answer = sign_in(people.adam).get("/settings/audit/?since=yesterday&kind=rule&who=zzz&door=window&object_id=AL-17")
    assert answer.status_code == 200
    assert b"Enter a valid date" in answer.content
    answer = sign_in(people.adam).get("/settings/audit/?object_id=AL-17")
    assert b"known updater" in answer.content
    assert sign_in(people.adam).get("/settings/audit/?until=9999-12-31&since=0001-01-01").status_code == 200


def test_days_are_those_of_the_person_and_include_the_last(people, record):
    people.adam.time_zone = "Asia/Singapore"
    people.adam.save()
    late = note(people, object_id=99, at=NOON + timedelta(hours=5))  # 01:00 of the 21st in Singapore
    client = sign_in(people.adam)
    numbers = [
        [entry.change.pk for entry in client.get(f"/settings/audit/?{query}").context["entries"]]
        for query in ("since=2026-11-21", "since=2026-11-20&until=2026-11-20", "until=2026-11-21")
    ]
    assert numbers[0] == [late.pk]
    assert late.pk not in numbers[1]
    assert len(numbers[1]) == 6  # with the making of the first key
    assert late.pk in numbers[2]


def test_the_export_is_the_filtered_record_in_utc_and_is_recorded(people, record):
    note(people, 9, actor=people.ana, verb="commented", note="=HYPERLINK(1)")
    answer = sign_in(people.adam).post("/settings/audit/export.csv?who=" + str(people.ana.pk))
    assert answer["Content-Type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(body(answer))))
    assert [row["what"] for row in rows] == ["Ana commented on AL-17", "Ana closed AL-17"]
    assert rows[0]["note"] == "'=HYPERLINK(1)"
    assert (rows[1]["at (UTC)"], rows[1]["team"]) == ("2026-11-20T12:01:00.000Z", people.core.name)
    assert rows[1]["after"].startswith('{"')
    entry = Change.objects.get(verb="export")
    assert (entry.actor, entry.object_type, entry.after) == (people.adam, "record", {"who": str(people.ana.pk)})
    assert sentences(people.adam)[0] == "Adam exported the record of changes"


def test_a_manager_exports_the_own_teams_only(people, record):
    answer = sign_in(people.mona).post("/settings/audit/export.csv")
    text = body(answer)
    assert "AL-17" in text
    assert "AL-4" not in text
    assert "Odd shell" not in text


EACH = ({"verb": "enable"}, {"kind": "rule"}, {"object_id": "5"}, {"door": "api"}, {"who": "watchbill"}, {"text": "x"})
MANY = """
INSERT INTO accounts_change
    (at, actor_id, actor_name, door, team_id, verb, object_type, object_id, before, after, note)
SELECT %s::timestamptz - make_interval(secs => i), %s, 'Ana', 'page', %s, 'closed', 'alert', (i %% 5000)::text,
    '{}', '{}', '' FROM generate_series(1, 20000) i
"""


@pytest.mark.parametrize("filters", [{}, *EACH])
def test_no_filter_reads_the_whole_record(people, filters):
    with connection.cursor() as cursor:
        cursor.execute(MANY, [NOON, people.ana.pk, people.core.pk])
        cursor.execute("ANALYZE accounts_change")
    plan = filtered(people.adam, AuditFilters(**filters))[:51].explain()
    assert "Seq Scan" not in plan, plan


def test_the_page_costs_the_same_whatever_the_number(people, django_assert_max_num_queries):
    for number in range(60):
        note(people, number, after={"assignee_id": people.ana.pk, "team_id": people.core.pk})
    client = sign_in(people.adam)
    with django_assert_max_num_queries(12):
        client.get("/settings/audit/")
