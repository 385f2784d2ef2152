"""Exceptions: the ledger, one of them, and written from an alert: suggested, previewed, saved, changed, taken back."""

from typing import Any

from django.db.models import Q, QuerySet

from accounts.api.view import ApiView, operation
from accounts.models import Change
from accounts.roles import Permission
from accounts.scopes import Scope
from alerts import exceptions
from alerts.api import exception_parts as parts
from alerts.blame import RuleFailed
from alerts.selectors import alert_for
from rules.errors import ExceptionGone, ExceptionRefused, StaleException
from rules.models import ExceptionItem
from rules.selectors import visible_rules
from soc.web.api.errors import Told, not_found, register, register_teller
from soc.web.api.pages import after_of, page_of
from soc.web.paging import cut

READ, WRITE, EXCEPT = Scope.RULES_READ, Scope.EXCEPTIONS_WRITE, Permission.EXCEPT
SALT = "api.exceptions"
_STATES = {
    "in_force": Q(enabled=True, expired=False),
    "off": Q(enabled=False),
    "expired": Q(expired=True),
    "any": Q(),
}
_NEW = {
    "entries": [
        {"field": "process.parent.name", "type": "match", "operator": "included", "value": "cron"},
        {"field": "host.name", "type": "match", "operator": "included", "value": "db-1"},
    ],
    "reason": "The nightly backup starts Perl from cron.",
    "expires_at": "2027-01-31T00:00:00Z",
    "close_matching": "benign_positive",
}

register(
    {
        ExceptionRefused: (422, "invalid"),
        ExceptionGone: (409, "removed"),
    }
)


def _stale(error: StaleException) -> Told:
    """Who changed the exception first. One query."""
    last = Change.objects.filter(object_type="exception", object_id=str(error.item_id)).order_by("-at", "-pk").first()
    who, verb = (last.actor_name or "Watchbill", last.verb) if last else ("Somebody", "change")
    when = error.changed_at.isoformat()
    return Told(409, "stale", error.message, stale={"who": who, "what": verb, "when": when})


def _failed(_error: RuleFailed) -> Told:
    return Told(409, "rule_failed", "What it held back cannot be judged: the rule itself fails. Nothing was changed.")


register_teller(StaleException, _stale)
register_teller(RuleFailed, _failed)


class ExceptionsView(ApiView):
    """The ledger."""

    @operation(
        "exceptions_list",
        "Exceptions of the rules one sees, newest first",
        scope=READ,
        query=parts.ExceptionQuery,
        answer=parts.ExceptionsAnswer,
    )
    def get(self) -> dict[str, Any]:
        """A page of exceptions. Two queries."""
        asked, after = self.query, after_of(self.query["after"], SALT)
        found = _seen(self).filter(_STATES[asked["state"]])
        if asked["rule"]:
            found = found.filter(rule_id=asked["rule"])
        if after.values is not None:
            found = found.filter(pk__lt=after.values[0])
        rows = list(found.order_by("-pk")[: asked["limit"] + 1])
        page = cut(rows, asked["limit"], lambda item: (item.pk,), SALT)
        return page_of(page.items, page.next_key)


class ExceptionView(ApiView):
    """One exception."""

    @operation("exception_get", "One exception", scope=READ, answer=parts.ExceptionAnswer, errors=(404,))
    def get(self, item_id: int) -> ExceptionItem:
        """As it is stored."""
        return item_of(self, item_id)

    @operation(
        "exception_edit",
        "Replace what an exception says",
        scope=WRITE,
        may_who=EXCEPT,
        body=parts.EditBody,
        answer=parts.ChangedAnswer,
        errors=(404, 409),
    )
    def put(self, item_id: int) -> exceptions.Edited:
        """What it no longer covers is raised."""
        item, said = item_of(self, item_id), self.body
        expires_at = parts.ending(self.user, said["expires_at"], self.now, item.expires_at)
        return exceptions.edit(
            item=item,
            version=said["version"],
            entries=said["entries"],
            reason=said["reason"],
            name=said["name"] or item.name,
            expires_at=expires_at,
            review_at=parts.looked_at_again(expires_at, self.now),
            override_guard_reason=said["override_guard_reason"],
            **self.acting_in_teams,
        )


class ItemPreviewView(ApiView):
    """A stored exception with other conditions."""

    @operation(
        "exception_preview_edit",
        "What other conditions on the exception would have silenced",
        scope=WRITE,
        may_who=EXCEPT,
        body=parts.EntriesBody,
        answer=parts.PreviewAnswer,
        errors=(404,),
    )
    def post(self, item_id: int) -> exceptions.Preview:
        """Changes nothing; it is a POST because conditions are long."""
        rule = item_of(self, item_id).rule
        return exceptions.preview(rule=rule, entries=self.body["entries"], team_ids=self.teams, now=self.now)


class DisableView(ApiView):
    """Off."""

    @operation(
        "exception_disable",
        "Switch an exception off",
        scope=WRITE,
        may_who=EXCEPT,
        body=parts.VersionBody,
        answer=parts.ChangedAnswer,
        errors=(404, 409),
    )
    def post(self, item_id: int) -> exceptions.TakenBack:
        """What it held back is raised."""
        item = item_of(self, item_id)
        return exceptions.disable(item=item, version=self.body["version"], **self.acting_in_teams)


class EnableView(ApiView):
    """On again."""

    @operation(
        "exception_enable",
        "Switch an exception on again",
        scope=WRITE,
        may_who=EXCEPT,
        body=parts.EnableBody,
        answer=parts.ExceptionAnswer,
        errors=(404, 409),
    )
    def post(self, item_id: int) -> ExceptionItem:
        """It passes the true-positive guard anew."""
        return exceptions.enable(item=item_of(self, item_id), **self.body, **self.acting_in_teams)


class TakeBackView(ApiView):
    """For good."""

    @operation(
        "exception_take_back",
        "Take an exception back",
        scope=WRITE,
        may_who=EXCEPT,
        body=parts.VersionBody,
        answer=parts.ChangedAnswer,
        errors=(404, 409),
        description="It goes, and what it held back is raised; within ten minutes, what it closed opens again.",
    )
    def post(self, item_id: int) -> exceptions.TakenBack:
        """Remove it."""
        item = item_of(self, item_id)
        return exceptions.take_back(item=item, version=self.body["version"], **self.acting_in_teams)


class SuggestionView(ApiView):
    """A beginning."""

    @operation(
        "exception_suggest",
        "Conditions to begin an exception with",
        scope=WRITE,
        may_who=EXCEPT,
        answer=parts.SuggestionAnswer,
        errors=(404,),
    )
    def get(self, alert_id: int) -> dict[str, Any]:
        """From this alert and past verdicts."""
        return {"entries": exceptions.suggest(alert_for(self.user, alert_id))}


class PreviewView(ApiView):
    """Conditions tried out."""

    @operation(
        "exception_preview",
        "What conditions would have silenced",
        scope=WRITE,
        may_who=EXCEPT,
        body=parts.EntriesBody,
        answer=parts.PreviewAnswer,
        errors=(404,),
    )
    def post(self, alert_id: int) -> exceptions.Preview:
        """Changes nothing; it is a POST because conditions are long."""
        alert = alert_for(self.user, alert_id)
        entries = self.body["entries"]
        return exceptions.preview(rule=alert.rule, entries=entries, team_ids=self.teams, now=self.now, alert=alert)


class AlertExceptionsView(ApiView):
    """Exceptions written on one alert."""

    @operation(
        "exception_add",
        "Save an exception on the alert's rule",
        scope=WRITE,
        may_who=EXCEPT,
        body=parts.ExceptionBody,
        answer=parts.AddedAnswer,
        status=201,
        errors=(404, 409),
        examples={"backup": _NEW},
    )
    def post(self, alert_id: int) -> exceptions.Added:
        """One act with the alerts that it closes, and one undo."""
        return exceptions.add(**written_on(self, alert_id), **self.acting_in_teams)


def written_on(view: ApiView, alert_id: int) -> dict[str, Any]:
    """What a new exception or a draft of one says, with the alert it is written on."""
    said = dict(view.body)
    alert = alert_for(view.user, alert_id)
    expires_at = parts.ending(view.user, said["expires_at"], view.now)
    review_at = parts.looked_at_again(expires_at, view.now)
    return {**said, "alert": alert, "expires_at": expires_at, "review_at": review_at}


def item_of(view: ApiView, item_id: int) -> ExceptionItem:
    """The exception, if its rule serves a team of the caller. One query. Raises: ApiError (404)."""
    item = _seen(view).filter(pk=item_id).first()
    if item is None:
        raise not_found()
    return item


def _seen(view: ApiView) -> QuerySet[ExceptionItem]:
    seen = ExceptionItem.objects.filter(rule__in=visible_rules(view.user), removed_at=None)
    return seen.select_related("rule", "owner")
