"""The API's description: whole, sound, compared with what it was, and docs/api.md says what the code does."""

import os
import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.core.management import call_command
from django.test import Client

from accounts.models import Team
from accounts.scopes import Scope
from alerts.models import Alert
from soc.web.errors import CODES
from tests.api.operations import description, operations
from tests.api.world import Site

HERE = Path(__file__).resolve().parent
SNAPSHOT = HERE / "openapi.yaml"
PAGE = (HERE.parent.parent / "docs" / "api.md").read_text(encoding="utf-8")


def test_the_description_is_sound_and_like_the_stored_one(tmp_path):
    made = tmp_path / "openapi.yaml"
    call_command("spectacular", file=str(made), validate=True, fail_on_warn=True)
    text = made.read_text(encoding="utf-8")
    if os.environ.get("API_SNAPSHOT") == "write":
        SNAPSHOT.write_text(text, encoding="utf-8")
    assert text == SNAPSHOT.read_text(encoding="utf-8"), "look at the difference, then: API_SNAPSHOT=write pytest …"


def test_anybody_may_read_the_description(db):
    answer = Client().get("/api/v1/schema?format=json")
    assert answer.status_code == 200
    assert answer.json()["paths"].keys() == description()["paths"].keys()


def test_every_operation_tells_its_scope_its_permission_and_its_errors():
    stored = yaml.safe_load(SNAPSHOT.read_text(encoding="utf-8"))
    for operation in operations():
        told = stored["paths"][operation.path][operation.method.lower()]
        assert {"400", "401", "403", "429", "503"} <= set(told["responses"]), operation.name
        assert "404" in told["responses"] or not operation.names_object, operation.name
        assert {"ApiKey": []} in told["security"], operation.name
        assert {"Session": []} in told["security"], operation.name
        if operation.scope:
            assert operation.scope in told["description"]


def test_every_operation_that_changes_an_object_is_for_those_who_may_write():
    # These are POST because what is asked is long.
    reads = {"exception_preview", "exception_preview_edit", "events_esql", "events_eql"}
    for operation in operations():
        if operation.method != "GET" and operation.name not in reads:
            assert operation.scope, operation.name
            assert operation.scope.endswith(":write"), operation.name


def test_the_page_lists_every_scope_and_nothing_else():
    rows = re.findall(r"^\| `([a-z]+:[a-z]+)` \| (.+) \|$", PAGE, re.MULTILINE)
    assert rows == [(scope.value, scope.label) for scope in Scope]


def test_every_scope_is_of_use():
    used = {operation.scope for operation in operations()}
    assert used | {Scope.EVENTS_WRITE.value} == set(Scope.values) | {None}


def test_the_page_lists_every_usual_code():
    told = {int(status): codes for status, codes in re.findall(r"^\| (\d{3}) \| (`.+?) \|", PAGE, re.MULTILINE)}
    for status, code in CODES.items():
        assert status == 500 or f"`{code}`" in told[status]


def _examples() -> list[str]:
    blocks = [text for _, text in re.findall(r"^```(\w*)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)]
    lines = "".join(blocks).replace("\\\n", " ").splitlines()
    return [line for line in lines if line.startswith("curl ")]


def _request(command: str, values: dict[str, str], events: bytes) -> tuple[str, str, dict[str, Any]]:
    """Method, address and what else Django's client takes, of a curl command."""
    for name, value in values.items():
        command = command.replace(f"${name}", value)
    words, headers, data, in_query, address = shlex.split(command)[1:], {}, None, False, ""
    while words:
        word = words.pop(0)
        if word == "-H":
            name, _, value = words.pop(0).partition(": ")
            headers[name] = value
        elif word in ("-d", "--data-binary", "--data-urlencode"):
            data = words.pop(0)
        elif word == "-G":
            in_query = True
        else:
            address = word
    if in_query:
        name, _, value = str(data).partition("=")
        return "GET", address, {"query_params": {name: value}, "headers": headers}
    content = events if data == "@events.ndjson" else data
    more = {} if content is None else {"data": content, "content_type": headers["Content-Type"]}
    return ("GET" if content is None else "POST"), address, {**more, "headers": headers}


def test_there_are_examples():
    assert len(_examples()) >= 7


@pytest.mark.parametrize("command", _examples(), ids=lambda command: command.split("/api/v1/")[-1][:30])
def test_the_examples_work(site: Site, command: str):
    alert = Alert.objects.get(pk=site.named["alert_id"])
    header = site.header_for(site.people["ana"], list(Scope.values))
    values = {
        "WATCHBILL": "",
        "KEY": header.removeprefix("ApiKey "),
        "ALERT": str(alert.pk),
        "VERSION": str(alert.version),
        "CASE": str(site.named["case_id"]),
        "TEAM": str(Team.objects.get(pk=alert.team_id).pk),
    }
    method, address, more = _request(command, values, b'{"@timestamp": "2026-11-20T10:00:00Z", "message": "hello"}\n')
    answer = Client().generic(method, address, **more)
    assert answer.status_code in (200, 201), answer.content
