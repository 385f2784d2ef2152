"""Pages about events, under /search/."""

from django.urls import path

from events import views

app_name = "events"
urlpatterns = [
    path("", views.search, name="search"),
    path("dead-letters/", views.dead_letters, name="dead_letters"),
    path("event/<str:uid>/", views.event, name="event"),
    path("event/<str:uid>/raw/", views.raw, name="raw"),
]
