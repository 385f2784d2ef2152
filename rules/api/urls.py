"""The addresses of rules under /api/v1/."""

from django.urls import path

from rules.api import lists, views

app_name = "rules_api"

urlpatterns = [
    path("rules", views.RulesView.as_view(), name="rules"),
    path("rules/<str:rule_id>", views.RuleView.as_view(), name="rule"),
    path("rules/<str:rule_id>/revisions", views.RevisionsView.as_view(), name="revisions"),
    path("rules/<str:rule_id>/runs", views.RunsView.as_view(), name="runs"),
    path("rules/<str:rule_id>/enable", views.EnableView.as_view(), name="enable"),
    path("rules/<str:rule_id>/disable", views.DisableView.as_view(), name="disable"),
    path("rules/<str:rule_id>/overrides", views.OverridesView.as_view(), name="overrides"),
    path("lists", lists.ListsView.as_view(), name="lists"),
    path("lists/<str:list_id>", lists.ListView.as_view(), name="list"),
    path("lists/<str:list_id>/values", lists.ValuesView.as_view(), name="list_values"),
    path("lists/<str:list_id>/values/remove", lists.RemoveValuesView.as_view(), name="list_remove_values"),
    path("rules/<str:rule_id>/release", views.ReleaseView.as_view(), name="release"),
]
