"""The people of the tests: Vera views, Ana is an analyst, Rosa writes rules, Mona manages, Adam administers.

Otto is an engineer of another team. A folder's conftest.py imports the fixture `people`; `sign_in(person)` gives a
client of theirs.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
from django.test import Client

from accounts.keys import create_key
from accounts.models import ApiKey, Team, User
from accounts.roles import Role
from accounts.selectors import default_team

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


@dataclass(frozen=True)
class People:
    """Everybody, their two teams, and an agent's key of the first."""

    vera: User
    ana: User
    rosa: User
    mona: User
    adam: User
    otto: User
    core: Team
    retail: Team
    key: ApiKey
    presented: str

    @property
    def header(self) -> str:
        """What the agent sends as `Authorization`."""
        return f"ApiKey {self.presented}"


def make_person(username: str, role: Role, *teams: Team) -> User:
    """A person without a usable password: tests sign in by force, and hashing one takes a tenth of a second."""
    user = User(username=username, first_name=username.capitalize(), role=role)
    user.set_unusable_password()
    user.save()
    user.teams.set(teams)
    return user


def make_people() -> People:
    """Everybody, in the current database."""
    core = default_team()
    retail, _ = Team.objects.get_or_create(slug="retail", defaults={"name": "Retail"})
    key, presented = create_key(name="agent", team=core, actor=None, now=NOON)
    return People(
        vera=make_person("vera", Role.VIEWER, core),
        ana=make_person("ana", Role.ANALYST, core),
        rosa=make_person("rosa", Role.ENGINEER, core),
        mona=make_person("mona", Role.MANAGER, core),
        adam=make_person("adam", Role.ADMIN, core),
        otto=make_person("otto", Role.ENGINEER, retail),
        core=core,
        retail=retail,
        key=key,
        presented=presented,
    )


@pytest.fixture
def people(db: None) -> People:
    """Everybody."""
    return make_people()


def sign_in(person: User | None) -> Client:
    """A browser in which the person has signed in; nobody has, for None."""
    client = Client()
    if person is not None:
        client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    return client


def said(pattern: str, text: str) -> str:
    """What the first group of `pattern` holds in `text`, which must have it."""
    found = re.search(pattern, text)
    assert found, f"{pattern} is not in: {text[:2000]}"
    return str(found[1])


def htmx(client: Client) -> Client:
    """The same browser, asking as htmx does."""
    client.defaults["HTTP_HX_REQUEST"] = "true"
    return client
