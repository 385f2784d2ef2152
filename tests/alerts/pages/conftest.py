"""What the page tests share: the world, and clients of its people."""

from collections.abc import Callable, Iterator

import pytest
from django.test import Client
from pytest_django import DjangoDbBlocker

from tests.alerts.pages import world as worlds
from tests.alerts.pages.world import World
from tests.kept import laid_once

HTMX = {"HX-Request": "true"}
SignIn = Callable[[str], Client]


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
