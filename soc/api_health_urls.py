"""The addresses of the system's state under /api/v1/."""

from django.urls import path

from soc import api_health

app_name = "health_api"

urlpatterns = [
    path("health", api_health.HealthView.as_view(), name="health"),
    path("health/agents", api_health.SendersView.as_view(), name="agents"),
    path("health/batches/<int:batch_id>/again", api_health.BatchAgainView.as_view(), name="batch_again"),
]
