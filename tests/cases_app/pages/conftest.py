"""What the tests of case pages share: the world of the alert pages, and cases made as people make them."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
from django.test import Client
from pytest_django import DjangoDbBlocker

from alerts.models import Alert
from cases import opening, todo
from cases.models import Case, Task
from tests.alerts.pages import world as worlds
from tests.alerts.pages.world import World
from tests.kept import laid_once

HTMX = {"HX-Request": "true"}
OpenCase = Callable[..., Case]
SignIn = Callable[[str], Client]


def by(world: World, name: str = "ana") -> dict[str, Any]:
    """Who acts, when, and for which teams."""
    return {"actor": world.people[name], "now": world.now, "team_ids": [world.team.pk]}


@pytest.fixture(scope="module")
def _laid(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Callable[[], World]]:
    with laid_once(worlds.build, django_db_blocker) as copy:
        yield copy


@pytest.fixture
def world(_laid: Callable[[], World], db: None) -> World:
    """People, keys and rules; no alert yet."""
    return _laid()


@pytest.fixture
def sign_in(world: World) -> SignIn:
    """A browser of one of the people."""

    def signed_in(name: str) -> Client:
        client = Client()
        client.force_login(world.people[name], backend="django.contrib.auth.backends.ModelBackend")
        return client

    return signed_in


@pytest.fixture
def ana(sign_in: SignIn) -> Client:
    """The analyst's browser."""
    return sign_in("ana")


@pytest.fixture
def alerts(world: World) -> list[Alert]:
    """Three alerts of the default team, two of them on the same host."""
    return world.send([world.perl(1), world.perl(2), world.perl(4)])


@pytest.fixture
def open_case(world: World) -> OpenCase:
    """Opens a case as Ana."""

    def opened(alerts: Sequence[Alert] = (), **fields: Any) -> Case:
        values: dict[str, Any] = {
            "title": "Shells on the databases",
            "severity": 3,
            "owner": world.ana,
            "team": world.team,
        }
        return opening.open_case(alert_ids=[alert.pk for alert in alerts], **(values | by(world) | fields))

    return opened


@pytest.fixture
def case(open_case: OpenCase, alerts: list[Alert]) -> Case:
    """A case with three alerts."""
    return open_case(alerts)


@pytest.fixture
def task(world: World, case: Case) -> Task:
    """A task in it."""
    return todo.add_task(case_id=case.pk, text="Reset the secrets", **by(world))
