"""Rules: the list, one rule whole, its revisions and runs, and the switch."""

from datetime import datetime
from typing import Any

from django.db.models import Q

from accounts.api.view import ApiView, operation
from accounts.roles import Permission
from accounts.scopes import Scope
from rules import quarantine, selectors, services
from rules.api import answers, inputs
from rules.errors import OverrideRefused, RuleNotEvaluated, RulesError
from rules.listing import ListFilters, Row, Show, row_of, rule_list
from rules.models import Rule
from rules.overrides import set_overrides
from rules.pages import RulePage, rule_page
from rules.trees import TreeUnusable
from soc.web.api.errors import Told, register, register_teller
from soc.web.api.pages import after_of, page_of
from soc.web.paging import cut, sign_key

READ, WRITE, MANAGE = Scope.RULES_READ, Scope.RULES_WRITE, Permission.MANAGE_RULES
SALT, RUNS_SALT = "api.rules", "api.runs"
_UNREADABLE = "The stored version of this rule can no longer be read. Load its file again."

register({RulesError: (422, "refused"), RuleNotEvaluated: (422, "not_evaluated"), OverrideRefused: (422, "invalid")})
register_teller(TreeUnusable, lambda _error: Told(422, "unreadable", _UNREADABLE))


class RulesView(ApiView):
    """The rule list."""

    @operation(
        "rules_list",
        "Rules, with what each raised in seven days",
        scope=READ,
        query=answers.RulesQuery,
        answer=answers.RulesAnswer,
    )
    def get(self) -> dict[str, Any]:
        """A page of rules. Six queries."""
        asked, after = self.query, after_of(self.query["after"], SALT)
        filters = ListFilters(asked["q"], asked["type"], asked["severity"], Show(asked["show"]))
        found = rule_list(user=self.user, filters=filters, now=self.now, after=after.values, limit=asked["limit"])
        next_key = sign_key(found.next_key, SALT) if found.next_key else None
        return page_of(found.rows, next_key, found=found.found)


class RuleView(ApiView):
    """One rule."""

    @operation("rule_get", "One rule, whole", scope=READ, answer=answers.RulePageAnswer, errors=(404, 422))
    def get(self, rule_id: str) -> RulePage:
        """Everything its page shows but the runs."""
        rule = selectors.rule_for(self.user, rule_id)
        return rule_page(user=self.user, rule=rule, tab="history", now=self.now)


class RevisionsView(ApiView):
    """What a rule said before."""

    @operation(
        "rule_revisions",
        "Revisions of a rule, newest first",
        scope=READ,
        query=answers.RevisionsQuery,
        answer=answers.RevisionsAnswer,
        errors=(404,),
    )
    def get(self, rule_id: str) -> dict[str, Any]:
        """Twenty revisions."""
        found = selectors.revisions(selectors.rule_for(self.user, rule_id), before=self.query["before"])
        last = found[-1].revision.number if found else 1
        return {"items": found, "before": last if last > 1 else None}


class RunsView(ApiView):
    """What passes meant for a rule."""

    @operation(
        "rule_runs",
        "Runs of a rule that had hits, newest first",
        scope=READ,
        query=answers.RunsQuery,
        answer=answers.RunsAnswer,
        errors=(404,),
    )
    def get(self, rule_id: str) -> dict[str, Any]:
        """A page of runs."""
        rule = selectors.rule_for(self.user, rule_id)
        limit, after = self.query["limit"], after_of(self.query["after"], RUNS_SALT)
        runs = rule.runs.select_related("revision").defer("revision__definition", "revision__tree")
        if after.values is not None:
            at, pk = datetime.fromisoformat(after.values[0]), after.values[1]
            runs = runs.filter(at__lte=at).filter(Q(at__lt=at) | Q(pk__lt=pk))
        rows = list(runs.order_by("-at", "-pk")[: limit + 1])
        page = cut(rows, limit, lambda run: (run.at.isoformat(), run.pk), RUNS_SALT)
        return page_of(page.items, page.next_key)


class EnableView(ApiView):
    """On."""

    @operation(
        "rule_enable",
        "Switch a rule on",
        scope=WRITE,
        may_who=MANAGE,
        answer=answers.RuleRowAnswer,
        errors=(404, 422),
        description="It judges what arrives, and what is stored since its look-back.",
    )
    def post(self, rule_id: str) -> Row:
        """A rule that is on stays as it is."""
        return _row(self, services.enable(rule=selectors.rule_for(self.user, rule_id), **self.acting))


class DisableView(ApiView):
    """Off."""

    @operation(
        "rule_disable",
        "Switch a rule off",
        scope=WRITE,
        may_who=MANAGE,
        answer=answers.RuleRowAnswer,
        errors=(404, 422),
    )
    def post(self, rule_id: str) -> Row:
        """A rule that is off stays as it is."""
        return _row(self, services.disable(rule=selectors.rule_for(self.user, rule_id), **self.acting))


class OverridesView(ApiView):
    """What is set here beside the rule's file."""

    @operation(
        "rule_override",
        "Set severity, risk score, schedule, maximum, tags or state beside a rule's file",
        scope=WRITE,
        may_who=MANAGE,
        body=inputs.OverridesBody,
        answer=answers.RuleRowAnswer,
        errors=(404, 422),
        description="In force from the next claim on; an update of the file leaves it as it is. Null takes it back.",
        examples={"quieter": {"severity": "low", "max_signals": 20, "note": "Our scanners."}},
    )
    def patch(self, rule_id: str) -> Row:
        """Set what is named."""
        overrides, rule = dict(self.body), selectors.rule_for(self.user, rule_id)
        note = overrides.pop("note")
        return _row(self, set_overrides(rule=rule, overrides=overrides, note=note, **self.acting))


class ReleaseView(ApiView):
    """Out of quarantine."""

    @operation(
        "rule_release",
        "Have a quarantined rule tried again",
        scope=WRITE,
        may_who=MANAGE,
        answer=answers.RuleRowAnswer,
        errors=(404, 422),
        description="It judges what it missed; still broken, it is quarantined anew.",
    )
    def post(self, rule_id: str) -> Row:
        """A rule that is not quarantined stays as it is."""
        return _row(self, quarantine.release(rule=selectors.rule_for(self.user, rule_id), **self.acting))


def _row(view: ApiView, rule: Rule) -> Row:
    return row_of(rule, view.now)
