"""Requests that nobody would write, made by schemathesis from the API's own description, sent as everybody.

Each request is made once and sent by each role and by an outsider; what it changed is taken back. Whatever comes: no
5xx, an answer as described, and nothing read or written that the role or the team may not. API_EXAMPLES asks for more
requests an operation than the usual few (the suite has ten minutes for everything).
"""

import json
import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import hypothesis
import pytest
import schemathesis
from django.core.handlers.wsgi import WSGIHandler
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, transaction
from schemathesis.checks import not_a_server_error
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from accounts.api import throttle
from accounts.keys import create_key
from accounts.models import Change
from accounts.roles import PERMISSIONS, Permission, Role
from alerts.models import Alert
from events.models import Batch
from tests.api.operations import Operation, operations
from tests.api.requests import good_bodies
from tests.api.world import Site

EXAMPLES = int(os.environ.get("API_EXAMPLES", "3"))
# What of a body names something that is there, and cannot be made up.
NAMING = ("version", "alerts", "team", "assignee", "owner", "group", "alert")
EVERYBODY = ("vera", "ana", "rosa", "mona", "adam", "otto")
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
SETTINGS = hypothesis.settings(
    derandomize=True,
    deadline=None,
    database=None,
    phases=[hypothesis.Phase.generate],
    suppress_health_check=list(hypothesis.HealthCheck),
)


@pytest.fixture
def schema(site: Site, monkeypatch: Any) -> Iterator[Any]:
    """The API as its address describes it, behind the real WSGI application, within the test's transaction."""
    for signal in (request_started, request_finished):  # as Django's own test client does
        signal.disconnect(close_old_connections)
    monkeypatch.setattr(throttle, "REQUESTS_A_MINUTE", 10**9)
    yield schemathesis.openapi.from_wsgi("/api/v1/schema?format=json", WSGIHandler())
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


def _requests(described: Any, mode: GenerationMode, send: Callable[[Any], None], examples: int = EXAMPLES) -> None:
    """Make requests for one operation; the same ones each time."""

    @hypothesis.seed(7)
    @hypothesis.settings(SETTINGS, max_examples=examples)
    @hypothesis.given(case=described.as_strategy(generation_mode=mode))
    def one(case: Any) -> None:
        send(case)

    with suppress(hypothesis.errors.Unsatisfiable):  # nothing can be wrong about a name that may be any text
        one()


def _sent_as_everybody(site: Site, operation: Operation, case: Any, checks: list[Any]) -> None:
    for who in EVERYBODY:
        with transaction.atomic():
            record = Change.objects.filter(team=site.team) if who == "otto" else Change.objects.all()
            before = record.count()
            answer = case.call(headers={"Authorization": site.headers[who]})
            written = record.count() - before
            transaction.set_rollback(True)
        case.validate_response(answer, checks=checks)
        _kept_from(site, operation, who, answer, written)


def _kept_from(site: Site, operation: Operation, who: str, answer: Any, written: int) -> None:
    """Nothing was read or written that the person may not."""
    if Permission(operation.permission) not in PERMISSIONS[Role(site.people[who].role)]:
        assert answer.status_code >= 400, f"{operation.name} as {who}: {answer.status_code}"
        assert not written, f"{operation.name} as {who} was written down"
    if who == "otto":
        assert not written, f"{operation.name}: otto wrote in the record of a team that he is not in"
        told = [secret for secret in _secrets(site) if secret in answer.text]
        assert not told, f"{operation.name} told otto {told}"


def _secrets(site: Site) -> list[str]:
    host = str(Alert.objects.values_list("host_name", flat=True).get(pk=site.named["alert_id"]))
    return [host, site.named["uid"], "Perl on db-1", "known good", "Looked at it with", "known bad"]


def _at_what_is_there(operation: Operation, case: Any, site: Site) -> Any:
    """The request, about things that are there: made-up numbers hardly ever name one."""
    named = {**site.named, "alert_id": site.named["in_case" if "cases" in case.path else "alert_id"]}
    case.path_parameters = {name: named[name] for name in case.path_parameters}
    good = good_bodies(site).get(operation.name, {})
    if isinstance(case.body, dict):
        case.body |= {name: good[name] for name in NAMING if name in case.body and name in good}
    return case


def _written_out(case: Any) -> str:
    """All that a request says but who sends it, which is put in later: made for what is there, many are the same."""
    headers = {name: value for name, value in case.headers.items() if name != "Authorization"}
    return repr((case.path_parameters, case.query, headers, case.cookies, case.body, case.media_type))


def _described(schema: Any) -> list[tuple[Operation, Any]]:
    ours = {operation.name: operation for operation in operations()}
    told = {one.definition.raw["operationId"]: one for one in _all(schema)}
    assert told.keys() == ours.keys() | {"send_events"}, "an operation is left out"
    return [(ours[name], described) for name, described in told.items() if name in ours]


def _all(schema: Any) -> list[Any]:
    return [result.ok() for result in schema.get_all_operations()]


@schemathesis.serializer("application/x-ndjson")
def lines(_context: Any, value: Any) -> bytes:
    """The body of agents: as made if it is text, else a line for each thing."""
    if isinstance(value, bytes | str):
        return value if isinstance(value, bytes) else value.encode("utf-8", "replace")
    return b"\n".join(json.dumps(one).encode() for one in (value if isinstance(value, list) else [value]))


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
def test_agents_may_send_anything(site, schema, mode):
    (described,) = [one for one in _all(schema) if one.definition.raw["operationId"] == "send_events"]
    agent = create_key(name="fuzz", team=site.team, actor=None, now=site.world.now)[1]
    presented = {
        f"ApiKey {agent}": True,
        site.headers["ana"]: True,
        site.header_for(site.people["ana"], ["events:read"]): False,
        "": False,
    }
    statuses = set()

    def send(case: Any) -> None:
        for header, may in presented.items():
            with transaction.atomic():
                before = Batch.objects.count()
                answer = case.call(headers={"Authorization": header} if header else {})
                stored = Batch.objects.count() - before
                transaction.set_rollback(True)
            case.validate_response(answer, checks=CHECKS)
            statuses.add(answer.status_code)
            assert may or (answer.status_code in {401, 403} and not stored), answer.status_code

    _requests(described, mode, send, examples=10 * EXAMPLES)
    assert {200, 401, 403} <= statuses


def test_no_sound_request_breaks_anything_or_tells_too_much(site, schema):
    for operation, described in _described(schema):
        sent: set[str] = set()

        def as_made(case: Any, operation: Operation = operation, sent: set[str] = sent) -> None:
            if (request := _written_out(case)) not in sent:
                sent.add(request)
                _sent_as_everybody(site, operation, case, CHECKS)

        def at_what_is_there(case: Any, operation: Operation = operation, send: Any = as_made) -> None:
            send(_at_what_is_there(operation, case, site))

        if operation.names_object or operation.has_body:
            _requests(described, GenerationMode.POSITIVE, at_what_is_there)
            _requests(described, GenerationMode.POSITIVE, as_made, examples=max(1, EXAMPLES // 3))
        else:
            _requests(described, GenerationMode.POSITIVE, as_made)


def test_no_unsound_request_is_taken(site, schema):
    for operation, described in _described(schema):

        def as_made(case: Any, operation: Operation = operation) -> None:
            _sent_as_everybody(site, operation, case, [*CHECKS, negative_data_rejection])

        if operation.has_body or (operation.method == "GET" and described.definition.raw.get("parameters")):
            _requests(described, GenerationMode.NEGATIVE, as_made)
