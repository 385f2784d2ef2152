"""The alert pages: nouns in the path, state in the query string, and every change a POST."""

from django.urls import URLPattern, include, path

from alerts.views import (
    actions,
    bulk,
    detail,
    escalating,
    exception,
    exceptions,
    guide,
    of_event,
    pivots,
    queue,
    reviews,
    saved_views,
    targets,
    why_not,
)

app_name = "alerts"

pages: list[URLPattern] = [
    path("", queue.queue, name="queue"),
    path("pulse/", queue.pulse, name="pulse"),
    path("density/", queue.density, name="density"),
    path("views/", saved_views.save, name="view_save"),
    path("views/<int:view_id>/", saved_views.change, name="view_change"),
    path("views/<int:view_id>/move/", saved_views.move, name="view_move"),
    path("views/<int:view_id>/delete/", saved_views.remove, name="view_delete"),
    path("views/restore/<uuid:group>/", saved_views.restore, name="view_restore"),
    path("bulk/", bulk.bulk, name="bulk"),
    path("bulk/<uuid:act_id>/", bulk.progress, name="bulk_progress"),
    path("bulk/<uuid:act_id>/stop/", bulk.stop, name="bulk_stop"),
    path("undo/<uuid:group>/", actions.undo, name="undo"),
    path("of-event/<str:uid>/", of_event.of_event, name="of_event"),
    path("<int:alert_id>/", detail.detail, name="detail"),
    path("<int:alert_id>/peek/", detail.peek, name="peek"),
    path("<int:alert_id>/raw/", detail.raw, name="raw"),
    path("<int:alert_id>/status/", actions.set_status, name="set_status"),
    path("<int:alert_id>/assign/", actions.assign, name="assign"),
    path("<int:alert_id>/snooze/", actions.snooze, name="snooze"),
    path("<int:alert_id>/originals/", actions.originals, name="originals"),
    path("<int:alert_id>/escalate/", escalating.escalate, name="escalate"),
    path("<int:alert_id>/comments/", actions.comment, name="comment"),
    path("<int:alert_id>/steps/", guide.set_step, name="set_step"),
    path("<int:alert_id>/pivots/counts/", pivots.counts, name="pivot_counts"),
    path("<int:alert_id>/pivots/<int:pivot_number>/", pivots.rows, name="pivot"),
    path("<int:alert_id>/exceptions/", exceptions.add, name="exception_add"),
    path("<int:alert_id>/exceptions/preview/", exceptions.preview, name="exception_preview"),
    path("exceptions/<int:item_id>/", exceptions.edit, name="exception_edit"),
    path("exceptions/<int:item_id>/preview/", exceptions.edit_preview, name="exception_edit_preview"),
    path("exceptions/<int:item_id>/disable/", exceptions.disable, name="exception_disable"),
    path("exceptions/<int:item_id>/enable/", exceptions.enable, name="exception_enable"),
    path("exceptions/<int:item_id>/undo/", exceptions.take_back, name="exception_undo"),
]

urlpatterns = [
    path("alerts/", include(pages)),
    path("exceptions/", reviews.list_exceptions, name="exceptions"),
    path("exceptions/<int:item_id>/", exception.show, name="exception"),
    path("exceptions/<int:item_id>/reviewed/", exception.reviewed, name="exception_reviewed"),
    path("exceptions/drafts/<int:draft_id>/approve/", reviews.approve, name="draft_approve"),
    path("exceptions/drafts/<int:draft_id>/return/", reviews.send_back, name="draft_return"),
    path("exceptions/drafts/<int:draft_id>/withdraw/", reviews.withdraw, name="draft_withdraw"),
    path("search/why-not/", why_not.choose, name="why_not_of"),
    path("search/event/<str:uid>/why-not/", why_not.show, name="why_not"),
    path("settings/targets/", targets.set_targets, name="targets"),
]
