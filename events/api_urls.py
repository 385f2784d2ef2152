"""The API's addresses, under /api/v1/."""

from django.urls import path
from drf_spectacular.views import SpectacularAPIView

from events.api import EventsView

app_name = "events_api"
urlpatterns = [
    path("events", EventsView.as_view(), name="events"),
    path(
        "schema",
        SpectacularAPIView.as_view(authentication_classes=(), permission_classes=()),
        name="schema",
    ),
]
