"""Django's handle on the overview: it has no tables, only indexes on those it reads."""

from django.apps import AppConfig


class OverviewConfig(AppConfig):
    """The managers' overview."""

    name = "cases.overview"
    label = "overview"
