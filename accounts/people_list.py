"""The list of people for administrators: who they are, what they may, and whether they are well protected."""

from dataclasses import dataclass
from typing import Any

from allauth.mfa.models import Authenticator
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Lower

from accounts.access import need
from accounts.models import ApiKey, User
from accounts.roles import Permission, Role
from accounts.second_factor import FACTORS
from soc.web import counts, paging

PAGE = 50
_SALT = "people"
STATES = (
    ("", "everybody"),
    ("active", "active"),
    ("deactivated", "deactivated"),
    ("unprotected", "no second factor"),
    ("never", "never signed in"),
)


@dataclass(frozen=True, slots=True)
class PeopleFilters:
    """Whom to list; nothing set: everybody."""

    q: str = ""
    role: str = ""
    team: int | None = None
    state: str = ""


@dataclass(frozen=True, slots=True)
class PersonRow:
    """One line of the list."""

    person: User
    teams: str
    protected: bool


def listing(*, user: User, filters: PeopleFilters, after: str | None, limit: int = PAGE) -> paging.KeyPage[PersonRow]:
    """The people that follow the key `after`, by name. Two queries. Raises: NotAllowed."""
    need(user, Permission.MANAGE_USERS)
    start = paging.read_key(after, _SALT)
    found = _filtered(filters).annotate(sort_name=Lower("username"), protected=_protected()).prefetch_related("teams")
    if start.values and len(start.values) == 1:
        found = found.filter(sort_name__gt=start.values[0])
    people = list(found.order_by("sort_name")[: limit + 1])
    return paging.cut([_row(person) for person in people], limit, _key_of, _SALT, start.notice)


def active_people() -> counts.Count:
    """How many people can sign in. One query, capped."""
    return counts.capped(User.objects.filter(is_active=True))


def protection_by_role() -> dict[str, tuple[int, int]]:
    """For each role: how many active people have a second factor, and how many there are. One query."""
    found: dict[str, tuple[int, int]] = {role.value: (0, 0) for role in Role}
    people = User.objects.filter(is_active=True).annotate(protected=_protected())
    for role, protected in people.values_list("role", "protected"):
        have, all_of = found.get(role, (0, 0))
        found[role] = (have + bool(protected), all_of + 1)
    return found


def keys_acting_for(person: User) -> QuerySet[ApiKey]:
    """The keys in use that act for a person, which stop when the person is deactivated."""
    return ApiKey.objects.filter(acts_for=person, revoked_at=None).select_related("team").order_by("-created_at")


def _filtered(filters: PeopleFilters) -> "QuerySet[User]":
    people = User.objects.filter(**_exact(filters))
    if filters.q:
        named = Q()
        for field in ("username", "first_name", "last_name", "email"):
            named |= Q(**{f"{field}__icontains": filters.q})
        people = people.filter(named)
    if filters.state == "unprotected":
        people = people.filter(~_protected())
    return people


def _exact(filters: PeopleFilters) -> dict[str, Any]:
    wanted: dict[str, Any] = {"role": filters.role, "teams": filters.team}
    states: dict[str, dict[str, Any]] = {
        "active": {"is_active": True},
        "deactivated": {"is_active": False},
        "unprotected": {"is_active": True},
        "never": {"last_login__isnull": True},
    }
    return {name: value for name, value in wanted.items() if value not in ("", None)} | states.get(filters.state, {})


def _protected() -> Exists:
    return Exists(Authenticator.objects.filter(user=OuterRef("pk"), type__in=FACTORS))


def _row(person: Any) -> PersonRow:
    return PersonRow(person, ", ".join(sorted(str(team) for team in person.teams.all())), bool(person.protected))


def _key_of(row: PersonRow) -> tuple[str]:
    return (row.person.username.lower(),)
