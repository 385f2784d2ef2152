"""The addresses of event searches under /api/v1/."""

from django.urls import path

from events import api_eql, api_reads, api_reads_letters, api_rows

app_name = "events_reads_api"

urlpatterns = [
    path("health/dead-letters", api_reads_letters.LettersView.as_view(), name="letters"),
    path("health/dead-letters/again", api_reads_letters.SendAllAgainView.as_view(), name="send_all_again"),
    path("health/dead-letters/<int:letter_id>", api_reads_letters.LetterView.as_view(), name="letter"),
    path("health/dead-letters/<int:letter_id>/again", api_reads_letters.SendAgainView.as_view(), name="send_again"),
    path("events/search", api_reads.EventSearchView.as_view(), name="search"),
    path("events/eql", api_eql.EqlView.as_view(), name="eql"),
    path("events/esql", api_rows.EventRowsView.as_view(), name="esql"),
    path("events/histogram", api_reads.EventHistogramView.as_view(), name="histogram"),
    path("events/<str:uid>", api_reads.EventView.as_view(), name="event"),
]
