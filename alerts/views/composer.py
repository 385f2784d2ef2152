"""The exception panel as one value: its conditions, what they would have silenced, and whether it may be saved.

It is read from a request anew each time, so a page without JavaScript and a live preview are the same code.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.http import QueryDict
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.access import may, reason_against
from accounts.models import User
from accounts.roles import Permission
from accounts.selectors import teams_of
from alerts import exceptions
from alerts.exceptions.allowed import drafts_only
from alerts.exceptions.drafts import returned_to
from alerts.exceptions.made import made_by_rule
from alerts.forms import ExceptionForm
from alerts.models import Alert, Kind
from alerts.selectors import AlertPage
from alerts.views.conditions import (
    OPERATORS,
    Condition,
    Entry,
    condition_on,
    conditions_from,
    conditions_of,
    with_error,
    with_matches,
)
from engine import ExceptionEntryError
from rules.models import ExceptionItem, Rule
from soc.web.clock import now as clock_now
from soc.web.evidence import plain
from soc.web.http import UserRequest


@dataclass(slots=True)
class Composer:
    """Everything the panel shows. `alert` is where a new exception is written, `item` the stored one being edited."""

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
    drafts_only: bool = False  # the role's exceptions need a review
    draft_id: int | None = None  # the returned draft that this one replaces
    made: frozenset[str] = frozenset()  # the columns that the rule's query makes
    operators: Any = OPERATORS

    @property
    def filled(self) -> list[Condition]:
        """The rows that say something."""
        return [row for row in self.rows if row.field]

    def entries(self) -> list[Entry]:
        """The conditions as an exception stores them."""
        return [row.to_entry() for row in self.filled]

    def uses(self, name: str) -> bool:
        """Whether a condition stands on this field."""
        return any(row.field == name for row in self.rows)

    @property
    def may_override(self) -> bool:
        """Whether the person's role may hide a true positive."""
        return may(self.user, Permission.OVERRIDE_GUARD)

    @property
    def guarded(self) -> bool:
        """Whether the guard speaks: a true positive would have been hidden."""
        return bool(self.preview and self.preview.hides_true_positive)

    @property
    def hidden(self) -> int:
        """How many true positives it would have hidden, those of other teams included."""
        if not self.preview:
            return 0
        return self.preview.by_verdict.get("true_positive", 0) + self.preview.true_positives_elsewhere

    @property
    def why_not(self) -> str:
        """Why it cannot be saved, as a sentence; empty when it can."""
        if self.problem or not self.filled:
            return _("Add a condition first.") if not self.filled else ""
        if self.drafts_only:
            return _("Exceptions of your role need a review first.")
        return reason_against(Permission.OVERRIDE_GUARD) if self.guarded and not self.may_override else ""

    @property
    def may_save(self) -> bool:
        """Whether the button works."""
        return bool(self.filled) and not self.problem and not self.why_not

    @property
    def may_draft(self) -> bool:
        """Whether it can be sent for review: always where it is written, since a second pair of eyes never harms."""
        return bool(self.filled) and not self.problem and self.item is None

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
        return self.open_count if self.form["close"].value() and not self.item else 0

    @property
    def seconds(self) -> str:
        """How long the preview took."""
        return f"{self.preview.examined_ms / 1000:.1f}" if self.preview else ""

    @property
    def headline(self) -> str:
        """The one sentence of the preview."""
        if not self.preview:
            return ""
        shown = {"silenced": self.preview.silenced, "total": self.preview.total}
        start = ngettext(
            "Silences %(silenced)s of %(total)s alert", "Silences %(silenced)s of %(total)s alerts", shown["total"]
        )
        return start % shown + self._about_true_positives()

    def _about_true_positives(self) -> str:
        hidden = self.preview.by_verdict.get("true_positive", 0) if self.preview else 0
        if not self.guarded:
            return _(", and no true positive.")
        return ngettext(", %(n)s of them a true positive.", ", %(n)s of them true positives.", hidden) % {"n": hidden}

    @property
    def guard_sentence(self) -> str:
        """What the guard says."""
        words = ngettext("Would have hidden 1 true positive.", "Would have hidden %(n)s true positives.", self.hidden)
        elsewhere = self.preview.true_positives_elsewhere if self.preview else 0
        more = ngettext(" 1 of them in another team.", " %(n)s of them in other teams.", elsewhere) if elsewhere else ""
        return words % {"n": self.hidden} + more % {"n": elsewhere}

    @property
    def misses_source(self) -> str:
        """Said when the conditions do not cover the alert they were written on."""
        if not self.alert or not self.preview or not self.preview.misses:
            return ""
        if self.preview.source_of_kept:
            return self._of_kept(self.alert.pk)
        miss = self.preview.misses[0]
        shown = {
            "id": self.alert.pk,
            "field": miss.field,
            "asked": plain(miss.asked),
            "had": plain(", ".join(miss.found)),
        }
        if not miss.found:
            return _("This does not match AL-%(id)s, the alert you came from: it has no %(field)s.") % shown
        if self.alert.kind in (Kind.GROUP, Kind.THRESHOLD) and miss.field not in self.made:
            words = _(
                "This leaves enough events of AL-%(id)s, the alert you came from, to raise it: "
                "of one of them %(field)s is “%(had)s”, you ask that it %(asked)s."
            )
            return words % shown
        words = _(
            "This does not match AL-%(id)s, the alert you came from: "
            "its %(field)s is “%(had)s”, you ask that it %(asked)s."
        )
        return words % shown

    @staticmethod
    def _of_kept(alert_id: int) -> str:
        words = _(
            "This may not cover AL-%(id)s, the alert you came from: it rests on more events than were kept with it. "
            "Of the kept events this takes out all, but the others may still raise it."
        )
        return words % {"id": alert_id}

    @property
    def joined(self) -> str:
        """How an exception works on an alert of several events; empty for any other."""
        if not self.alert:
            return ""
        words = {
            Kind.SEQUENCE: _("It takes out single events, before they are joined: without one of them, no sequence."),
            Kind.SAMPLE: _("It takes out single events, before they are joined: without one of them, no sample."),
            Kind.THRESHOLD: _("It takes out single events, before they are counted: what is left may be too few."),
            Kind.BLOCK: _("It takes out this event, and with it every sequence that needs it."),
            Kind.GROUP: _(
                "On fields of the events alone it takes out single events, before the query runs: what is left may not "
                "come to a row. With one column that the query makes it takes out whole rows instead."
            ),
        }
        return words.get(Kind(self.alert.kind), "")

    @property
    def asked_of(self) -> str:
        """Of what the conditions are asked, where the rule's query makes columns of its own; else empty."""
        named = [row.field for row in self.filled if row.field in self.made]
        if not self.made or not self.filled:
            return ""
        if not named:
            return _("Asked of each event, before the query runs over what is left.")
        shown = {"fields": plain(", ".join(dict.fromkeys(named)))}
        words = ngettext(
            "Asked of each row that the query makes, since it makes %(fields)s.",
            "Asked of each row that the query makes, since it makes %(fields)s.",
            len(named),
        )
        return words % shown

    @property
    def close_label(self) -> str:
        """The label of the closing checkbox."""
        count = self.open_count
        words = ngettext("Close the 1 open alert it matches as", "Close the %(n)s open alerts it matches as", count)
        return words % {"n": count} if count else _("No open alert to close.")

    @property
    def button(self) -> str:
        """The words on the button, with what it will do."""
        if self.item:
            return _("Save exception")
        return _("Add exception, close %(n)s") % {"n": self.closes} if self.closes else _("Add exception")

    @property
    def preview_url(self) -> str:
        """Where a preview is asked for."""
        if self.item:
            return reverse("alerts:exception_edit_preview", args=[self.item.pk])
        return reverse("alerts:exception_preview", args=[self.alert.pk if self.alert else 0])

    @property
    def save_url(self) -> str:
        """Where the panel is saved."""
        if self.item:
            return reverse("alerts:exception_edit", args=[self.item.pk])
        return reverse("alerts:exception_add", args=[self.alert.pk if self.alert else 0])

    @property
    def back_url(self) -> str:
        """Where the panel is left to."""
        if self.item:
            return reverse("rules:detail", args=[self.rule.pk]) + "?tab=exceptions"
        return reverse("alerts:detail", args=[self.alert.pk if self.alert else 0])


def _values(page: AlertPage) -> dict[str, tuple[str, ...]]:
    """What an exception may be written on: the fields of the alert's events, and the columns of its row over them."""
    row = page.composition.row if page.composition else None
    columns = {cell.name: cell.values for cell in row.cells} if row else {}
    return {field.name: field.values for field in page.all_fields} | columns


def compose_new(request: UserRequest, page: AlertPage, added: Sequence[str]) -> Composer:
    """The panel as it opens: on the fields that were clicked, else on what the past verdicts suggest."""
    values = _values(page)
    picked = [condition_on(name, values.get(name, ())) for name in dict.fromkeys(added) if name]
    rows = picked or conditions_of(exceptions.suggest(page.alert))
    composer = Composer(
        user=request.user,
        rule=page.alert.rule,
        form=ExceptionForm(may_never=may_never(request.user), close=True, expires="90", close_reason="benign_positive"),
        rows=rows or [Condition()],
        alert=page.alert,
        field_names=sorted(values),
        suggested="" if picked or not rows else _("Suggested from this alert and past verdicts"),
        drafts_only=drafts_only(request.user),
        made=made_by_rule(page.alert.rule),
    )
    return judged(_as_drafted(composer, request))


def compose_from(request: UserRequest, page: AlertPage) -> Composer:
    """The panel as it was submitted, with the row added or removed that a button asked for."""
    values = _values(page)
    composer = Composer(
        user=request.user,
        rule=page.alert.rule,
        form=ExceptionForm(request.POST, may_never=may_never(request.user)),
        rows=_edited(request.POST, values),
        alert=page.alert,
        field_names=sorted(values),
        drafts_only=drafts_only(request.user),
        made=made_by_rule(page.alert.rule),
        draft_id=_number(request.POST.get("draft", "")),
    )
    return judged(composer)


def _as_drafted(composer: Composer, request: UserRequest) -> Composer:
    """With what a returned draft of the person says, where the address names one of this alert."""
    number = _number(request.GET.get("draft", ""))
    if number is None or composer.alert is None:
        return composer
    mine = returned_to(request.user, teams_of(request.user)).filter(pk=number, alert=composer.alert).first()
    if mine is None:
        return composer
    composer.draft_id, composer.rows = mine.pk, conditions_of(mine.entries)
    composer.suggested = _("From your draft")
    composer.form.initial.update({"reason": mine.reason, "close": bool(mine.close_matching)})
    return composer


def _number(text: str) -> int | None:
    return int(text) if text.isdecimal() and len(text) < 19 else None


def compose_edit(request: UserRequest, item: ExceptionItem) -> Composer:
    """The panel on a stored exception: as it is stored, or as it was submitted."""
    submitted = request.POST if request.method == "POST" else None
    form = ExceptionForm(
        submitted,
        may_never=may_never(request.user),
        keeps=item.expires_at,
        reason=item.reason,
        name=item.name,
        expires="keep" if item.expires_at else "never",
    )
    version = request.POST.get("version", "")
    composer = Composer(
        user=request.user,
        rule=item.rule,
        form=form,
        rows=_edited(submitted, {}) if submitted else conditions_of(item.entries),
        item=item,
        drafts_only=drafts_only(request.user),
        made=made_by_rule(item.rule),
        version=int(version) if version.isdecimal() and len(version) < 10 else item.version,
    )
    return judged(composer)


def judged(composer: Composer, now: datetime | None = None) -> Composer:
    """With the preview of its conditions, or with what is wrong beside the row that is."""
    entries = composer.entries()
    if not entries:
        return composer
    try:
        composer.preview = exceptions.preview(
            rule=composer.rule,
            entries=entries,
            team_ids=teams_of(composer.user),
            now=now or clock_now(),
            alert=composer.alert,
        )
    except ExceptionEntryError as error:
        composer.rows = with_error(composer.filled, error.index, error.message)
        composer.problem = _("One of the conditions cannot be used.")
        return composer
    filled = with_matches(composer.filled, composer.preview.per_entry)
    composer.rows = filled + [row for row in composer.rows if not row.field]
    return composer


def may_never(user: User) -> bool:
    """Whether the person may keep an exception without an end."""
    return may(user, Permission.OVERRIDE_GUARD)


def _edited(data: QueryDict, values: dict[str, tuple[str, ...]]) -> list[Condition]:
    rows = conditions_from(data)
    added = data.get("add_field", "")
    if added and any(row.field == added for row in rows):
        rows = [row for row in rows if row.field != added]
    elif added:
        rows.append(condition_on(added, values.get(added, ())))
    if "add" in data or not rows:
        rows.append(Condition())
    return rows
