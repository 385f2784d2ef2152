"""Alerts: the queue, one alert whole, and what people do. Each method asks a selector or calls one service."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from rest_framework.exceptions import ValidationError

from accounts.api.answers import TeamsAnswer
from accounts.api.view import ApiView, operation
from accounts.models import Team, User
from accounts.roles import Permission
from accounts.scopes import Scope
from accounts.selectors import people_to_assign
from alerts import escalation, notes, selectors, triage
from alerts import undo as undoing
from alerts.api import answers, inputs
from alerts.models import Alert
from alerts.triage import Outcome
from soc.web.api.errors import refused
from soc.web.api.pages import bad_key, page_of

READ, WRITE, TRIAGE = Scope.ALERTS_READ, Scope.ALERTS_WRITE, Permission.TRIAGE
_TAKES = "Who acknowledges an alert that nobody owns becomes its owner; one that has an owner keeps them."
_CLOSE = {"status": "closed", "reason": "benign_positive", "note": "The nightly backup.", "version": 1}


class AlertsView(ApiView):
    """The queue."""

    @operation(
        "alerts_list",
        "The queue",
        scope=READ,
        query=inputs.QueueQuery,
        answer=answers.QueueAnswer,
        description="Alerts of one's teams, most urgent first. Filters narrow by and; several values of one by or.",
    )
    def get(self) -> dict[str, Any]:
        """A page of alerts."""
        asked = self.query
        _check_span(asked)
        page = selectors.queue(
            user=self.user,
            filters=inputs.filters_of(asked),
            after=asked["after"] or None,
            limit=asked["limit"],
            now=self.now,
        )
        if page.bad_key:
            raise bad_key()
        return page_of(page.rows, page.next_key, total=page.total, stopped=page.stopped, examined=page.examined)


class GroupsView(ApiView):
    """The queue in groups."""

    @operation(
        "alerts_groups",
        "The queue by rule, host or user",
        scope=READ,
        query=inputs.GroupsQuery,
        answer=answers.AlertGroupsAnswer,
        description="A hundred groups a page, the gravest first; of a list of more than 50,000 alerts the newest.",
    )
    def get(self) -> selectors.Groups:
        """A page of groups."""
        asked = self.query
        _check_span(asked)
        found = selectors.groups(
            user=self.user, filters=inputs.filters_of(asked), by=asked["by"], now=self.now, page=asked["page"]
        )
        if found.bad_key:
            raise ValidationError({"page": [f"There are {found.number} groups, a hundred on each page."]})
        return replace(found, capped=True) if found.too_long else found


class ViewsView(ApiView):
    """The tabs above the queue."""

    @operation("alerts_counts", "How many alerts wait", scope=READ, answer=answers.ViewsAnswer)
    def get(self) -> dict[str, Any]:
        """The counts of each tab."""
        counts = selectors.view_counts(user=self.user, now=self.now)
        return {**counts, "newest": selectors.newest_id(user=self.user)}


class HistogramView(ApiView):
    """Alerts over time."""

    @operation(
        "alerts_histogram",
        "Alerts over time, by severity",
        scope=READ,
        query=inputs.HistogramQuery,
        answer=answers.HistogramAnswer,
        description="Of the last 24 hours unless `since` and `until` say otherwise; `kql` does not narrow it.",
    )
    def get(self) -> dict[str, Any]:
        """The buckets."""
        _check_span(self.query)
        found = selectors.histogram(
            user=self.user, filters=inputs.filters_of(self.query), now=self.now, buckets=self.query["buckets"]
        )
        starts = (found.start + timedelta(seconds=found.seconds * at) for at in range(len(found.counts)))
        bars = [
            {"start": start, "low": low, "medium": medium, "high": high, "critical": critical}
            for start, (low, medium, high, critical) in zip(starts, found.counts, strict=True)
        ]
        return {"seconds": found.seconds, "buckets": bars}


class AlertView(ApiView):
    """One alert."""

    @operation("alert_get", "One alert, whole", scope=READ, answer=answers.AlertPageAnswer, errors=(404,))
    def get(self, alert_id: int) -> selectors.AlertPage:
        """Everything its page shows."""
        alert = selectors.alert_for(self.user, alert_id)
        return selectors.alert_page(alert=alert, user=self.user, now=self.now)


class StatusView(ApiView):
    """Where one alert stands."""

    @operation(
        "alert_set_status",
        "Acknowledge, close or reopen an alert",
        scope=WRITE,
        may_who=TRIAGE,
        body=inputs.StatusBody,
        description=_TAKES,
        answer=answers.ActAnswer,
        errors=(404, 409),
        examples={"close": _CLOSE},
    )
    def post(self, alert_id: int) -> dict[str, Any]:
        """Change the status of the version that was seen."""
        return _set_status(self, {alert_id: self.body["version"]})


class BulkStatusView(ApiView):
    """Where several alerts stand."""

    @operation(
        "alerts_set_status",
        "Acknowledge, close or reopen alerts",
        scope=WRITE,
        may_who=TRIAGE,
        body=inputs.BulkStatusBody,
        description=_TAKES,
        answer=answers.ActAnswer,
        errors=(404, 409),
    )
    def post(self) -> dict[str, Any]:
        """One act: all of the alerts, or none."""
        return _set_status(self, inputs.versions_of(self.body))


class AssigneeView(ApiView):
    """Who owns one alert."""

    @operation(
        "alert_assign",
        "Give an alert an owner, or none",
        scope=WRITE,
        may_who=TRIAGE,
        body=inputs.AssignBody,
        answer=answers.ActAnswer,
        errors=(404, 409),
    )
    def post(self, alert_id: int) -> dict[str, Any]:
        """Change the owner of the version that was seen."""
        selectors.alert_for(self.user, alert_id)  # before the person, who need not be there for another team's alert
        return _assign(self, {alert_id: self.body["version"]})


class BulkAssigneeView(ApiView):
    """Who owns several alerts."""

    @operation(
        "alerts_assign",
        "Give alerts an owner, or none",
        scope=WRITE,
        may_who=TRIAGE,
        body=inputs.BulkAssignBody,
        answer=answers.ActAnswer,
        errors=(404, 409),
    )
    def post(self) -> dict[str, Any]:
        """One act: all of the alerts, or none."""
        return _assign(self, inputs.versions_of(self.body))


class EscalateView(ApiView):
    """One alert for another team."""

    @operation(
        "alert_escalate",
        "Hand an alert to another team",
        scope=WRITE,
        may_who=TRIAGE,
        body=inputs.EscalateBody,
        answer=answers.ActAnswer,
        errors=(404, 409),
    )
    def post(self, alert_id: int) -> dict[str, Any]:
        """It waits, unowned, in that team's queue."""
        selectors.alert_for(self.user, alert_id)  # before the team, which one need not be told of
        return _escalate(self, {alert_id: self.body["version"]})


class BulkEscalateView(ApiView):
    """Several alerts for another team."""

    @operation(
        "alerts_escalate",
        "Hand alerts to another team",
        scope=WRITE,
        may_who=TRIAGE,
        body=inputs.BulkEscalateBody,
        answer=answers.ActAnswer,
        errors=(404, 409),
    )
    def post(self) -> dict[str, Any]:
        """One act: all of the alerts, or none."""
        return _escalate(self, inputs.versions_of(self.body))


class EscalationTeamsView(ApiView):
    """Where alerts can go."""

    @operation(
        "escalation_teams",
        "The teams that alerts can be handed to",
        scope=WRITE,
        may_who=TRIAGE,
        answer=TeamsAnswer,
    )
    def get(self) -> dict[str, Any]:
        """Every team, by name: one hands alerts to those that one is not in."""
        return {"items": Team.objects.order_by("name")}


class CommentsView(ApiView):
    """What is written on one alert."""

    @operation(
        "alert_comment",
        "Comment on an alert",
        scope=WRITE,
        may_who=TRIAGE,
        body=inputs.CommentBody,
        answer=answers.CommentAnswer,
        status=201,
        errors=(404,),
    )
    def post(self, alert_id: int) -> Any:
        """Leave a comment."""
        return notes.comment(alert_id=alert_id, text=self.body["text"], **self.acting_in_teams)


class UndoView(ApiView):
    """Taking back."""

    @operation(
        "alerts_undo",
        "Take back an act within ten minutes",
        scope=WRITE,
        may_who=TRIAGE,
        body=inputs.UndoBody,
        answer=answers.UndoneAnswer,
        errors=(404, 409),
    )
    def post(self) -> undoing.Undone:
        """Everything that was done under the group."""
        return undoing.undo(group=self.body["group"], **self.acting_in_teams)


def _set_status(view: ApiView, versions: dict[int, int]) -> dict[str, Any]:
    said = view.body
    outcome = triage.set_status(
        alert_ids=list(versions),
        versions=versions,
        status=said["status"],
        reason=said["reason"],
        note=said["note"],
        fault=said["fault"],
        duplicate_of=said["duplicate_of"],
        **view.acting_in_teams,
    )
    return acted(view, outcome)


def _assign(view: ApiView, versions: dict[int, int]) -> dict[str, Any]:
    assignee = person(view, view.body["assignee"])
    outcome = triage.assign(alert_ids=list(versions), versions=versions, assignee=assignee, **view.acting_in_teams)
    return acted(view, outcome)


def _escalate(view: ApiView, versions: dict[int, int]) -> dict[str, Any]:
    team = Team.objects.filter(pk=view.body["team"]).first()
    if team is None:
        raise refused("no_such_team", "There is no such team.", {"team": ["There is no such team."]})
    acting = view.acting_in_teams
    outcome = escalation.to_team(
        alert_ids=list(versions), versions=versions, team=team, note=view.body["note"], **acting
    )
    return acted(view, outcome)


def person(view: ApiView, person_id: int | None, field: str = "assignee") -> User | None:
    """Somebody who may own work of the caller's teams. Raises: ApiError (422), the same for whoever is not there."""
    if person_id is None:
        return None
    found = people_to_assign(view.teams).filter(pk=person_id).first()
    if found is None:
        sentence = "Nobody of your teams who works on alerts has this id."
        raise refused("no_such_person", sentence, {field: [sentence]})
    return found


def acted(view: ApiView, outcome: Outcome) -> dict[str, Any]:
    """The alerts as they are after an act, as far as the caller still sees them. One query."""
    return {"changed": after_act(outcome.changed, view.teams), "undo": outcome.group}


def after_act(alert_ids: Sequence[int], team_ids: Sequence[int]) -> list[Alert]:
    """The alerts of these numbers within the teams, by number. One query; none for no numbers."""
    if not alert_ids:
        return []
    seen = Alert.objects.filter(pk__in=alert_ids, team_id__in=team_ids)
    return list(seen.select_related("assignee").order_by("pk"))


def _check_span(asked: dict[str, Any]) -> None:
    since, until = asked["since"], asked["until"]
    if since is not None and until is not None and since >= until:
        raise ValidationError({"since": ["Say a time before `until`."]})
