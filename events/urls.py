"""Pages about events, under /search/."""

from django.urls import path

from events import complete_views, letter_views, saved_views, search_parts, views

app_name = "events"
urlpatterns = [
    path("", views.search, name="search"),
    path("complete/", complete_views.complete, name="complete"),
    path("recent/forget/", views.forget_recent, name="forget_recent"),
    path("saved/", saved_views.save, name="saved_save"),
    path("saved/<int:search_id>/", saved_views.change, name="saved_change"),
    path("saved/<int:search_id>/delete/", saved_views.remove, name="saved_delete"),
    path("saved/restore/<uuid:group>/", saved_views.restore, name="saved_restore"),
    path("fields/", search_parts.fields, name="fields"),
    path("export/", search_parts.export, name="export"),
    path("row/", search_parts.row_alone, name="row_alone"),
    path("rule/", search_parts.make_rule, name="make_rule"),
    path("progress/<str:token>/", search_parts.progress, name="progress"),
    path("cancel/<str:token>/", search_parts.cancel, name="cancel"),
    path("dead-letters/", letter_views.dead_letters, name="dead_letters"),
    path("dead-letters/again/", letter_views.send_all_again, name="send_all_again"),
    path("dead-letters/<int:letter_id>/", letter_views.dead_letter, name="dead_letter"),
    path("dead-letters/<int:letter_id>/again/", letter_views.send_again, name="send_again"),
    path("event/<str:uid>/", views.event, name="event"),
    path("event/<str:uid>/row/", views.event_row, name="row"),
    path("event/<str:uid>/raw/", views.raw, name="raw"),
]
