"""The words and small drawings of the pages of cases; what every page needs is in the web kit."""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django import forms, template
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.timezone import localdate, localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cases.models import Case, Outcome, Phase, Status
from cases.selectors import Entity, FieldChange, Moment
from soc.web import when

register = template.Library()
_PHASES = list(Phase.values)
_ICONS = {
    "comment": "note",
    "note": "shield",
    "open": "cases",
    "join": "alerts",
    "leave": "minus",
    "close": "check",
    "reopen": "pivot",
    "change": "note",
    "task_add": "plus",
    "task_change": "check",
}
_TOLD_BY_WORDS = {"phase", "owner_id", "severity", "due_at"}
_QUEUE_FILTERS = {"host": "host", "user": "user"}
_SEARCHED = {
    "host": ("host.name",),
    "user": ("user.name",),
    "address": ("source.ip", "destination.ip", "dns.resolved_ip"),
    "hash": ("process.hash.sha256", "file.hash.sha256", "process.parent.hash.sha256"),
}


# ---------- where a case stands ----------


@register.simple_tag
def phase_bar(case: Case) -> SafeString:
    """Four segments, filled up to the phase, and its word."""
    at = _PHASES.index(case.phase)
    segments = format_html_join(
        "",
        '<rect class="{}" x="{}" y="0" width="17" height="4" rx="2"/>',
        (("f-ink" if place <= at else "f-line", place * 19) for place in range(len(_PHASES))),
    )
    return format_html(
        '<span class="phase"><svg viewBox="0 0 74 4" aria-hidden="true">{}</svg>{}</span>',
        segments,
        case.get_phase_display(),
    )


@register.simple_tag
def done_bar(done: int, total: int) -> SafeString:
    """How many tasks are done, as a bar."""
    width = round(60 * done / total) if total else 0
    return format_html(
        '<svg class="donebar" viewBox="0 0 60 4" aria-hidden="true"><rect class="f-line" width="60" height="4" rx="2"/>'
        '<rect class="f-ink" width="{}" height="4" rx="2"/></svg>',
        width,
    )


@register.simple_tag
def case_status(case: Case) -> SafeString:
    """Where the case stands, as a chip; a closed one shows what it turned out to be."""
    if case.status == Status.CLOSED:
        tone = (
            "tp" if case.outcome == Outcome.TRUE_POSITIVE else "" if case.outcome == Outcome.INCONCLUSIVE else "benign"
        )
        return format_html('<span class="chip {}">{}</span>', tone, case.get_outcome_display() or _("Closed"))
    tone = "warn" if case.status == Status.ON_HOLD else "open"
    return format_html('<span class="chip {}">{}</span>', tone, case.get_status_display())


def is_late(case: Case, now: datetime) -> bool:
    """Whether the case is past its date while it is worked on."""
    return case.due_at is not None and case.due_at <= now and case.status in (Status.OPEN, Status.IN_PROGRESS)


@register.simple_tag
def due_short(case: Case, now: datetime) -> SafeString:
    """The last column of the list: "overdue 5 h", "16:00", "tomorrow", "Mon", "24 Nov"."""
    moment = case.closed_at if case.status == Status.CLOSED else case.wake_at if case.status == Status.ON_HOLD else None
    moment = moment or case.due_at
    if moment is None:
        return format_html('<span class="faint">{}</span>', _("no date"))
    if is_late(case, now):
        late = _("overdue %(span)s") % {"span": when.short_span(now - moment)}
        return format_html('<span class="late">{}</span>', when.element(moment, late))
    return when.element(moment, _day_word(moment, now, short=True))


@register.simple_tag
def moment_long(moment: datetime | None, now: datetime, otherwise: str = "") -> SafeString | str:
    """A date with its time of day, near days by name: "today 16:00", "tomorrow 09:00", "Mon 24 Nov 09:00"."""
    if moment is None:
        return otherwise
    return when.element(moment, f"{_day_word(moment, now, short=False)} {localtime(moment):%H:%M}")


@register.simple_tag
def due_long(case: Case, now: datetime) -> SafeString:
    """The date in the bar of a case: "today 09:00, 5 h ago", in red where it is past."""
    if case.due_at is None:
        return format_html('<span class="faint">{}</span>', _("no date"))
    words = f"{_day_word(case.due_at, now, short=False)} {localtime(case.due_at):%H:%M}"
    if is_late(case, now):
        words = _("%(moment)s, %(span)s ago") % {"moment": words, "span": when.short_span(now - case.due_at)}
        return format_html('<span class="late">{}</span>', when.element(case.due_at, words))
    return when.element(case.due_at, words)


def _day_word(moment: datetime, now: datetime, *, short: bool) -> str:
    local = localtime(moment)
    ahead = (localdate(moment) - localdate(now)).days
    if ahead == 0:
        return f"{local:%H:%M}" if short and moment >= now else _("today")
    if ahead in (-1, 1):
        return _("tomorrow") if ahead == 1 else _("yesterday")
    date = f"{local.day} {local:%b}" + ("" if local.year == localtime(now).year else f" {local.year}")
    if short:
        return f"{local:%a}" if 0 < ahead < 7 else date
    return f"{local:%a} {date}"


@register.filter
def long_span(span: timedelta | None) -> str:
    """How long a case was open, in its two largest units: "8 h 20 m", "3 d 4 h"."""
    if span is None:
        return ""
    minutes = int(span.total_seconds()) // 60
    days, hours, rest = minutes // 1440, minutes // 60 % 24, minutes % 60
    if days:
        return f"{days} d {hours} h" if hours else f"{days} d"
    if hours:
        return f"{hours} h {rest:02} m" if rest else f"{hours} h"
    return f"{rest} m" if rest else _("under a minute")


@register.simple_tag
def at_time(moment: datetime) -> SafeString:
    """The time of day, where the day stands above."""
    return when.element(moment, f"{localtime(moment):%H:%M}")


# ---------- what happened ----------


@register.filter
def moment_icon(moment: Moment) -> str:
    """The drawing of a moment."""
    if moment.kind == "task_change" and moment.task_state != "done":
        return "minus" if moment.task_state == "dropped" else "note"
    if any(change.field == "phase" for change in moment.changes):
        return "shield"
    return _ICONS.get(moment.kind, "note")


@register.filter
def who(moment: Moment, user: Any) -> str:
    """ "You", or the name as it was."""
    return _("You") if moment.actor_id and moment.actor_id == user.pk else moment.actor


@register.filter
def untold(moment: Moment) -> list[FieldChange]:
    """The changes that the sentence does not tell already."""
    changes = [change for change in moment.changes if change.field not in ("summary", "status")]
    return [] if len(changes) == 1 and changes[0].field in _TOLD_BY_WORDS else changes


# ---------- what it is about ----------


@register.simple_tag
def entity_alerts(kind: str, entity: Entity) -> str:
    """The queue with the alerts of this host or user, of any state; the search for what the queue has no filter for."""
    name = _QUEUE_FILTERS.get(kind)
    if name and len(entity.value) <= 255:
        return f"{reverse('alerts:queue')}?{urlencode({'view': 'all', name: entity.value})}"
    return entity_search(kind, entity)


@register.simple_tag
def entity_search(kind: str, entity: Entity) -> str:
    """The search for this value in the last thirty days."""
    value = json.dumps(entity.value, ensure_ascii=False)
    query = " or ".join(f"{name}: {value}" for name in _SEARCHED[kind])
    return f"{reverse('events:search')}?{urlencode({'q': query, 'from': 'now-30d'})}"


@register.filter
def short_hash(value: str) -> str:
    """The two ends of a hash."""
    return f"{value[:8]}…{value[-6:]}" if len(value) > 20 else value


# ---------- closing ----------

_OUTCOMES = (
    (Outcome.TRUE_POSITIVE, "t", gettext_lazy("it was an attack, or something as bad")),
    (Outcome.BENIGN_POSITIVE, "b", gettext_lazy("it happened as the alerts say, and was allowed")),
    (Outcome.FALSE_POSITIVE, "f", gettext_lazy("it did not happen as the rules say")),
    (Outcome.DUPLICATE, "d", gettext_lazy("another case tells it")),
    (Outcome.INCONCLUSIVE, "i", gettext_lazy("it could not be found out; the note says why it ends here")),
)


@dataclass(frozen=True, slots=True)
class ShownOutcome:
    """An outcome to choose, with the key and what it means."""

    value: str
    label: str
    key: str
    says: str


@register.simple_tag
def outcomes() -> list[ShownOutcome]:
    """What a case can turn out to be."""
    return [ShownOutcome(one.value, str(one.label), key, str(says)) for one, key, says in _OUTCOMES]


# ---------- forms ----------


@register.filter
def bound(form: forms.Form, name: str) -> forms.BoundField:
    """A form's field by its name."""
    return form[name]


@register.filter
def typed(form: forms.Form | None, name: str) -> str:
    """What a person typed into a field of a form that was refused; nothing for a form that was not sent."""
    if not form or not form.is_bound:
        return ""
    value = form.data.get(name, "")
    return str(value or "")


@register.filter
def first_error(form: forms.Form | None) -> str:
    """The first thing that is wrong in a form, as a sentence."""
    found = [str(error) for errors in form.errors.values() for error in errors] if form and form.is_bound else []
    return found[0] if found else ""


@register.filter
def for_input(moment: datetime | None) -> str:
    """A moment as a browser's date and time picker takes it, in the person's time zone."""
    return f"{localtime(moment):%Y-%m-%dT%H:%M}" if moment else ""
