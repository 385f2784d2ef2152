"""Files in forms: only pages that say so take one, from who has signed in, and nothing is written to the disk."""

from types import SimpleNamespace
from typing import Any, NoReturn

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile, TemporaryUploadedFile
from django.core.handlers.wsgi import WSGIRequest
from django.test import Client, RequestFactory

from rules.models import ValueList
from rules.value_lists.reading import MAX_BYTES
from rules.value_lists.selectors import as_text
from soc.web.uploads import FormFiles, takes_file
from tests.people import sign_in


def _form(*files: bytes, **fields: str) -> WSGIRequest:
    data = {f"file{number}": SimpleUploadedFile("x", content) for number, content in enumerate(files)}
    return RequestFactory().post("/login/", {**fields, **data})


@pytest.fixture
def _no_disk(monkeypatch):
    def refuse(*_args: Any, **_kwargs: Any) -> NoReturn:
        raise AssertionError("something was written to the disk")

    monkeypatch.setattr(TemporaryUploadedFile, "__init__", refuse)


@pytest.mark.usefixtures("_no_disk")
def test_the_fields_of_a_form_are_read_and_its_files_are_not():
    request = _form(b"a" * 4_000_000, b"b", b"", login="ana", note="after")
    assert request.POST.dict() == {"login": "ana", "note": "after"}
    assert dict(request.FILES) == {}
    assert [type(handler) for handler in request.upload_handlers] == [FormFiles]


@pytest.mark.usefixtures("_no_disk")
def test_a_stranger_writes_nothing_to_the_disk(db):
    answer = Client(enforce_csrf_checks=True).post("/login/", {"f": SimpleUploadedFile("x", b"a" * 4_000_000)})
    assert answer.status_code == 403


@pytest.mark.usefixtures("_no_disk")
def test_a_form_that_is_too_large_is_turned_away_unread(db, settings):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 10_000
    answer = Client(raise_request_exception=False).post("/login/", {"f": SimpleUploadedFile("x", b"a" * 20_000)})
    assert answer.status_code in {400, 413}


@pytest.mark.usefixtures("_no_disk")
def test_a_page_still_takes_what_is_sent_as_a_form_with_files(people):
    sent = {"first_name": "Ana", "last_name": "Lim", "time_zone": "UTC", "f": SimpleUploadedFile("x", b"a")}
    assert sign_in(people.ana).post("/settings/you/", sent).status_code == 302
    people.ana.refresh_from_db()
    assert people.ana.last_name == "Lim"


LISTS = "/settings/lists/"


def _file(content: bytes) -> SimpleUploadedFile:
    return SimpleUploadedFile("hosts.csv", content, "text/csv")


def _new(client: Client, content: bytes | None, values: str = "") -> Any:
    told = {"list_id": "hosts", "name": "Hosts", "type": "keyword", "values": values}
    return client.post(f"{LISTS}new/", told | ({"file": _file(content)} if content is not None else {}), follow=True)


def _held() -> list[str]:
    return list(as_text(ValueList.objects.get(pk="hosts")))


@pytest.mark.usefixtures("_no_disk")
def test_a_list_is_made_of_a_file_and_of_what_was_typed(people):
    assert _new(sign_in(people.rosa), b"\xef\xbb\xbfdb-1\r\ndb-2\r\n", "db-0").status_code == 200
    assert _held() == ["db-0", "db-1", "db-2"]


@pytest.mark.usefixtures("_no_disk")
def test_values_of_a_file_are_added_and_replace(people):
    rosa = sign_in(people.rosa)
    _new(rosa, None, "db-1")
    rosa.post(f"{LISTS}hosts/values/", {"how": "append", "values": "", "file": _file(b"db-2\n")})
    assert _held() == ["db-1", "db-2"]
    rosa.post(f"{LISTS}hosts/values/", {"how": "replace", "values": "", "version": "2", "file": _file(b"db-3\n")})
    assert _held() == ["db-3"]
    nothing = rosa.post(f"{LISTS}hosts/values/", {"how": "replace", "values": " "})
    assert (nothing.status_code, _held()) == (422, ["db-3"])


@pytest.mark.usefixtures("_no_disk")
@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"x" * (MAX_BYTES + 1), "up to 10 MB"),
        (b"\xff\xfed\x00b\x00", "no text in UTF-8"),
        (b"db\0", "no text"),
        (b"a" * 9_000 + b"\ndb-1", "Line 1"),
    ],
    ids=["too large", "UTF-16", "NUL", "a line too long"],
)
def test_a_file_that_does_not_hold_is_refused_with_the_reason(people, content, said):
    answer = _new(sign_in(people.rosa), content)
    assert answer.status_code == 422
    assert said.lower() in answer.content.decode().lower()
    assert not ValueList.objects.exists()


def test_a_file_of_any_length_is_held_no_further_than_the_page_takes(people):
    request = RequestFactory().post("/x/", {"file": _file(b"a" * 100_000), "other": _file(b"b"), "f": "1"})
    request.user, match = people.rosa, SimpleNamespace(func=takes_file(1_000)(lambda: None))
    request.resolver_match = match  # type: ignore[assignment]
    assert request.POST.dict() == {"f": "1"}
    assert {name: one.size for name, one in request.FILES.items()} == {"file": 1_001}


@pytest.mark.usefixtures("_no_disk")
def test_a_stranger_and_who_may_not_make_lists_send_files_for_nothing(people):
    told = {"list_id": "hosts", "name": "Hosts", "type": "keyword", "file": _file(b"db-1")}
    assert Client().post(f"{LISTS}new/", told).status_code == 302
    told["file"] = _file(b"db-1")
    assert sign_in(people.ana).post(f"{LISTS}new/", told).status_code == 403
    assert not ValueList.objects.exists()
