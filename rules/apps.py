"""Django's handle on the rules app."""

from django.apps import AppConfig


class RulesConfig(AppConfig):
    """The rules app."""

    name = "rules"
