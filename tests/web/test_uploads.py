"""Files in forms: nobody takes any, and nothing of them is written, least of all for strangers."""

from typing import Any, NoReturn

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile, TemporaryUploadedFile
from django.core.handlers.wsgi import WSGIRequest
from django.test import Client, RequestFactory

from soc.web.uploads import NoFiles
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
    assert [type(handler) for handler in request.upload_handlers] == [NoFiles]


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
