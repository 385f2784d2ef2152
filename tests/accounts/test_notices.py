"""Notices: the bell, the page, and what opening one does."""

from datetime import timedelta

import pytest

from accounts import inbox
from accounts.models import Notice
from accounts.notices import notify
from tests.people import NOON, said, sign_in


def tell(person, number=1, text="Rosa assigned you AL-17", path="/alerts/17/", kind=Notice.Kind.ASSIGNED):
    at = NOON + timedelta(minutes=number)
    notify(people=[person], kind=kind, text=text, path=path, key=f"k:{number}", actor=None, now=at)
    return Notice.objects.get(user=person, key=f"k:{number}")


def test_the_same_thing_is_told_the_same_person_once(people):
    tell(people.ana)
    tell(people.ana)
    assert Notice.objects.count() == 1


def test_nobody_is_told_what_he_did_himself_or_after_leaving(people):
    people.rosa.is_active = False
    people.rosa.save()
    everybody = [people.ana, people.rosa, people.adam]
    made = notify(people=everybody, kind=Notice.Kind.REVIEW, text="x", path="/", key="k", actor=people.adam, now=NOON)
    assert made == 1
    assert list(Notice.objects.values_list("user__username", flat=True)) == ["ana"]


def test_the_bell_counts_what_is_unread_up_to_99(people, django_assert_num_queries):
    client = sign_in(people.ana)
    assert b'class="count"' not in client.get("/notices/").content
    Notice.objects.bulk_create(
        Notice(user=people.ana, at=NOON, kind="assigned", text="x", path="/", key=f"k{number}") for number in range(99)
    )
    assert said(r'class="count">(\d+)', client.get("/notices/").content.decode()) == "99"
    tell(people.ana, 1000)
    assert said(r'class="count">([\d+]+)', client.get("/notices/").content.decode()) == "99+"
    with django_assert_num_queries(1):
        inbox.unread(people.ana)


def test_unread_notices_stand_first_and_the_rest_follows_page_by_page(people):
    notices = [tell(people.ana, number) for number in range(1, 8)]
    Notice.objects.filter(pk__in=[notices[5].pk, notices[0].pk, notices[6].pk]).update(read_at=NOON)
    wanted = [notices[number].pk for number in (4, 3, 2, 1, 6, 5, 0)]
    found, key = [], None
    for _ in range(5):
        page = inbox.inbox(user=people.ana, after=key, limit=2).page
        found += [notice.pk for notice in page.items]
        key = page.next_key
        if key is None:
            break
    assert found == wanted


def test_a_key_that_was_tampered_with_leads_to_the_first_page(people):
    tell(people.ana)
    answer = sign_in(people.ana).get("/notices/?after=nonsense")
    assert b"no longer valid" in answer.content


def test_opening_marks_it_read_and_goes_there(people):
    notice = tell(people.ana)
    client = sign_in(people.ana)
    answer = client.post(f"/notices/{notice.pk}/open/")
    assert (answer.status_code, answer["Location"]) == (303, "/alerts/17/")
    notice.refresh_from_db()
    read_at = notice.read_at
    assert read_at is not None
    client.post(f"/notices/{notice.pk}/open/")
    notice.refresh_from_db()
    assert notice.read_at == read_at


@pytest.mark.parametrize(
    "path", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)", "\t//evil", "alerts/"]
)
def test_a_notice_leads_nowhere_but_here(people, path):
    notice = tell(people.ana, path=path)
    assert sign_in(people.ana).post(f"/notices/{notice.pk}/open/")["Location"] == "/"


def test_somebody_else_s_notice_is_not_there(people):
    notice = tell(people.ana)
    assert sign_in(people.adam).post(f"/notices/{notice.pk}/open/").status_code == 404
    assert b"AL-17" not in sign_in(people.adam).get("/notices/").content
    notice.refresh_from_db()
    assert notice.read_at is None


def test_all_are_marked_read_but_what_came_since_the_page_was_made(people):
    first = tell(people.ana)
    client = sign_in(people.ana)
    upto = said(r'name="upto" value="(\d+)"', client.get("/notices/").content.decode())
    second = tell(people.ana, 2)
    other = tell(people.rosa, 3)
    assert client.post("/notices/read/", {"upto": upto}).status_code == 303
    unread = set(Notice.objects.filter(read_at=None).values_list("pk", flat=True))
    assert unread == {second.pk, other.pk}
    assert first.pk not in unread


def test_a_hostile_name_in_a_notice_is_text(people):
    tell(people.ana, text="<script>alert(1)</script>\u202egnp.exe past its target")
    text = sign_in(people.ana).get("/notices/").content.decode()
    assert "<script>alert" not in text
    assert "\u202e" not in text


def test_a_mail_that_was_given_up_is_said(people):
    notice = tell(people.ana)
    Notice.objects.filter(pk=notice.pk).update(mail=Notice.Mail.FAILED)
    assert b"could not be sent" in sign_in(people.ana).get("/notices/").content


def test_the_page_costs_the_same_whatever_the_number(people, django_assert_max_num_queries):
    for number in range(60):
        tell(people.ana, number)
    client = sign_in(people.ana)
    with django_assert_max_num_queries(9):
        client.get("/notices/")
