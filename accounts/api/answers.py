"""How people, teams, keys and notices are written in answers."""

from typing import Any

from rest_framework import serializers


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
