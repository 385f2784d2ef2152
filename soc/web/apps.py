"""Django's handle on the shared web kit."""

from django.apps import AppConfig


class WebConfig(AppConfig):
    """The shared web kit: base page, components, htmx answers, security headers."""

    name = "soc.web"
    label = "web"
