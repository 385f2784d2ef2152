"""Django's handle on the alerts app."""

from django.apps import AppConfig


class AlertsConfig(AppConfig):
    """The alerts app."""

    name = "alerts"

    def ready(self) -> None:
        """Rules may not know alerts, so alerts say what a change of a value list means to them, and what completes
        queries which values alerts have, and what searches events what became of them. And what acts do that are
        worked off later is known to every process."""
        from alerts.as_of_today import FIELDS, said_of
        from alerts.bulk_covered import register_verb
        from alerts.listed import gate, watch
        from alerts.selectors.offered import offered
        from events.completing import values_of_alerts
        from events.overlaying import alerts_today
        from rules.value_lists.watching import register, register_gate

        register(watch)
        register_gate(gate)
        register_verb()
        values_of_alerts(offered)
        alerts_today(said_of, FIELDS)
