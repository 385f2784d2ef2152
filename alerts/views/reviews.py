"""The exceptions page: drafts that wait for a second pair of eyes, and the ledger of what is in force."""

from dataclasses import dataclass
from datetime import datetime
from time import monotonic
from typing import Any
from uuid import UUID, uuid4

from django.db.models import QuerySet
from django.http import Http404, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.access import may, page, reason_against
from accounts.audit.words import did
from accounts.models import User
from accounts.roles import Permission
from accounts.selectors import teams_of
from alerts import exceptions
from alerts.blame import RuleFailed
from alerts.errors import AlertError, DraftNotFound, GuardRefused, OutdatedDraft, StaleDraft
from alerts.exceptions.drafts import draft_of, returned_to, waiting_for
from alerts.exceptions.looks import Look, Seen, look_at
from alerts.models import ExceptionDraft, Reason
from alerts.selectors.done_lately import Done, done_lately
from alerts.selectors.ledger import SHOWS, Ledger, ledger
from alerts.selectors.ledger_search import LONGEST, words_of
from alerts.views.answers import Spoken, said, say, see_other, tell
from alerts.views.compared import Comparison, compared
from alerts.views.conditions import Condition, conditions_of
from alerts.views.exception_answers import told_edited, undo_address
from alerts.views.exception_words import rule_fails, spoken_of
from alerts.views.exceptions import seen_rule
from alerts.views.frame import rights
from alerts.views.way_back import ledger_address, this_ledger
from engine import ExceptionEntryError
from rules.errors import RulesError
from rules.models import Rule
from soc.web.clock import now as clock_now
from soc.web.evidence import plain
from soc.web.http import UserRequest
from soc.web.numbers import whole

MOST_DRAFTS = 20
CHECK_SECONDS = 2.0  # what the page spends on looking at drafts; what is left is looked at one by one
_TITLES = {
    "all": "All",
    "hides": "Hides a true positive",
    "broad": "Too broad",
    "stale": "Stale",
    "overdue": "Review overdue",
    "expiring": "Ends soon",
    "mine": "Mine",
    "shared": "Shared lists",
    "off": "Turned off",
}


@dataclass(frozen=True, slots=True)
class DraftCard:
    """A draft as its reviewer sees it: what it says, and what it would do now. `look` None: not looked at yet."""

    draft: ExceptionDraft
    conditions: list[Condition]
    look: Look | None
    problem: str
    mine: bool
    may_override: bool
    alert_seen: bool  # not once the alert was handed to a team that the reviewer is not in
    rule_seen: bool  # not once the rule was given to a team that he is not in
    more: tuple[list[Condition], ...] = ()  # further groups: an exception each
    where: str = ""  # for which rules, where not for this one alone
    change: Comparison | None = None  # of a change: what stands beside what is proposed

    @property
    def hidden(self) -> int:
        """How many true positives it would have hidden, those of other teams included."""
        return self.look.hidden + self.look.elsewhere if self.look else 0

    @property
    def verdict(self) -> str:
        """The verdict line."""
        if self.look is None:
            return self.problem or _("Not checked yet")
        if self.hidden:
            words = ngettext("Would have hidden 1 true positive", "Would have hidden %(n)s true positives", self.hidden)
            return words % {"n": self.hidden}
        shown = {"silenced": self.look.silenced, "total": self.look.total}
        if self.look.positives_beyond:
            shown |= {"left": self.look.positives_beyond}
            return _("Silences %(silenced)s of %(total)s; %(left)s true positives not looked at yet") % shown
        return _("Silences %(silenced)s of %(total)s, no true positive") % shown

    @property
    def against(self) -> str:
        """Of a change, what becomes of the alerts that what stands silences: the difference to it."""
        if self.change is None or self.look is None:
            return ""
        if self.look.more is None or self.look.fewer is None:
            return _("It was not held against what is silenced now.")
        shown = {"more": self.look.more, "fewer": self.look.fewer}
        if self.look.more and self.look.fewer:
            return _("%(more)s more than now, and lets %(fewer)s through that are silenced now") % shown
        if self.look.more:
            return _("%(more)s more than now") % shown
        return _("Lets %(fewer)s through that are silenced now") % shown if self.look.fewer else _("The same as now")

    @property
    def closes(self) -> int:
        """How many open alerts approving it closes: none while what it changes is switched off."""
        off = self.draft.edits is not None and not self.draft.edits.enabled
        return self.look.open_matching if self.look and self.draft.close_matching and not off else 0

    @property
    def aside(self) -> str:
        """The line under the verdict."""
        if self.look is None:
            return ""
        if self.hidden and not self.may_override:
            return _("Narrow it, or have a detection engineer approve it with a reason.")
        if self.closes:
            words = ngettext(
                "1 open alert would close as %(as)s", "%(n)s open alerts would close as %(as)s", self.closes
            )
            return words % {"n": self.closes, "as": Reason(self.draft.close_matching).label.lower()}
        return _("It closes no alert.")

    @property
    def button(self) -> str:
        """The words on the button."""
        return _("Approve, close %(n)s") % {"n": self.closes} if self.closes else _("Approve")

    @property
    def why_not(self) -> str:
        """Why it cannot be approved here; empty when it can."""
        if self.mine:
            return _("Somebody else has to review it.")
        if not self.rule_seen:
            return _("Its rule belongs to another team by now.")
        if self.change and self.change.since:
            return self.change.since
        if self.look is None:
            return self.problem or _("Check it first.")
        return self.aside if self.hidden and not self.may_override else ""


@page()
def list_exceptions(request: UserRequest) -> HttpResponseBase:
    """Drafts that wait or came back, then every exception of the rules one sees."""
    return _page(request, 200)


@page(Permission.REVIEW_EXCEPTIONS, methods=("POST",))
def approve(request: UserRequest, draft_id: int) -> HttpResponseBase:
    """Put a draft into force."""
    draft = _seen(request.user, draft_id)
    try:
        done = exceptions.approve(
            draft_id=draft.pk,
            override_guard_reason=request.POST.get("override", "")[:2_000],
            **_acting(request),
        )
    except (AlertError, RulesError, ExceptionEntryError) as error:
        return _refused(request, error)
    except RuleFailed:
        return _page(request, 409, problem=rule_fails())
    if isinstance(done, exceptions.Edited):
        return told_edited(request, _("Exception changed."), done, this_ledger(request))
    say(request, spoken_of(done))
    return see_other(this_ledger(request))


@page(Permission.REVIEW_EXCEPTIONS, methods=("POST",))
def send_back(request: UserRequest, draft_id: int) -> HttpResponseBase:
    """Ask the author for a change."""
    draft, group = _seen(request.user, draft_id), uuid4()
    try:
        exceptions.send_back(draft_id=draft.pk, note=request.POST.get("note", ""), group=group, **_acting(request))
    except AlertError as error:
        return _refused(request, error)
    return _done(request, _("%(person)s is asked for a change.") % {"person": draft.author}, group)


@page(Permission.EXCEPT, methods=("POST",))
def withdraw(request: UserRequest, draft_id: int) -> HttpResponseBase:
    """Take one's own draft back."""
    draft, group = _seen(request.user, draft_id), uuid4()
    try:
        exceptions.withdraw(draft_id=draft.pk, group=group, **_acting(request))
    except AlertError as error:
        return _refused(request, error)
    return _done(request, _("Draft withdrawn."), group)


def _done(request: UserRequest, words: str, group: UUID) -> HttpResponseBase:
    """Back to the drafts, with what was done to one of them and its undo."""
    to = this_ledger(request)
    tell(request, Spoken(words), undo_address(group, to))
    return see_other(to)


def _acting(request: UserRequest) -> dict[str, Any]:
    return {
        "version": whole(request.POST.get("version", ""), 9) or 0,
        "actor": request.user,
        "now": clock_now(),
        "team_ids": teams_of(request.user),
    }


def _seen(user: User, draft_id: int) -> ExceptionDraft:
    try:
        return draft_of(user, draft_id, teams_of(user))
    except DraftNotFound as error:
        raise Http404(error.message) from error


def _refused(request: UserRequest, error: AlertError | RulesError | ExceptionEntryError) -> HttpResponseBase:
    if isinstance(error, GuardRefused) and may(request.user, Permission.OVERRIDE_GUARD):
        return _page(request, 422, problem=_("Say why true positives may be hidden."))
    return _page(request, 409 if isinstance(error, StaleDraft | OutdatedDraft) else 422, problem=error.message)


def _page(request: UserRequest, status: int, problem: str = "") -> HttpResponseBase:
    now, team_ids = clock_now(), teams_of(request.user)
    show = request.GET.get("show", "all")
    show = show if show in SHOWS else "all"
    rule = seen_rule(request.user, request.GET["rule"]) if request.GET.get("rule") else None
    text, after = " ".join(words_of(request.GET.get("q", ""))), request.GET.get("after")
    found = ledger(user=request.user, team_ids=team_ids, show=show, now=now, rule=rule, text=text, after=after)
    drafts = _of(waiting_for(request.user, team_ids), rule)
    waiting = list(drafts[: MOST_DRAFTS + 1])
    context = {
        "cards": _cards(request, _with_asked(waiting[:MOST_DRAFTS], drafts, _asked(request)), team_ids, now),
        "more_drafts": len(waiting) > MOST_DRAFTS,
        "returned": [
            (one, conditions_of(one.entries), _where_again(one, team_ids))
            for one in _of(returned_to(request.user, team_ids), rule)[:MOST_DRAFTS]
        ],
        "lately": _lately(request.user, team_ids, now),
        "page": found.page,
        "lines": [(row, conditions_of(row.item.entries)) for row in found.page.items],
        "rule": rule,
        "q": text,
        "longest": LONGEST,
        "here": this_ledger(request),
        "whole": ledger_address(rule=rule.pk if rule else ""),
        "headline": _headline(found, text),
        "facets": [
            (name, _TITLES[name], found.numbers[name], name == show, _facet(rule, text, name)) for name in SHOWS
        ],
        "show": show,
        "problem": problem,
        "now": now,
        "may_review": may(request.user, Permission.REVIEW_EXCEPTIONS),
        "may_import": may(request.user, Permission.MANAGE_RULES),
        "needs_import": reason_against(Permission.MANAGE_RULES),
        "spoken": said(request) if status == 200 else None,
        "undo_back": "",
        **rights(request.user),
    }
    return render(request, "alerts/exceptions.html", context, status=status)


def _facet(rule: Rule | None, text: str, show: str) -> str:
    """Where the facet leads: what the ledger is narrowed to besides stays."""
    return ledger_address(rule=rule.pk if rule else "", show=show if show != "all" else "", q=text)


def _of(drafts: QuerySet[ExceptionDraft], rule: Rule | None) -> QuerySet[ExceptionDraft]:
    return drafts if rule is None else drafts.filter(rule=rule)


def _asked(request: UserRequest) -> int:
    """The number of the draft that a notice or a link leads to; 0 for none."""
    return whole(request.GET.get("check", "")) or 0


def _with_asked(oldest: list[ExceptionDraft], drafts: QuerySet[ExceptionDraft], asked: int) -> list[ExceptionDraft]:
    """The oldest drafts, and the one that was asked for, which may be behind them."""
    if not asked or len(oldest) < MOST_DRAFTS or any(one.pk == asked for one in oldest):
        return oldest
    return [*oldest, *drafts.filter(pk=asked)]


def _lately(user: User, team_ids: list[int], now: datetime) -> list[tuple[Done, str]]:
    return [(one, did(one.change.object_type, one.change.verb)) for one in done_lately(user, team_ids, now)]


def _cards(request: UserRequest, drafts: list[ExceptionDraft], team_ids: list[int], now: datetime) -> list[DraftCard]:
    """The drafts, looked at as long as the page's time lasts; the one that was asked for before the others."""
    asked = _asked(request)
    in_order = sorted(drafts, key=lambda one: one.pk != asked)
    looks = look_at(in_order, team_ids, now, until=monotonic() + CHECK_SECONDS)
    override = may(request.user, Permission.OVERRIDE_GUARD)
    return [
        DraftCard(
            one,
            conditions_of(one.entries),
            *_apart(looks[one.pk]),
            mine=one.author == request.user,
            may_override=override,
            alert_seen=one.alert is not None and one.alert.team_id in team_ids,
            rule_seen=_sees_rule(one, team_ids),
            more=tuple(conditions_of(entries) for entries in one.more),
            where=_where(one),
            change=compared(one, one.edits) if one.edits and _sees_rule(one, team_ids) else None,
        )
        for one in drafts
    ]


def _sees_rule(draft: ExceptionDraft, team_ids: list[int]) -> bool:
    """Whether what stands on the draft's rule is for the person to see: it may be another team's by now."""
    return draft.rule.team_id is None or draft.rule.team_id in team_ids


def _apart(seen: Seen) -> tuple[Look | None, str]:
    return (None, seen) if isinstance(seen, str) else (seen, "")


def _where_again(draft: ExceptionDraft, team_ids: list[int]) -> str:
    """Where its author changes a returned draft: on its alert, or on the exception that it would change. Empty where
    he no longer sees the alert or the rule, or the exception is gone."""
    if draft.edits is not None:
        address = reverse("alerts:exception_edit", args=[draft.edits.pk])
        return f"{address}?draft={draft.pk}" if not draft.edits.removed_at and _sees_rule(draft, team_ids) else ""
    if draft.alert is None or draft.alert.team_id not in team_ids:
        return ""
    return f"{reverse('alerts:detail', args=[draft.alert.pk])}?side=exception&draft={draft.pk}"


def _where(draft: ExceptionDraft) -> str:
    """For which rules a draft is meant, where it is not for one alone."""
    if draft.list_id:
        return _("For every rule of the shared list %(name)s") % {"name": plain(draft.list_id)}
    words = _("For %(n)s rules")
    return words % {"n": len(draft.rule_ids) + 1} if draft.rule_ids else ""


def _headline(found: Ledger, text: str) -> tuple[str, str, str]:
    """The sentence above all, in three parts: the middle one is what wants attention."""
    count = found.numbers["all"]
    if not count and text:
        return _("No exception says that."), "", ""
    if not count:
        return _("No exception yet. One starts on an alert, with x."), "", ""
    start = ngettext("1 exception", "%(n)s exceptions", count.number) % {"n": count}
    held = ngettext("1 event", "%(n)s events", found.held_back.number) % {"n": found.held_back}
    start = _("%(exceptions)s held back %(events)s in 30 days.") % {"exceptions": start, "events": held}
    worst, *others = _wanting(found) or [""]
    rest = f", {', '.join(others)}." if others else "." if worst else ""
    return f"{start} ", worst, rest


def _wanting(found: Ledger) -> list[str]:
    """What wants attention, gravest first."""
    hides, broad, overdue, stale = (found.numbers[name] for name in ("hides", "broad", "overdue", "stale"))
    told = (
        (hides, ngettext("%(n)s hides a true positive", "%(n)s hide a true positive", hides.number)),
        (broad, ngettext("%(n)s is too broad", "%(n)s are too broad", broad.number)),
        (overdue, ngettext("%(n)s review is overdue", "%(n)s reviews are overdue", overdue.number)),
        (stale, ngettext("%(n)s looks stale", "%(n)s look stale", stale.number)),
    )
    return [words % {"n": number} for number, words in told if number]
