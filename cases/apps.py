"""Django's handle on cases."""

from django.apps import AppConfig


class CasesConfig(AppConfig):
    """What is done about alerts: cases, their tasks, the managers' overview."""

    name = "cases"

    def ready(self) -> None:
        """Alerts may not know cases, so cases say what can be done with all that match."""
        from cases.bulk import register_verb

        register_verb()
