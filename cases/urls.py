"""The pages of cases: nouns in the path, state in the query string, and every change a POST."""

from django.urls import path

from cases.views import alerts, case, closing, editing, entries, from_event, from_row, listing, opening, report, tasks

app_name = "cases"

urlpatterns = [
    path("", listing.list_cases, name="list"),
    path("new/", opening.new, name="new"),
    path("add/", opening.add_from_alerts, name="add_from_alerts"),
    path("note-event/<str:uid>/", from_event.note_event, name="note_event"),
    path("note-row/", from_row.note_row, name="note_row"),
    path("<int:case_id>/", case.detail, name="detail"),
    path("<int:case_id>/edit/", editing.edit, name="edit"),
    path("<int:case_id>/step/", editing.step, name="step"),
    path("<int:case_id>/phase/", editing.phase, name="phase"),
    path("<int:case_id>/status/", editing.status, name="status"),
    path("<int:case_id>/assign/", editing.assign, name="assign"),
    path("<int:case_id>/close/", closing.close, name="close"),
    path("<int:case_id>/reopen/", closing.reopen, name="reopen"),
    path("<int:case_id>/entries/", entries.write, name="write"),
    path("<int:case_id>/alerts/", alerts.add, name="add_alerts"),
    path("<int:case_id>/alerts/remove/", alerts.remove, name="remove_alert"),
    path("<int:case_id>/tasks/", tasks.add, name="add_task"),
    path("<int:case_id>/tasks/<int:task_id>/", tasks.change, name="set_task"),
    path("<int:case_id>/steps/", tasks.take, name="take_steps"),
    path("<int:case_id>/report/", report.report, name="report"),
]
