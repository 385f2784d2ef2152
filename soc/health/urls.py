"""Pages under /health/, and at the root what machines ask."""

from django.urls import path

from soc.health import metrics, probes, views

app_name = "health"
urlpatterns = [
    path("health/", views.health, name="page"),
    path("health/agents/", views.all_agents, name="agents"),
    path("health/rules/<str:rule_id>/again/", views.rule_again, name="rule_again"),
    path("health/batches/<int:batch_id>/again/", views.batch_again, name="batch_again"),
    path("healthz", probes.live, name="live"),
    path("readyz", probes.ready, name="ready"),
    path("metrics", metrics.metrics, name="metrics"),
]
