"""Django's handle on the alerts app."""

from django.apps import AppConfig


class AlertsConfig(AppConfig):
    """The alerts app."""

    name = "alerts"

    def ready(self) -> None:
        """Rules may not know alerts, so alerts say what a change of a value list means to them."""
        from alerts.listed import gate, watch
        from rules.value_lists.watching import register, register_gate

        register(watch)
        register_gate(gate)
