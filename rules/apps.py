"""Django's handle on the rules app."""

from django.apps import AppConfig


class RulesConfig(AppConfig):
    """The rules app."""

    name = "rules"

    def ready(self) -> None:
        """Let pipelines find the tables that are kept here."""
        from engine.pipelines.providing import provide
        from rules.value_lists.stored import table_of

        provide(table_of)
