"""How people, teams, keys and notices are written in answers."""

from typing import Any

from rest_framework import serializers

from accounts.models import Notice, RolePolicy
from accounts.roles import Permission, Role
from accounts.scopes import Scope
from soc.web.api.inputs import Moment


class PersonName(serializers.Serializer[Any]):
    """A person, as others see him."""

    id = serializers.IntegerField()
    username = serializers.CharField()
    name = serializers.CharField(source="__str__", help_text="How pages write the person.")


class TeamName(serializers.Serializer[Any]):
    """A team."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    slug = serializers.CharField()


class MeAnswer(serializers.Serializer[Any]):
    """Who calls, and what that opens."""

    person = PersonName()
    email = serializers.CharField()
    role = serializers.ChoiceField(choices=Role.choices)
    time_zone = serializers.CharField()
    permissions = serializers.ListField(child=serializers.ChoiceField(choices=Permission.values))
    teams = TeamName(many=True, help_text="With a key: the key's team, if the person is in it.")
    key = serializers.CharField(allow_null=True, help_text="The id of the key; null for a session.")
    scopes = serializers.ListField(
        child=serializers.ChoiceField(choices=Scope.values), allow_null=True, help_text="Null for a session: all."
    )
    saves_exceptions = serializers.ChoiceField(
        choices=RolePolicy.Exceptions.values, help_text="Whether the role saves exceptions directly or as drafts."
    )
    unread_notices = serializers.IntegerField(help_text="Up to 99.")


class PeopleAnswer(serializers.Serializer[Any]):
    """People."""

    items = PersonName(many=True)


class TeamsAnswer(serializers.Serializer[Any]):
    """Teams."""

    items = TeamName(many=True)


class KeyAnswer(serializers.Serializer[Any]):
    """An API key, without its secret: nobody has that."""

    id = serializers.CharField()
    name = serializers.CharField()
    team = TeamName()
    scopes = serializers.ListField(child=serializers.ChoiceField(choices=Scope.values))
    acts_for = PersonName(allow_null=True, help_text="Null: it only sends events.")
    events_per_second = serializers.IntegerField()
    created_by = PersonName(allow_null=True)
    created_at = Moment()
    last_used_at = Moment(allow_null=True)
    expires_at = Moment(allow_null=True)
    revoked_at = Moment(allow_null=True)
    replaced_by = serializers.CharField(source="replaced_by_id", allow_null=True)
    demo = serializers.BooleanField()


class KeysAnswer(serializers.Serializer[Any]):
    """A page of keys."""

    items = KeyAnswer(many=True)
    next = serializers.CharField(allow_null=True)


class NewKeyAnswer(serializers.Serializer[Any]):
    """A key that was made just now."""

    key = KeyAnswer()
    presented = serializers.CharField(help_text="What a client sends after `ApiKey `. Shown this once.")


class NoticeAnswer(serializers.Serializer[Any]):
    """Something that the person should know."""

    id = serializers.IntegerField()
    at = Moment()
    kind = serializers.ChoiceField(choices=Notice.Kind.choices)
    text = serializers.CharField()
    path = serializers.CharField(help_text="The page that it leads to.")
    actor = serializers.CharField(source="actor_name", help_text="Empty: Watchbill itself.")
    read_at = Moment(allow_null=True)


class NoticesAnswer(serializers.Serializer[Any]):
    """A page of notices: unread ones, then read ones, each newest first."""

    items = NoticeAnswer(many=True)
    next = serializers.CharField(allow_null=True)
    unread = serializers.IntegerField(help_text="Up to 99.")
    newest = serializers.IntegerField(help_text="The highest number; 0 without any.")


class ReadAnswer(serializers.Serializer[Any]):
    """How many notices were marked read."""

    read = serializers.IntegerField()
