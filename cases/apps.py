"""Django's handle on cases."""

from django.apps import AppConfig


class CasesConfig(AppConfig):
    """What is done about alerts: cases, their tasks, the managers' overview."""

    name = "cases"
