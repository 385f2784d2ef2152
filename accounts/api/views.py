"""Who calls, with whom he works, the API keys of his teams, and his notices."""

from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q
from rest_framework import serializers

from accounts import inbox, keys, selectors
from accounts.api import answers
from accounts.api.view import ApiView, operation
from accounts.local_path import local_path
from accounts.models import ApiKey, Notice, Team
from accounts.roles import PERMISSIONS, Permission, Role
from accounts.scopes import Scope
from soc.web.api.errors import forbidden, not_found, refused
from soc.web.api.inputs import Id, Moment, PageQuery, Strict
from soc.web.api.pages import after_of, bad_key, page_of
from soc.web.paging import cut

KEYS_SALT = "api.keys"
MANAGE = Permission.MANAGE_KEYS
WHOSE = "For a session, or a key whose person has no team but the key's: notices come from all teams of a person."


class PeopleQuery(Strict):
    """Whom to list."""

    may = serializers.ChoiceField(
        choices=["anything", "triage"], required=False, default="anything", help_text="`triage`: who can own alerts."
    )


class KeyBody(Strict):
    """A new key. One with a scope beyond `events:write` acts for who makes it."""

    name = serializers.CharField(max_length=80)
    team = Id()
    scopes = serializers.ListField(
        child=serializers.ChoiceField(choices=Scope.choices), min_length=1, max_length=len(Scope.values)
    )
    expires_at = Moment(allow_null=True, required=False, default=None)


class ReplaceBody(Strict):
    """How long the old key still works."""

    overlap_hours = serializers.IntegerField(min_value=0, max_value=30 * 24, required=False, default=24)


class ReadBody(Strict):
    """Up to which notice."""

    upto = Id(required=False, allow_null=True, default=None, help_text="`newest` of the list; null for all.")


class MeView(ApiView):
    """The caller."""

    @operation("me", "Who am I", scope=None, answer=answers.MeAnswer)
    def get(self) -> dict[str, Any]:
        """The person, and what role, teams and key open."""
        user = self.user
        return {
            "person": user,
            "email": user.email,
            "role": user.role,
            "time_zone": user.time_zone,
            "permissions": sorted(permission.value for permission in PERMISSIONS[Role(user.role)]),
            "teams": Team.objects.filter(pk__in=self.teams).order_by("name"),
            "key": self.key.pk if self.key else None,
            "scopes": list(self.key.scopes) if self.key else None,
            "saves_exceptions": selectors.policy_of(user.role).exceptions,
            "unread_notices": inbox.unread(user).number,
        }


class PeopleView(ApiView):
    """Colleagues."""

    @operation(
        "people_list",
        "The people of one's teams, by name",
        scope=None,
        query=PeopleQuery,
        answer=answers.PeopleAnswer,
        description="Whom work can be given to, or who can be called in a comment.",
    )
    def get(self) -> dict[str, Any]:
        """Names only."""
        of = selectors.people_to_assign if self.query["may"] == "triage" else selectors.people_of_teams
        return {"items": of(self.teams)}


class TeamsView(ApiView):
    """Teams."""

    @operation("teams_list", "One's teams", scope=None, answer=answers.TeamsAnswer)
    def get(self) -> dict[str, Any]:
        """Names only."""
        return {"items": Team.objects.filter(pk__in=self.teams).order_by("name")}


class KeysView(ApiView):
    """API keys."""

    @operation(
        "keys_list",
        "API keys of one's teams, newest first",
        scope=Scope.KEYS_READ,
        may_who=MANAGE,
        query=PageQuery,
        answer=answers.KeysAnswer,
    )
    def get(self) -> dict[str, Any]:
        """A page of keys. One query."""
        limit, after = self.query["limit"], after_of(self.query["after"], KEYS_SALT)
        found = selectors.keys_seen_by(self.user).select_related("acts_for")
        if after.values is not None:
            at, key_id = datetime.fromisoformat(after.values[0]), after.values[1]
            found = found.filter(Q(created_at__lt=at) | Q(created_at=at, pk__lt=key_id))
        rows = list(found.order_by("-created_at", "-pk")[: limit + 1])
        page = cut(rows, limit, lambda key: (key.created_at.isoformat(), key.pk), KEYS_SALT)
        return page_of(page.items, page.next_key)

    @operation(
        "key_create",
        "Make an API key",
        scope=Scope.KEYS_WRITE,
        may_who=MANAGE,
        body=KeyBody,
        answer=answers.NewKeyAnswer,
        status=201,
        description="The secret is in this answer and nowhere else. A key makes none that opens more "
        "than itself, or works longer.",
        examples={"agent": {"name": "db servers", "team": 1, "scopes": ["events:write"], "expires_at": None}},
    )
    def post(self) -> dict[str, Any]:
        """The new key."""
        said = dict(self.body)
        if said["expires_at"] is not None and said["expires_at"] <= self.now:
            raise refused("expired", "The expiry lies in the past.", {"expires_at": ["Say a later time."]})
        team = Team.objects.filter(pk=said.pop("team"), pk__in=self.teams).first()
        if team is None:
            raise refused("no_such_team", "None of your teams has this id.", {"team": ["Not one of your teams."]})
        key, presented = keys.create_key(team=team, through=self.key, **said, **self.acting)
        return {"key": key, "presented": presented}


class ReplaceKeyView(ApiView):
    """A key's successor."""

    @operation(
        "key_replace",
        "Replace a key; the old one works for a while",
        scope=Scope.KEYS_WRITE,
        may_who=MANAGE,
        body=ReplaceBody,
        answer=answers.NewKeyAnswer,
        status=201,
        errors=(404, 409),
    )
    def post(self, key_id: str) -> dict[str, Any]:
        """The new key; a key that acts for a person is replaced by that person alone."""
        overlap = timedelta(hours=self.body["overlap_hours"])
        old = _key_of(self, key_id)
        key, presented = keys.replace_key(key=old, overlap=overlap, through=self.key, **self.acting)
        return {"key": key, "presented": presented}


class RevokeKeyView(ApiView):
    """A key's end."""

    @operation(
        "key_revoke",
        "Stop a key for good",
        scope=Scope.KEYS_WRITE,
        may_who=MANAGE,
        answer=answers.KeyAnswer,
        errors=(404,),
    )
    def post(self, key_id: str) -> ApiKey:
        """A second time changes nothing."""
        return keys.revoke_key(key=_key_of(self, key_id), **self.acting)


class NoticesView(ApiView):
    """Notices."""

    @operation(
        "notices_list",
        "One's notices",
        scope=Scope.CASES_READ,
        query=PageQuery,
        answer=answers.NoticesAnswer,
        description=WHOSE,
    )
    def get(self) -> dict[str, Any]:
        """A page of notices."""
        _need_all_teams(self)
        found = inbox.inbox(user=self.user, after=self.query["after"] or None, limit=self.query["limit"])
        if found.page.notice:
            raise bad_key()
        for notice in found.page.items:
            notice.path = local_path(notice.path)
        return page_of(found.page.items, found.page.next_key, unread=found.unread.number, newest=found.newest)


class ReadNoticesView(ApiView):
    """Notices read."""

    @operation(
        "notices_read",
        "Mark one's notices read",
        scope=Scope.CASES_WRITE,
        body=ReadBody,
        answer=answers.ReadAnswer,
        description=WHOSE,
    )
    def post(self) -> dict[str, Any]:
        """All of them, or those up to a number."""
        _need_all_teams(self)
        return {"read": inbox.mark_read(user=self.user, now=self.now, upto=self.body["upto"])}


class ReadNoticeView(ApiView):
    """One notice read."""

    @operation(
        "notice_read",
        "Mark one notice read",
        scope=Scope.CASES_WRITE,
        answer=answers.NoticeAnswer,
        errors=(404,),
        description=WHOSE,
    )
    def post(self, notice_id: int) -> Notice:
        """One of the caller's own."""
        _need_all_teams(self)
        notice = inbox.open_notice(user=self.user, notice_id=notice_id, now=self.now)
        if notice is None:
            raise not_found()
        notice.path = local_path(notice.path)
        return notice


def _need_all_teams(view: ApiView) -> None:
    """Notices tell what happens in any of the person's teams, so a key of one team opens them only to who has no other.

    Raises: ApiError (403).
    """
    if view.key is not None and selectors.sees_beyond(view.user, view.key.team_id):
        sentence = "This key is for one team, and notices come from all teams of its person, who has more than one."
        raise forbidden("key_narrower", sentence)


def _key_of(view: ApiView, key_id: str) -> ApiKey:
    """A key of the caller's teams. Raises: ApiError (404)."""
    key = selectors.keys_seen_by(view.user).select_related("acts_for").filter(pk=key_id).first()
    if key is None:
        raise not_found()
    return key
