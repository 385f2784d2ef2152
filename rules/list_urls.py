"""The pages of value lists, under Settings. Those of shared lists are in alerts: taking an exception back raises it."""

from django.urls import path

from rules import list_views

app_name = "lists"
urlpatterns = [
    path("", list_views.show_lists, name="list"),
    path("new/", list_views.new_list, name="new"),
    path("<str:list_id>/", list_views.show_list, name="show"),
    path("<str:list_id>/values/", list_views.change_values, name="values"),
    path("<str:list_id>/undo/<int:change_id>/", list_views.undo, name="undo"),
    path("<str:list_id>/restore/<int:change_id>/", list_views.restore, name="restore"),
    path("<str:list_id>/drop/", list_views.drop_value, name="drop"),
    path("<str:list_id>/describe/", list_views.describe, name="describe"),
    path("<str:list_id>/remove/", list_views.remove, name="remove"),
    path("<str:list_id>/download/", list_views.download, name="download"),
]
