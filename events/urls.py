"""Pages about events, under /search/."""

from django.urls import path

from events import complete_views, letter_views, views

app_name = "events"
urlpatterns = [
    path("", views.search, name="search"),
    path("complete/", complete_views.complete, name="complete"),
    path("dead-letters/", letter_views.dead_letters, name="dead_letters"),
    path("dead-letters/again/", letter_views.send_all_again, name="send_all_again"),
    path("dead-letters/<int:letter_id>/", letter_views.dead_letter, name="dead_letter"),
    path("dead-letters/<int:letter_id>/again/", letter_views.send_again, name="send_again"),
    path("event/<str:uid>/", views.event, name="event"),
    path("event/<str:uid>/raw/", views.raw, name="raw"),
]
