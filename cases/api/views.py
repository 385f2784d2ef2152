"""Cases: the list, one case whole, and what people do with it. Each method asks a selector or calls one service."""

from typing import Any

from django.http import HttpResponse
from django.http.response import HttpResponseBase

from accounts.api.view import ApiView, operation
from accounts.models import Team
from accounts.roles import Permission
from accounts.scopes import Scope
from alerts.api.alerts import person
from alerts.models import Alert
from cases import changing, closing, joining, opening, report, selectors, todo, writing
from cases.api import answers, inputs
from cases.errors import CaseError, CaseNotFound, Conflict, Refused, StaleCase, StaleTask, TaskNotFound
from cases.models import Case, Entry, Task
from soc.web.api.errors import refused, register
from soc.web.api.pages import bad_key, page_of

READ, WRITE, WORK = Scope.CASES_READ, Scope.CASES_WRITE, Permission.WORK_CASES
FIRST_MOMENTS = 50

register(
    {
        CaseError: (422, "refused"),
        Refused: (422, "refused"),
        CaseNotFound: (404, "not_found"),
        TaskNotFound: (404, "not_found"),
        Conflict: (409, "conflict"),
        StaleCase: (409, "stale"),
        StaleTask: (409, "stale"),
    }
)


class CasesView(ApiView):
    """The list."""

    @operation(
        "cases_list",
        "Cases, overdue first",
        scope=READ,
        query=inputs.CasesQuery,
        answer=answers.CasesAnswer,
    )
    def get(self) -> dict[str, Any]:
        """A page of cases."""
        asked = self.query
        page = selectors.listing(
            user=self.user,
            filters=inputs.filters_of(asked),
            after=asked["after"] or None,
            limit=asked["limit"],
            now=self.now,
        )
        if page.notice:
            raise bad_key()
        rows = [_row(group.key, row) for group in page.groups for row in group.rows]
        return page_of(rows, page.next_key, total=page.total, counts=page.counts)

    @operation(
        "case_open",
        "Open a case",
        scope=WRITE,
        may_who=WORK,
        body=inputs.NewCaseBody,
        answer=answers.CaseAnswer,
        status=201,
        errors=(404, 409),
        examples={"from alerts": {"team": 1, "alerts": [17, 18], "next_step": "Isolate db-1."}},
    )
    def post(self) -> Case:
        """From alerts of the team, or empty."""
        said = dict(self.body)
        team = Team.objects.filter(pk=said.pop("team"), pk__in=self.teams).first()
        if team is None:
            raise refused("no_such_team", "None of your teams has this id.", {"team": ["Not one of your teams."]})
        owner, alert_ids = person(self, said.pop("owner"), "owner"), said.pop("alerts")
        case = opening.open_case(team=team, owner=owner, alert_ids=alert_ids, **said, **self.acting_in_teams)
        return selectors.case_for(self.user, case.pk)


class CaseView(ApiView):
    """One case."""

    @operation("case_get", "One case, whole", scope=READ, answer=answers.CasePageAnswer, errors=(404,))
    def get(self, case_id: int) -> dict[str, Any]:
        """Everything its page shows."""
        case = selectors.case_for(self.user, case_id)
        moments = selectors.timeline_page(case, limit=FIRST_MOMENTS)
        return {
            "case": case,
            "opened_by": case.opened_by,
            "team": case.team,
            "alerts": selectors.alerts_in(case),
            "tasks": selectors.tasks_of(case),
            "entities": selectors.entities(case),
            "chain": selectors.chain(case),
            "timeline": page_of(moments.items, moments.next_key),
        }

    @operation(
        "case_change",
        "Change a case",
        scope=WRITE,
        may_who=WORK,
        body=inputs.ChangeBody,
        answer=answers.CaseAnswer,
        errors=(404, 409),
        examples={"next step": {"version": 3, "next_step": "Ask the owner of db-1."}},
    )
    def patch(self, case_id: int) -> Case:
        """What is named changes; the rest stays."""
        selectors.case_for(self.user, case_id)
        changes = dict(self.body)
        version, note = changes.pop("version"), changes.pop("note")
        if "owner" in changes:
            changes["owner"] = person(self, changes["owner"], "owner")
        changing.change(case_id=case_id, version=version, changes=changes, note=note, **self.acting_in_teams)
        return selectors.case_for(self.user, case_id)


class TimelineView(ApiView):
    """What happened."""

    @operation(
        "case_timeline",
        "What happened in a case, newest first",
        scope=READ,
        query=inputs.TimelineQuery,
        answer=answers.TimelineAnswer,
        errors=(404,),
    )
    def get(self, case_id: int) -> dict[str, Any]:
        """A page of moments."""
        asked, case = self.query, selectors.case_for(self.user, case_id)
        page = selectors.timeline_page(case, kind=asked["kind"], before=asked["after"] or None, limit=asked["limit"])
        if page.notice:
            raise bad_key()
        return page_of(page.items, page.next_key)


class CaseAlertsView(ApiView):
    """Alerts in a case."""

    @operation(
        "case_add_alerts",
        "Add alerts to a case",
        scope=WRITE,
        may_who=WORK,
        body=inputs.AddAlertsBody,
        answer=answers.JoinedAnswer,
        errors=(404, 409),
    )
    def post(self, case_id: int) -> joining.Joined:
        """Open ones are acknowledged, and get the case's owner if nobody has them."""
        return joining.add_alerts(case_id=case_id, alert_ids=self.body["alerts"], **self.acting_in_teams)


class RemoveAlertView(ApiView):
    """An alert that does not belong here."""

    @operation(
        "case_remove_alert",
        "Take an alert out of a case",
        scope=WRITE,
        may_who=WORK,
        body=inputs.RemoveAlertBody,
        answer=answers.CaseAnswer,
        errors=(404, 409),
    )
    def post(self, case_id: int, alert_id: int) -> Case:
        """The alert stays as it is."""
        joining.remove_alert(case_id=case_id, alert_id=alert_id, note=self.body["note"], **self.acting_in_teams)
        return selectors.case_for(self.user, case_id)


class EntriesView(ApiView):
    """What people write."""

    @operation(
        "case_write",
        "Write on a case",
        scope=WRITE,
        may_who=WORK,
        body=inputs.EntryBody,
        answer=answers.EntryAnswer,
        status=201,
        errors=(404, 409),
    )
    def post(self, case_id: int) -> Entry:
        """A comment, or a note of the findings."""
        return writing.write(case_id=case_id, **self.body, **self.acting_in_teams)


class TasksView(ApiView):
    """Tasks."""

    @operation("case_tasks", "Tasks of a case", scope=READ, answer=answers.TasksAnswer, errors=(404,))
    def get(self, case_id: int) -> dict[str, Any]:
        """Open ones first."""
        return {"items": selectors.tasks_of(selectors.case_for(self.user, case_id))}

    @operation(
        "case_add_task",
        "Add a task",
        scope=WRITE,
        may_who=WORK,
        body=inputs.NewTaskBody,
        answer=answers.TaskAnswer,
        status=201,
        errors=(404, 409),
    )
    def post(self, case_id: int) -> Task:
        """Somebody's own."""
        case, said = selectors.case_for(self.user, case_id), self.body
        owner = person(self, said["owner"], "owner")
        task = todo.add_task(
            case_id=case.pk, text=said["text"], owner=owner, due_at=said["due_at"], **self.acting_in_teams
        )
        return selectors.task_for(case, task.pk)


class TaskView(ApiView):
    """One task."""

    @operation(
        "case_change_task",
        "Change a task, or tick it",
        scope=WRITE,
        may_who=WORK,
        body=inputs.TaskBody,
        answer=answers.TaskAnswer,
        errors=(404, 409),
    )
    def patch(self, case_id: int, task_id: int) -> Task:
        """What is named changes; the rest stays."""
        case, changes = selectors.case_for(self.user, case_id), dict(self.body)
        version = changes.pop("version")
        if "owner" in changes:
            changes["owner"] = person(self, changes["owner"], "owner")
        todo.change_task(task_id=task_id, case_id=case_id, version=version, changes=changes, **self.acting_in_teams)
        return selectors.task_for(case, task_id)


class StepsView(ApiView):
    """Response steps."""

    @operation(
        "case_steps", "Response steps that nobody has taken", scope=READ, answer=answers.StepsAnswer, errors=(404,)
    )
    def get(self, case_id: int) -> dict[str, Any]:
        """From the guides of the case's alerts."""
        return {"items": selectors.offered_steps(selectors.case_for(self.user, case_id))}

    @operation(
        "case_take_steps",
        "Take response steps on as tasks",
        scope=WRITE,
        may_who=WORK,
        body=inputs.StepsBody,
        answer=answers.TasksAnswer,
        status=201,
        errors=(404, 409),
    )
    def post(self, case_id: int) -> dict[str, Any]:
        """The new tasks."""
        case = selectors.case_for(self.user, case_id)
        owner = person(self, self.body["owner"], "owner")
        taken = todo.take_steps(case_id=case.pk, keys=self.body["keys"], owner=owner, **self.acting_in_teams)
        numbers = {task.pk for task in taken}
        return {"items": [task for task in selectors.tasks_of(case) if task.pk in numbers]}


class CloseView(ApiView):
    """Closing."""

    @operation(
        "case_close",
        "Close a case, and its alerts with it",
        scope=WRITE,
        may_who=WORK,
        body=inputs.CloseBody,
        answer=answers.ClosedAnswer,
        errors=(404, 409),
        examples={"benign": {"version": 4, "outcome": "benign_positive", "note": "A planned test."}},
    )
    def post(self, case_id: int) -> closing.Closed:
        """Refused while tasks are open, unless they are dropped."""
        return closing.close(case_id=case_id, **self.body, **self.acting_in_teams)


class ReopenView(ApiView):
    """Opening again."""

    @operation(
        "case_reopen",
        "Reopen a case",
        scope=WRITE,
        may_who=WORK,
        body=inputs.ReopenBody,
        answer=answers.ClosedAnswer,
        errors=(404, 409),
    )
    def post(self, case_id: int) -> closing.Closed:
        """Its alerts keep their verdicts, unless the closing is undone."""
        return closing.reopen(case_id=case_id, **self.body, **self.acting_in_teams)


class ReportView(ApiView):
    """The report."""

    @operation(
        "case_report",
        "The report of a case, in Markdown",
        scope=READ,
        answer=None,
        media_type="text/markdown",
        errors=(404,),
    )
    def get(self, case_id: int) -> HttpResponseBase:
        """A file."""
        case = selectors.case_for(self.user, case_id)
        response = HttpResponse(report.markdown(case=case, now=self.now), content_type="text/markdown; charset=utf-8")
        response["Content-Disposition"] = f'attachment; filename="{report.filename(case)}"'
        return response


class OfAlertsView(ApiView):
    """From alerts to cases."""

    @operation(
        "cases_of_alerts",
        "Which cases alerts are in",
        scope=READ,
        query=inputs.AlertsQuery,
        answer=answers.CasesOfAlertsAnswer,
    )
    def get(self) -> dict[str, Any]:
        """Those that are in one."""
        seen = Alert.objects.filter(pk__in=self.query["alert"], team_id__in=self.teams).values_list("pk", flat=True)
        found = selectors.case_of_alerts(list(seen))
        items = [
            {"alert": alert_id, "case": case.pk, "title": case.title, "status": case.status}
            for alert_id, case in sorted(found.items())
        ]
        return {"items": items}


def _row(group: str, row: selectors.CaseRow) -> dict[str, Any]:
    return {
        "group": group,
        "case": row.case,
        "line": row.line,
        "tasks_done": row.tasks_done,
        "tasks_total": row.tasks_total,
        "alerts": row.alerts,
    }
