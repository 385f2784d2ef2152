"""Django's handle on the demo company."""

from django.apps import AppConfig


class DemoConfig(AppConfig):
    """Demo telemetry: a small company whose events flow through the real doors."""

    name = "soc.demo"
    label = "demo"
