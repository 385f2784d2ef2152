"""Who may do what over the API: every operation tried as everybody, as an outsider, and with every scope alone."""

from typing import Any

from django.db import transaction

from accounts.roles import PERMISSIONS, Permission, Role
from accounts.scopes import Scope
from alerts.models import Alert
from tests.api.operations import Operation, operations
from tests.api.requests import good_bodies, query_of
from tests.api.world import Site, notice_for

OF_ALL_TEAMS = {"notices_list", "notices_read", "notice_read"}  # tests/api/test_callers.py tries these
OF_EVERYBODY = "list_"  # value lists are of no team: exceptions of all teams ask for them
EVERYBODY = ("vera", "ana", "rosa", "mona", "adam")


def _try(site: Site, operation: Operation, who: str | None, header: str | None = None, owner: str = "") -> Any:
    """The answer; whatever it changed is taken back."""
    with transaction.atomic():
        person = site.people[owner or who or "ana"]
        named = {**site.named, "notice_id": notice_for(person, site.world.now).pk}
        path = operation.address(named) + query_of(operation.name, site)
        body = good_bodies(site).get(operation.name) if operation.has_body else None
        answer = site.call(who, operation.method, path, body, header)
        transaction.set_rollback(True)
    return answer


def test_every_operation_with_a_body_has_a_good_request(site):
    missing = {one.name for one in operations() if one.has_body} - set(good_bodies(site))
    assert not missing, "add these to tests/api/requests.py"


def test_everybody_gets_in_where_the_permissions_say_and_nowhere_else(site):
    wrong = []
    for operation in operations():
        for who in EVERYBODY:
            answer = _try(site, operation, who)
            expected = Permission(operation.permission) in PERMISSIONS[Role(site.people[who].role)]
            if who == "adam" and operation.name in OF_ALL_TEAMS:
                expected = False  # who administers has every team, so no key of one team opens these
            let_in = answer.status_code < 500 and answer.status_code not in {400, 401, 403}
            if let_in != expected or (not expected and answer.status_code != 403):
                wrong.append(f"{operation.name} as {who}: {answer.status_code} {answer.content[:200]!r}")
    assert not wrong, "\n".join(wrong)


def test_nobody_gets_in_without_a_key_or_a_session(site):
    wrong = [one.name for one in operations() if _try(site, one, None).status_code != 401]
    assert not wrong


def test_an_engineer_of_another_team_finds_nothing_there(site):
    wrong = []
    for operation in operations():
        mine = operation.names_object and not operation.name.startswith(OF_EVERYBODY)
        if mine and Permission(operation.permission) in PERMISSIONS[Role.ENGINEER]:
            answer = _try(site, operation, "otto", owner="ana")
            if answer.status_code != 404:
                wrong.append(f"{operation.name}: {answer.status_code} {answer.content[:200]!r}")
    assert not wrong, "\n".join(wrong)


def test_no_list_tells_an_engineer_of_another_team_anything(site):
    alert = Alert.objects.get(pk=site.named["alert_id"])
    secrets = [
        str(alert.host_name),
        site.named["key_id"],
        site.named["uid"],
        "Perl on db-1",
        "known good",
        "backups",
        "known bad",
    ]
    for operation in operations():
        if operation.method == "GET" and not operation.names_object:
            text = _try(site, operation, "otto").content.decode()
            assert not [secret for secret in secrets if secret in text], operation.name
            assert _try(site, operation, "otto").status_code == 200, operation.name


def test_a_scope_opens_exactly_its_operations(site):
    wrong = []
    for scope in Scope.values:
        header = site.header_for(site.people["adam"], [scope])
        for operation in operations():
            answer = _try(site, operation, "adam", header)
            opened = operation.scope in (scope, None) and scope != Scope.EVENTS_WRITE  # that one alone acts for nobody
            told = answer.json()["error"] if answer.status_code == 403 else {"code": "", "detail": ""}
            is_missing = told["code"] == "scope_missing"
            says_which = scope == Scope.EVENTS_WRITE or str(operation.scope) in told["detail"]
            if opened == is_missing or (is_missing and not says_which):
                wrong.append(f"{operation.name} with {scope}: {answer.status_code} {told['detail']}")
    assert not wrong, "\n".join(wrong)
