"""The addresses of cases under /api/v1/."""

from django.urls import path

from cases.api import overview, views

app_name = "cases_api"

urlpatterns = [
    path("overview", overview.OverviewView.as_view(), name="overview"),
    path("cases", views.CasesView.as_view(), name="cases"),
    path("cases/of-alerts", views.OfAlertsView.as_view(), name="of_alerts"),
    path("cases/<int:case_id>", views.CaseView.as_view(), name="case"),
    path("cases/<int:case_id>/timeline", views.TimelineView.as_view(), name="timeline"),
    path("cases/<int:case_id>/alerts", views.CaseAlertsView.as_view(), name="alerts"),
    path("cases/<int:case_id>/alerts/<int:alert_id>/remove", views.RemoveAlertView.as_view(), name="remove_alert"),
    path("cases/<int:case_id>/entries", views.EntriesView.as_view(), name="entries"),
    path("cases/<int:case_id>/tasks", views.TasksView.as_view(), name="tasks"),
    path("cases/<int:case_id>/tasks/<int:task_id>", views.TaskView.as_view(), name="task"),
    path("cases/<int:case_id>/steps", views.StepsView.as_view(), name="steps"),
    path("cases/<int:case_id>/close", views.CloseView.as_view(), name="close"),
    path("cases/<int:case_id>/reopen", views.ReopenView.as_view(), name="reopen"),
    path("cases/<int:case_id>/report", views.ReportView.as_view(), name="report"),
]
