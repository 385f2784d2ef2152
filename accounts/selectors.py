"""Reads about people and teams."""

from collections.abc import Iterable

from django.db.models import F, QuerySet

from accounts.access import REMEMBERED_TEAMS, may
from accounts.models import ApiKey, Change, RolePolicy, Team, User
from accounts.roles import PERMISSIONS, Permission, Role


def teams_of(user: User) -> list[int]:
    """The ids of the teams whose events, alerts and keys the person sees; an administrator sees all.

    One query; asked again while a page is answered, none (accounts.access.page says when that begins).
    """
    remembered: dict[str, list[int]] | None = getattr(user, REMEMBERED_TEAMS, None)
    if remembered is None:
        return _read_teams_of(user)
    if user.role not in remembered:
        remembered[user.role] = _read_teams_of(user)
    return list(remembered[user.role])


def _read_teams_of(user: User) -> list[int]:
    teams = Team.objects.all() if may(user, Permission.MANAGE_USERS) else user.teams.all()
    return list(teams.order_by("id").values_list("id", flat=True))


def sees_beyond(user: User, team_id: int) -> bool:
    """Whether the person has teams besides this one, whatever a key narrows the person to now. One query."""
    return any(team != team_id for team in _read_teams_of(user))


def default_team() -> Team:
    """The team that everything belongs to until somebody needs a second one; made when first asked for."""
    team, _ = Team.objects.get_or_create(is_default=True, defaults={"name": "Default", "slug": "default"})
    return team


def people_of_teams(team_ids: Iterable[int]) -> QuerySet[User]:
    """Everybody who sees what belongs to these teams: members, and administrators."""
    people = User.objects.filter(is_active=True)
    seeing = people.filter(teams__in=list(team_ids)) | people.filter(role=Role.ADMIN)
    return seeing.distinct().order_by("first_name", "last_name", "username")


def people_to_assign(team_ids: Iterable[int]) -> QuerySet[User]:
    """Who can be given an alert of one of these teams: members who may triage, and administrators."""
    triagers = [role for role in Role if Permission.TRIAGE in PERMISSIONS[role]]
    people = User.objects.filter(is_active=True, role__in=triagers)
    members = people.filter(teams__in=list(team_ids)) | people.filter(role=Role.ADMIN)
    return members.distinct().order_by("first_name", "last_name", "username")


def keys_seen_by(user: User) -> QuerySet[ApiKey]:
    """The keys of the person's teams, those in use first, newest first."""
    return (
        ApiKey.objects.filter(team__in=teams_of(user))
        .select_related("team", "created_by", "acts_for")
        .order_by(F("revoked_at").desc(nulls_first=True), "-created_at")
    )


def changes_of(object_type: str, team_ids: Iterable[int], limit: int = 10) -> QuerySet[Change]:
    """The newest entries of the record about one kind of thing, within teams."""
    changes = Change.objects.filter(object_type=object_type, team__in=list(team_ids))
    return changes.select_related("actor").order_by("-at", "-id")[:limit]


def policy_of(role: str) -> RolePolicy:
    """What holds for everybody of a role; the defaults where nobody has decided anything. One query."""
    return RolePolicy.objects.filter(pk=role).first() or RolePolicy(role=role)
