"""Django's handle on the shared web kit."""

from django.apps import AppConfig
from django.conf import settings


class WebConfig(AppConfig):
    """The shared web kit: base page, components, htmx answers, security headers."""

    name = "soc.web"
    label = "web"

    def ready(self) -> None:
        """Set logging up, in every process that loads Django."""
        from soc.web import logs

        logs.configure(level=settings.LOG_LEVEL, as_json=settings.LOG_JSON)
