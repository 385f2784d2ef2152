"""The exception panel's state: its conditions, what they would have silenced, whether it may be saved, and where to.

It is read from a request anew each time (alerts/views/composing.py), so a page without JavaScript and a live preview
are the same code. What the panel says of all this is in alerts/views/composer.py.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.access import may, reason_against
from accounts.models import User
from accounts.roles import Permission
from alerts import exceptions
from alerts.exceptions.groups import MOST_GROUPS
from alerts.exceptions.scope import Scope
from alerts.forms import ExceptionForm
from alerts.models import Alert, ExceptionDraft, Trial
from alerts.selectors.shapes import AlertBrief
from alerts.views.conditions import Condition, Entry, entry_groups, filled_rows
from alerts.views.frame import alert_address
from alerts.views.way_back import with_back
from rules.models import ExceptionItem, Rule
from soc.web.evidence import plain

SILENCED, ALERTING = "silenced", "alerting"


@dataclass(frozen=True, slots=True)
class Numbered:
    """A row with its number among all rows, which its remove button sends. `nest` is the field of the nested condition
    whose last row it is; empty when it is none."""

    number: int
    row: Condition
    nest: str = ""


@dataclass(frozen=True, slots=True)
class GroupView:
    """One group of conditions as the panel shows it."""

    number: int
    rows: list[Numbered]
    preview: exceptions.GroupPreview | None = None

    @property
    def says(self) -> str:
        """What the group silences by itself, and what it adds to those before it."""
        if self.preview is None:
            return ""
        shown = {"silenced": self.preview.silenced, "adds": self.preview.adds}
        if self.number == 0:
            return _("silences %(silenced)s") % shown
        return _("silences %(silenced)s, adds %(adds)s") % shown


@dataclass(slots=True)
class Panel:
    """Everything the panel is. `alert` is where a new exception is written, `item` the stored one being edited; with
    neither it is written on the rule."""

    user: User
    rule: Rule
    form: ExceptionForm
    rows: list[Condition]
    alert: Alert | None = None
    item: ExceptionItem | None = None
    version: int = 1
    field_names: list[str] = field(default_factory=list)
    suggested: str = ""
    preview: exceptions.Preview | None = None
    problem: str = ""
    conflict: ExceptionItem | None = None  # somebody else's exception that says the same
    drafts_only: bool = False  # the role's exceptions need a review
    draft_id: int | None = None  # the draft that this one replaces
    draft: ExceptionDraft | None = None  # the change that is taken up again on what stands now
    made: frozenset[str] = frozenset()  # the columns that the rule's query makes
    into: int = 0  # the group in focus
    scope: Scope | None = None
    offered: list[Rule] = field(default_factory=list)  # rules whose name has what was looked for
    looked_for: str = ""
    lists: list[tuple[str, str]] = field(default_factory=list)  # value lists: id and name
    trial: Trial | None = None
    rev: int = 0  # how many previews were shown
    fresh: bool = False  # a blank row was asked for: it has the focus
    removed: bool = False  # a row was taken out: what adds another has it
    opening: bool = False  # nothing was typed yet: the preview was given little time
    refused: int = 0  # how many true positives the guard found when it was to be saved
    see: str = ""  # which alerts of the preview are asked for: "silenced" or "alerting"
    listed: list[AlertBrief] = field(default_factory=list)  # the newest of those
    overriders: list[str] = field(default_factory=list)  # who may hide a true positive, where the person may not
    query: str = ""  # the queue that its alert was opened from
    facts: str = ""  # which facts are open beside it
    begun: str = ""  # what the address asked for when it was opened
    as_left: bool = False  # it was left without being saved, and is taken up again
    back: str = ""  # the page that a stored one was opened from, where that is not the rule's

    @property
    def filled(self) -> list[Condition]:
        """The rows that say something."""
        return filled_rows(self.rows)

    @property
    def numbers(self) -> list[int]:
        """The groups that there are, at least one."""
        return sorted({row.group for row in self.rows}) or [0]

    @property
    def groups(self) -> list[GroupView]:
        """The groups with their rows, each row with its number."""
        numbered = list(enumerate(self.rows))
        previews = self.preview.groups if self.preview else []
        return [
            GroupView(group, _numbered(numbered, group), previews[group] if group < len(previews) else None)
            for group in self.numbers
        ]

    @property
    def several_groups(self) -> bool:
        """Whether there is more than one group."""
        return len(self.numbers) > 1

    @property
    def list_choices(self) -> list[tuple[str, str]]:
        """The value lists to choose from, and those that conditions name though they are not there."""
        known = {value for value, _name in self.lists}
        named = {row.value for row in self.rows if row.asks_list and row.value} - known
        return [*self.lists, *((value, plain(value)) for value in sorted(named))]

    @property
    def may_add_group(self) -> bool:
        """Whether there is room for one more."""
        return len(self.numbers) < MOST_GROUPS

    def groups_of_entries(self) -> list[list[Entry]]:
        """The conditions as exceptions store them, group by group."""
        return entry_groups(self.rows)

    def entries(self) -> list[Entry]:
        """The conditions of the first group."""
        return next(iter(self.groups_of_entries()), [])

    def uses(self, name: str, values: Sequence[str]) -> bool:
        """Whether a condition is about what stands at this field."""
        return any(row.is_on(name, values) for row in self.rows)

    @property
    def trial_is_old(self) -> bool:
        """Whether the conditions are others than those that were tried."""
        return self.trial is not None and self.trial.items != self.groups_of_entries()

    @property
    def rules(self) -> list[Rule]:
        """The rules that it is for."""
        return self.scope.rules if self.scope else [self.rule]

    @property
    def may_override(self) -> bool:
        """Whether the person's role may hide a true positive."""
        return may(self.user, Permission.OVERRIDE_GUARD)

    @property
    def guarded(self) -> bool:
        """Whether the guard speaks: a true positive would have been hidden."""
        return bool(self.refused or (self.preview and self.preview.hides_true_positive))

    @property
    def hidden(self) -> int:
        """How many true positives it would have hidden, those of other teams included."""
        if not self.preview:
            return self.refused
        seen = self.preview.by_verdict.get("true_positive", 0) + self.preview.true_positives_elsewhere
        return max(seen, self.refused)

    @property
    def why_not(self) -> str:
        """Why it cannot be saved, as a sentence; empty when it can."""
        if self.problem or not self.filled:
            return _("Add a condition first.") if not self.filled else ""
        if self.drafts_only:
            return _("Exceptions of your role need a review first.")
        if not self.guarded or self.may_override:
            return ""
        if self.may_draft:
            return _("Saving it needs the engineer role, sending it for review does not.")
        return reason_against(Permission.OVERRIDE_GUARD)

    @property
    def may_save(self) -> bool:
        """Whether the button works."""
        return bool(self.filled) and not self.problem and not self.why_not

    @property
    def may_draft(self) -> bool:
        """Whether it can be sent for review: always, since a second pair of eyes never harms."""
        return bool(self.filled) and not self.problem

    @property
    def draft_first(self) -> bool:
        """Whether sending it for review is what the person can do at all."""
        return self.may_draft and not self.may_save

    @property
    def open_count(self) -> int:
        """How many open alerts it covers."""
        return self.preview.open_matching if self.preview else 0

    @property
    def closes(self) -> int:
        """How many alerts saving it closes."""
        return self.open_count if self.form["close"].value() and self.may_close else 0

    @property
    def may_close(self) -> bool:
        """Whether saving it can close what it covers: not while it is switched off."""
        return self.item is None or self.item.enabled

    @property
    def alerting(self) -> int:
        """How many alerts it does not silence."""
        return self.preview.total - self.preview.silenced if self.preview else 0

    @property
    def not_listed(self) -> int:
        """How many more there are than those that are listed."""
        of = self.alerting if self.see == ALERTING else self.preview.silenced if self.preview else 0
        return max(of - len(self.listed), 0)

    @property
    def preview_url(self) -> str:
        """Where a preview is asked for."""
        if self.item:
            return with_back(reverse("alerts:exception_edit_preview", args=[self.item.pk]), self.back)
        if self.alert:
            return reverse("alerts:exception_preview", args=[self.alert.pk])
        return reverse("alerts:exception_new_preview", args=[self.rule.pk])

    @property
    def save_url(self) -> str:
        """Where the panel is saved."""
        if self.item:
            return with_back(reverse("alerts:exception_edit", args=[self.item.pk]), self.back)
        if self.alert:
            return reverse("alerts:exception_add", args=[self.alert.pk])
        return reverse("alerts:exception_new", args=[self.rule.pk])

    @property
    def back_url(self) -> str:
        """Where the panel is left to."""
        if self.alert:
            return alert_address(self.alert.pk, self.query, facts=self.facts)
        return self.back or reverse("rules:detail", args=[self.rule.pk]) + "?tab=exceptions"

    @property
    def opens(self) -> bool:
        """Whether it opens beside an alert, with what was left there or anew: then it has the focus."""
        return self.alert is not None and (self.opening or self.as_left)

    @property
    def anew_url(self) -> str:
        """Where a panel beside an alert begins anew, on a draft with what that says; empty while nothing was done."""
        if not self.alert or not self.rev:
            return ""
        draft = str(self.draft_id or "")
        return alert_address(self.alert.pk, self.query, side="exception", draft=draft, facts=self.facts)

    @property
    def left_as(self) -> str:
        """Under which name the browser keeps what was not saved: one for the alert, and one for each draft on it."""
        return f"{self.save_url}{self.draft_id or ''}" if self.alert else ""


def _numbered(numbered: Sequence[tuple[int, Condition]], group: int) -> list[Numbered]:
    mine = [(number, row) for number, row in numbered if row.group == group]
    made, nest = list[Numbered](), ""
    for at, (number, row) in enumerate(mine):
        nest = nest if row.inner else row.field if row.is_nested else ""
        ends = at + 1 == len(mine) or not mine[at + 1][1].inner
        made.append(Numbered(number, row, nest if ends else ""))
    return made
