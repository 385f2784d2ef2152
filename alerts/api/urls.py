"""The addresses of alerts and exceptions under /api/v1/; the same nouns as the pages'."""

from django.urls import path

from alerts.api import alerts, drafts, exception_files, exceptions, targets

app_name = "alerts_api"

urlpatterns = [
    path("alerts", alerts.AlertsView.as_view(), name="alerts"),
    path("alerts/counts", alerts.ViewsView.as_view(), name="counts"),
    path("alerts/histogram", alerts.HistogramView.as_view(), name="histogram"),
    path("alerts/groups", alerts.GroupsView.as_view(), name="groups"),
    path("alerts/status", alerts.BulkStatusView.as_view(), name="bulk_status"),
    path("alerts/assignee", alerts.BulkAssigneeView.as_view(), name="bulk_assignee"),
    path("alerts/escalate", alerts.BulkEscalateView.as_view(), name="bulk_escalate"),
    path("alerts/escalation-teams", alerts.EscalationTeamsView.as_view(), name="escalation_teams"),
    path("alerts/undo", alerts.UndoView.as_view(), name="undo"),
    path("alerts/<int:alert_id>", alerts.AlertView.as_view(), name="alert"),
    path("alerts/<int:alert_id>/status", alerts.StatusView.as_view(), name="status"),
    path("alerts/<int:alert_id>/assignee", alerts.AssigneeView.as_view(), name="assignee"),
    path("alerts/<int:alert_id>/escalate", alerts.EscalateView.as_view(), name="escalate"),
    path("alerts/<int:alert_id>/comments", alerts.CommentsView.as_view(), name="comments"),
    path("alerts/<int:alert_id>/exceptions", exceptions.AlertExceptionsView.as_view(), name="alert_exceptions"),
    path("alerts/<int:alert_id>/exceptions/suggestion", exceptions.SuggestionView.as_view(), name="suggestion"),
    path("alerts/<int:alert_id>/exceptions/preview", exceptions.PreviewView.as_view(), name="preview"),
    path("targets", targets.TargetsView.as_view(), name="targets"),
    path("targets/<str:severity>", targets.TargetView.as_view(), name="target"),
    path("exceptions/export", exception_files.ExportView.as_view(), name="exceptions_export"),
    path("exceptions/import", exception_files.ImportView.as_view(), name="exceptions_import"),
    path("exceptions", exceptions.ExceptionsView.as_view(), name="exceptions"),
    path("alerts/<int:alert_id>/exceptions/drafts", drafts.AlertDraftsView.as_view(), name="alert_drafts"),
    path("exceptions/drafts", drafts.DraftsView.as_view(), name="drafts"),
    path("exceptions/drafts/<int:draft_id>", drafts.DraftView.as_view(), name="draft"),
    path("exceptions/drafts/<int:draft_id>/approve", drafts.ApproveView.as_view(), name="draft_approve"),
    path("exceptions/drafts/<int:draft_id>/return", drafts.ReturnView.as_view(), name="draft_return"),
    path("exceptions/drafts/<int:draft_id>/withdraw", drafts.WithdrawView.as_view(), name="draft_withdraw"),
    path("exceptions/<int:item_id>", exceptions.ExceptionView.as_view(), name="exception"),
    path("exceptions/<int:item_id>/drafts", drafts.ItemDraftsView.as_view(), name="item_drafts"),
    path("exceptions/<int:item_id>/preview", exceptions.ItemPreviewView.as_view(), name="item_preview"),
    path("exceptions/<int:item_id>/disable", exceptions.DisableView.as_view(), name="disable"),
    path("exceptions/<int:item_id>/enable", exceptions.EnableView.as_view(), name="enable"),
    path("exceptions/<int:item_id>/take-back", exceptions.TakeBackView.as_view(), name="take_back"),
]
