"""The addresses of event searches under /api/v1/."""

from django.urls import path

from events import api_reads

app_name = "events_reads_api"

urlpatterns = [
    path("events/search", api_reads.EventSearchView.as_view(), name="search"),
    path("events/histogram", api_reads.EventHistogramView.as_view(), name="histogram"),
    path("events/<str:uid>", api_reads.EventView.as_view(), name="event"),
]
