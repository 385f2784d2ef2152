"""What the page tests share: the world, and clients of its people."""

from collections.abc import Callable

import pytest
from django.test import Client

from tests.alerts.pages import world as worlds
from tests.alerts.pages.world import World

HTMX = {"HX-Request": "true"}
SignIn = Callable[[str], Client]


@pytest.fixture
def world(db: None) -> World:
    """People, keys and rules; no alert yet."""
    return worlds.build()


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
