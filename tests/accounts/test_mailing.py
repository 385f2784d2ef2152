"""Mail about notices: joined, once, again after a failure, given up after eight, and never with a forged header."""

import socket
import threading
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend

from accounts import mailing
from accounts.models import Notice
from accounts.notices import notify
from accounts.tasks import send_mail
from soc.celery import app
from tests.people import NOON

PAUSES = (1, 5, 15, 60, 180, 360, 540)


class Broken(EmailBackend):
    """A backend that raises what only it knows, for one address."""

    def send_messages(self, messages):
        if "ana@example.net" in messages[0].to:
            raise LookupError("quota")
        return super().send_messages(messages)


@pytest.fixture(autouse=True)
def _site(settings) -> None:
    settings.WATCHBILL_URL = "https://soc.example.net"
    settings.MAIL_GOES_OUT = True


@pytest.fixture
def told(people):
    for person in (people.ana, people.rosa):
        person.email = f"{person.username}@example.net"
        person.save()

    def tell(person, number=1, text="Rosa assigned you AL-17 Odd shell", path="/alerts/17/", now=NOON):
        kind, key = Notice.Kind.ASSIGNED, f"alert:17:assigned:{number}"
        notify(people=[person], kind=kind, text=text, path=path, key=key, actor=people.adam, now=now)
        return Notice.objects.get(user=person, key=key)

    return tell


def state(notice):
    notice.refresh_from_db()
    return notice.mail


def test_a_notice_is_mailed_once_in_plain_words(people, told):
    notice = told(people.ana)
    assert mailing.send_due(now=NOON) == 1
    assert mailing.send_due(now=NOON + timedelta(days=1)) == 0
    (one,) = mail.outbox
    assert (one.subject, one.to) == ("Rosa assigned you AL-17 Odd shell", ["ana@example.net"])
    assert one.body == (
        "Rosa assigned you AL-17 Odd shell\n"
        "Assigned to you by Adam, 2026-11-20 12:00 UTC\n"
        "https://soc.example.net/alerts/17/\n\n"
        "--\n\n"
        "Mail about notices can be switched off under https://soc.example.net/settings/you/\n"
    )
    assert one.extra_headers["Auto-Submitted"] == "auto-generated"
    assert state(notice) == "sent"


def test_what_came_together_comes_in_one_mail(people, told):
    for number in range(3):
        told(people.ana, number, text=f"Notice {number}")
    told(people.rosa)
    assert mailing.send_due(now=NOON) == 4
    to_ana, to_rosa = sorted(mail.outbox, key=lambda one: one.to)
    assert to_ana.subject == "3 notices from Watchbill"
    assert [number for number in range(3) if f"Notice {number}" in to_ana.body] == [0, 1, 2]
    assert to_rosa.to == ["rosa@example.net"]


@pytest.mark.parametrize("hostile", ["x\r\nBcc: all@example.net", "x\nTo: y", "x\u2028y", "x\x0by", "\u202egnp.exe"])
def test_a_hostile_name_forges_no_header(people, told, hostile):
    told(people.ana, text=f"{hostile} past its target")
    assert mailing.send_due(now=NOON) == 1
    (one,) = mail.outbox
    message = one.message()
    assert one.recipients() == ["ana@example.net"]
    assert message.keys() == [
        "Content-Type", "MIME-Version", "Content-Transfer-Encoding", "Subject", "From", "To", "Date", "Message-ID",
        "Auto-Submitted",
    ]  # fmt: skip
    assert not set(one.subject) & set("\r\n\u2028\x0b\u202e")


@pytest.mark.parametrize("path", ["https://evil.example/", "//evil.example/", "javascript:alert(1)", "/a b", "/x\ny"])
def test_a_mail_leads_nowhere_but_here(people, told, path):
    told(people.ana, path=path)
    mailing.send_due(now=NOON)
    assert "https://soc.example.net/\n" in mail.outbox[0].body
    assert "evil" not in mail.outbox[0].body


def test_a_long_text_is_cut_in_the_subject_only(people, told):
    told(people.ana, text="y" * 300)
    mailing.send_due(now=NOON)
    assert len(mail.outbox[0].subject) == 150
    assert "y" * 300 in mail.outbox[0].body


def test_what_was_read_or_is_not_wanted_any_more_is_not_mailed(people, told):
    read, switched_off = told(people.ana), told(people.rosa)
    Notice.objects.filter(pk=read.pk).update(read_at=NOON)
    people.rosa.mail_notices = False
    people.rosa.save()
    assert mailing.send_due(now=NOON) == 0
    assert (mail.outbox, state(read), state(switched_off)) == ([], "none", "none")


def test_who_was_deactivated_gets_no_mail(people, told):
    notice = told(people.ana)
    people.ana.is_active = False
    people.ana.save()
    assert mailing.send_due(now=NOON) == 0
    assert state(notice) == "none"


def test_a_backend_that_drops_everything_is_not_said_to_have_sent(people, told, settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"
    notice = told(people.ana)
    mailing.send_due(now=NOON)
    assert state(notice) == "none"


def test_a_failure_is_tried_again_ever_later_and_given_up_after_eight(people, told, settings):
    settings.EMAIL_BACKEND = "tests.accounts.test_mailing.Broken"
    notice, now = told(people.ana), NOON
    for pause in PAUSES:
        assert mailing.send_due(now=now) == 0
        assert state(notice) == "waiting"
        assert notice.mail_after == now + timedelta(minutes=pause)
        assert mailing.send_due(now=notice.mail_after - timedelta(seconds=1)) == 0
        now = notice.mail_after
    mailing.send_due(now=now)
    assert (state(notice), notice.mail_attempts) == ("failed", 8)
    assert list(mailing.failed_of(people.ana)) == [notice]


def test_one_bad_mail_does_not_stop_the_others(people, told, settings):
    settings.EMAIL_BACKEND = "tests.accounts.test_mailing.Broken"
    bad, good = told(people.ana), told(people.rosa)
    assert mailing.send_due(now=NOON) == 1
    assert (state(bad), state(good)) == ("waiting", "sent")


def test_after_some_failures_the_rest_waits_for_the_next_time_and_counts_no_try(people, told, settings, monkeypatch):
    monkeypatch.setattr(mailing, "_PATIENCE", 1)
    settings.EMAIL_BACKEND = "tests.accounts.test_mailing.Broken"
    bad, good = told(people.ana), told(people.rosa)
    assert mailing.send_due(now=NOON) == 0
    assert (state(bad), state(good), good.mail_attempts) == ("waiting", "waiting", 0)
    assert mailing.send_due(now=NOON) == 1
    assert state(good) == "sent"


def test_a_worker_that_dies_between_sending_and_noting_sends_once_more(people, told, monkeypatch):
    notice = told(people.ana)

    def dies(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as dying:
        dying.setattr(mailing, "_went_out", lambda message, _: message.send() and dies())
        with pytest.raises(KeyboardInterrupt):
            mailing.send_due(now=NOON)
    assert (len(mail.outbox), state(notice)) == (1, "waiting")
    assert mailing.send_due(now=NOON) == 0
    assert mailing.send_due(now=NOON + timedelta(minutes=1)) == 1
    assert mailing.send_due(now=NOON + timedelta(days=1)) == 0
    assert len(mail.outbox) == 2


def test_a_worker_that_dies_every_time_does_not_try_for_ever(people, told):
    notice = told(people.ana)
    for day in range(8):
        assert mailing._claim(NOON + timedelta(days=day))
    assert mailing._claim(NOON + timedelta(days=9)) == []
    assert state(notice) == "failed"


def test_two_workers_never_take_the_same_notice(people, told, django_assert_num_queries):
    told(people.ana)
    assert len(mailing._claim(NOON)) == 1
    assert mailing._claim(NOON) == []
    with django_assert_num_queries(3):  # a savepoint, the question, and its release
        mailing.send_due(now=NOON)


def test_beat_rings_for_mail(people, told):
    told(people.ana)
    send_mail()
    assert len(mail.outbox) == 1
    assert app.conf.beat_schedule["send mail"]["task"] == "accounts.send_mail"


class Post:
    """A mail server for one mail: enough of SMTP to take it."""

    def __init__(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.data = ""
        self.to: list[str] = []
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def _serve(self) -> None:
        with self.listener, self.listener.accept()[0] as wire, wire.makefile("rwb", buffering=0) as line:
            line.write(b"220 here\r\n")
            while said := line.readline().decode().upper():
                if said.startswith("RCPT"):
                    self.to.append(said.strip())
                if said.startswith("DATA"):
                    line.write(b"354 go on\r\n")
                    while (part := line.readline().decode()) != ".\r\n":
                        self.data += part
                line.write(b"221 bye\r\n" if said.startswith("QUIT") else b"250 well\r\n")
                if said.startswith("QUIT"):
                    return


@pytest.fixture
def post(settings) -> Iterator[Post]:
    server = Post()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = "127.0.0.1", server.port, 3
    settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
    settings.EMAIL_HOST_USER = settings.EMAIL_HOST_PASSWORD = ""
    yield server
    server.thread.join(5)


def test_a_real_server_takes_the_mail(people, told, post):
    notice = told(people.ana, text="Größe\r\nBcc: all@example.net")
    assert mailing.send_due(now=NOON) == 1
    post.thread.join(5)
    assert post.to == ["RCPT TO:<ANA@EXAMPLE.NET>"]
    assert "\r\nBcc:" not in post.data
    assert state(notice) == "sent"


def test_a_server_that_is_away_costs_one_try_and_no_error(people, told, settings):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = "127.0.0.1", port, 1
    settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
    settings.EMAIL_HOST_USER = ""
    first, second = told(people.ana), told(people.rosa)
    assert mailing.send_due(now=NOON) == 0
    assert (state(first), first.mail_attempts, state(second), second.mail_attempts) == ("waiting", 1, "waiting", 1)
