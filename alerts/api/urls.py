"""The addresses of alerts and exceptions under /api/v1/; the same nouns as the pages'."""

from django.urls import path

from alerts.api import alerts

app_name = "alerts_api"

urlpatterns = [
    path("alerts", alerts.AlertsView.as_view(), name="alerts"),
    path("alerts/counts", alerts.ViewsView.as_view(), name="counts"),
    path("alerts/histogram", alerts.HistogramView.as_view(), name="histogram"),
    path("alerts/status", alerts.BulkStatusView.as_view(), name="bulk_status"),
    path("alerts/assignee", alerts.BulkAssigneeView.as_view(), name="bulk_assignee"),
    path("alerts/undo", alerts.UndoView.as_view(), name="undo"),
    path("alerts/<int:alert_id>", alerts.AlertView.as_view(), name="alert"),
    path("alerts/<int:alert_id>/status", alerts.StatusView.as_view(), name="status"),
    path("alerts/<int:alert_id>/assignee", alerts.AssigneeView.as_view(), name="assignee"),
    path("alerts/<int:alert_id>/comments", alerts.CommentsView.as_view(), name="comments"),
]
