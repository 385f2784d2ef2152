"""Pages about rules. Exceptions are managed under /alerts/, because taking one back raises what it held back."""

from django.urls import path

from rules import views

app_name = "rules"
urlpatterns = [
    path("", views.list_rules, name="list"),
    path("<str:rule_id>/", views.detail, name="detail"),
    path("<str:rule_id>/switch/", views.switch, name="switch"),
    path("<str:rule_id>/release/", views.release, name="release"),
    path("<str:rule_id>/local/", views.set_here, name="set_here"),
]
