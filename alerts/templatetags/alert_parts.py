"""The words and small drawings of the alert pages; what every page needs is in the web kit."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from django import forms, template
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from alerts.models import Fault, Kind, Reason, Severity, Status, closed_as
from alerts.plain_names import different
from alerts.selectors import AlertBrief, AlertPage, Entry, FieldGroup, FieldRow, NewTerms, Part, Verdicts
from alerts.selectors.row_shapes import RowCell
from alerts.selectors.sentence import time_in_words
from alerts.views.answers import Spoken
from alerts.views.composer import Composer
from alerts.views.conditions import OPERATORS, Condition
from engine import Clause, RuleDefinition
from soc.web import charts, evidence, when
from soc.web.controls import control
from soc.web.markup import format_html, format_html_join

register = template.Library()
register.filter("different", different)

MARK_START, MARK_END = "\ue000", "\ue001"
KINDS = {
    "query": "KQL",
    "saved_query": _("Saved query"),
    "new_terms": _("New terms"),
    "eql": "EQL",
    "esql": "ES|QL",
    "threshold": _("Threshold"),
    "threat_match": _("Indicator match"),
}
JOINED_KINDS = {
    Kind.SEQUENCE: _("EQL sequence"),
    Kind.SAMPLE: _("EQL sample"),
    Kind.BLOCK: _("One of several joined events"),
    Kind.GROUP: _("ES|QL, a group of events"),
}
REASON_KEYS = {
    Reason.TRUE_POSITIVE: "t",
    Reason.BENIGN_POSITIVE: "b",
    Reason.FALSE_POSITIVE: "f",
    Reason.DUPLICATE: "d",
    Reason.OTHER: "o",
}
FAULT_KEYS = {Fault.RULE_LOGIC: "r", Fault.DATA_WRONG: "w"}
_VERDICT_CLASSES = (
    ("true_positive", "tp", _("true positive")),
    ("benign_positive", "benign", _("benign positive")),
    ("false_positive", "fp", _("false positive")),
    ("duplicate", "dup", _("duplicate")),
    ("other", "other", _("other")),
)


# ---------- words ----------


@register.filter
def words(text: str) -> list[str]:
    """`{% for name in "status host"|words %}`: a list written in a template."""
    return text.split()


@register.filter
@lru_cache(maxsize=1_024)
def evidence_line(text: str) -> SafeString:
    """The evidence of an alert in one line, with the values that met the rule marked and everything made visible. The
    newest thousand are kept: a list shows the same ones again and again.
    """
    pieces = []
    for at, chunk in enumerate(text.split(MARK_START)):
        marked, end, rest = chunk.partition(MARK_END)
        if at and end:
            pieces += [format_html("<mark>{}</mark>", evidence.show(marked)), evidence.show(rest)]
        else:
            pieces.append(evidence.show(chunk))
    return format_html_join("", "{}", ((piece,) for piece in pieces))


@register.filter
def evidence_block(text: str) -> SafeString:
    """A document as text: escaped, invisible characters drawn, line breaks kept and nothing folded."""
    return format_html("{}", "\n".join(evidence.plain(line) for line in text.split("\n")))


@register.simple_tag
def sentence(parts: Sequence[Part]) -> SafeString:
    """The summary sentence; names and values are strong and made visible."""
    drawn = (
        format_html("<b>{}</b>", evidence.show(part.text)) if part.strong else format_html("{}", part.text)
        for part in parts
    )
    return format_html_join("", "{}", ((piece,) for piece in drawn))


@register.simple_tag
def sentence_time(moment: datetime) -> SafeString:
    """`{% sentence_time page.alike.since %}`: a time as the sentence above an alert writes it."""
    return when.element(moment, time_in_words(moment))


@register.simple_tag
def comment_text(entry: Entry) -> SafeString:
    """What was written, with the names that call somebody marked; everything made visible."""
    if not entry.called:
        return evidence.show(entry.note)
    names = "|".join(re.escape(name) for name in sorted(entry.called, key=len, reverse=True))
    pieces = re.split(rf"(?<![\w@.])(@(?:{names})(?![\w+-]))", entry.note, flags=re.IGNORECASE)
    drawn = (
        format_html('<b class="mention">{}</b>', piece) if at % 2 else evidence.show(piece)
        for at, piece in enumerate(pieces)
    )
    return format_html_join("", "{}", ((piece,) for piece in drawn))


@register.filter
def short_field(name: str) -> str:
    """A field's name without the group that most of them share: "process.parent.args" is "parent.args"."""
    return name.removeprefix("process.")


def short_in(name: str, title: str) -> str:
    """A field's name under a group's title: "process.parent.name" under "Parent" is "name"."""
    for prefix in (f"process.{title.lower()}.", f"{title.lower()}."):
        if name.startswith(prefix):
            return name.removeprefix(prefix)
    return short_field(name)


@register.filter
def kind(definition: RuleDefinition) -> str:
    """The type of a rule as analysts call it."""
    return KINDS.get(definition.type, definition.type)


@register.filter
def clause_words(clause: Clause) -> str:
    """What the rule asked, with its field: "process.name is sh". A formula names its fields itself."""
    named = clause.field and all(name in clause.asked for name in clause.field.split(", "))
    return clause.asked if named and "(" in clause.asked else f"{clause.field} {clause.asked}".strip()


@register.filter
def kind_words(page: AlertPage) -> str:
    """What the alert is, as analysts call it: "EQL sequence", "Threshold"."""
    return JOINED_KINDS.get(Kind(page.alert.kind), kind(page.definition))


@register.simple_tag
def clock(moment: datetime) -> SafeString:
    """The time of day to the millisecond in the person's zone, as the order of steps asks for; the day in the title."""
    local = localtime(moment)
    return when.element(moment, f"{local:%H:%M:%S}.{local.microsecond // 1_000:03}")


@register.simple_tag
def count_bar(found: int, needed: int, width: int = 320) -> SafeString:
    """How far a count went beyond what was needed: a bar with a mark at the threshold."""
    most = max(found, needed, 1)
    mark = min(width * needed / most, width - 1.0)
    return format_html(
        '<svg class="chart" viewBox="0 0 {} 12" preserveAspectRatio="none" aria-hidden="true"><rect class="f-line" '
        'width="{}" height="8" y="2" rx="2"/><rect class="f-accent" width="{}" height="8" y="2" rx="2"/><rect '
        'class="f-ink" x="{}" width="2" height="12"/></svg>',
        width, width, f"{width * found / most:.1f}", f"{mark:.1f}",
    )  # fmt: skip


@register.filter
def main_technique(alert: Any) -> str:
    """The most specific technique of an alert's rule."""
    found: list[str] = alert.techniques
    return next((one for one in found if "." in one), found[0] if found else "")


@dataclass(frozen=True, slots=True)
class ShownTechnique:
    """A technique chip: id, name, and the way to it from its tactic."""

    id: str
    name: str
    path: str


@register.filter
def techniques(definition: RuleDefinition) -> list[ShownTechnique]:
    """The techniques of a rule, the most specific of each, with their tactic in the title; at most three."""
    found: dict[str, ShownTechnique] = {}
    for tactic in definition.threat:
        for one in tactic.techniques:
            chips = [_chip(sub.id, tactic.name, one.name, sub.name) for sub in one.subtechniques]
            for chip in chips or [_chip(one.id, tactic.name, one.name)]:
                found.setdefault(chip.id, chip)
    return list(found.values())[:3]


def _chip(number: str, *path: str) -> ShownTechnique:
    return ShownTechnique(number, evidence.plain(path[-1]), evidence.plain(", ".join(path)))


@register.filter
def usually(verdicts: Verdicts) -> str:
    """What usually comes out of this rule's alerts, said only when there are enough to say it."""
    if not verdicts.judged:
        return _("No verdicts yet")
    if verdicts.few:
        return _("Too few verdicts to say (%(n)s)") % {"n": verdicts.judged}
    harmless = verdicts.benign_positive + verdicts.false_positive
    if harmless > 0.8 * verdicts.judged:
        return _("Usually benign here")
    return _("Usually real here") if verdicts.true_positive > 0.5 * verdicts.judged else _("Sometimes real here")


@register.filter
def severity_word(brief: AlertBrief) -> str:
    """The severity of a brief as a word."""
    return Severity(brief.severity).label


@register.filter
def state_word(brief: AlertBrief) -> str:
    """Where an alert stands: as what, once it is closed."""
    return closed_as(brief.reason, brief.fault) or str(Status(brief.status).label).lower()


@register.filter
def operator_word(condition: Condition) -> str:
    """What a condition asks of its field."""
    return str(dict(OPERATORS).get(condition.operator, _("kept as is")))


@register.simple_tag
def close_reasons() -> list[dict[str, str]]:
    """The five reasons with the key of each."""
    return [{"value": one.value, "label": str(one.label), "key": REASON_KEYS[one]} for one in Reason]


@register.simple_tag
def faults() -> list[dict[str, str]]:
    """Where the fault of a false positive may lie, with the key of each."""
    return [{"value": one.value, "label": str(one.label), "key": key} for one, key in FAULT_KEYS.items()]


@register.filter
def safe_link(address: str) -> SafeString:
    """A reference of a rule as a link, if it is a web address; otherwise as text."""
    if address.startswith(("https://", "http://")):
        return format_html('<a class="link" href="{}" rel="noopener noreferrer nofollow">{}</a>', address, address)
    return format_html("{}", address)


@register.simple_tag
def due_words(page: AlertPage, now: datetime) -> SafeString:
    """ "past its target by 3 d 20 h (high: 4 h), nobody owns it", or "due in 2 h (high: 4 h)", with the moment."""
    alert, due = page.alert, page.due
    if due is None:
        return SafeString("")
    target = f"{Severity(alert.severity).label}: {when.long_span(due.within)}"
    if now <= due.at:
        told = _("due in %(span)s (%(target)s)") % {"span": when.long_span(due.at - now), "target": target}
        return when.element(due.at, told)
    owner = _("owned by %(name)s") % {"name": alert.assignee} if alert.assignee else _("nobody owns it")
    told = _("past its target by %(span)s (%(target)s), %(owner)s")
    return when.element(due.at, told % {"span": when.long_span(now - due.at), "target": target, "owner": owner})


# ---------- fields and filters ----------


def as_kql(field: FieldRow) -> str:
    """The field's first value as a KQL clause; empty for a field without a short value."""
    if not field.values or len(field.values[0]) > 1_000:
        return ""
    return f"{field.name}: {json.dumps(field.values[0], ensure_ascii=False)}"


@register.filter
def uses(composer: Composer | None, field: FieldRow | RowCell) -> bool:
    """Whether the exception that is being written has a condition on what stands at the field."""
    return composer is not None and composer.uses(field.name, field.values)


@register.filter
def shown_fields(groups: Sequence[FieldGroup]) -> int:
    """How many fields the groups show."""
    return sum(len(group.fields) for group in groups)


@register.filter
def bound(form: forms.Form, name: str) -> forms.BoundField:
    """A form's field by its name."""
    return form[name]


@register.filter
def styled(field: forms.BoundField) -> SafeString:
    """A form control in the kit's clothes."""
    choice = isinstance(field.field, forms.ChoiceField)
    attributes: dict[str, str | bool] = {"class": "select" if choice else "input"}
    if field.errors:
        attributes["aria-invalid"] = "true"
    return control(field, attributes)


# ---------- drawings ----------


@register.simple_tag
def verdict_bar(verdicts: Verdicts, width: int = 88) -> SafeString:
    """How the rule's alerts were closed, as one bar; faded while they are too few."""
    return charts.verdict_bar(
        true_positive=verdicts.true_positive,
        benign=verdicts.benign_positive,
        false_positive=verdicts.false_positive,
        duplicate=verdicts.duplicate,
        few=verdicts.few,
        width=width,
    )


@register.simple_tag
def verdict_legend(verdicts: Verdicts) -> SafeString:
    """The numbers of the bar in words; what never occurred is left out."""
    shown = ((name, count, label) for key, name, label in _VERDICT_CLASSES if (count := getattr(verdicts, key)))
    items = format_html_join("", '<span><i class="swatch s-{}"></i>{} {}</span>', shown)
    return format_html('<div class="legend mt-2">{}</div>', items)


@register.simple_tag
def silenced_bar(preview: Any, width: int = 544) -> SafeString:
    """What an exception silences, as one bar: closed ones by reason, open ones, and what still alerts."""
    counts = preview.by_verdict
    parts = (
        (counts.get("true_positive", 0), "f-tp", _("%(n)s true positive")),
        (counts.get("benign_positive", 0), "f-benign", _("%(n)s benign")),
        (counts.get("false_positive", 0), "f-fp", _("%(n)s false positive")),
        (counts.get("duplicate", 0), "f-dup", _("%(n)s duplicate")),
        (counts.get("other", 0), "f-line", _("%(n)s other")),
        (counts.get("open", 0), "f-open", _("%(n)s open now")),
        (preview.total - preview.silenced, "f-ink", _("%(n)s still alert")),
    )
    x, rects, texts, legend = 0.0, [], [], []
    for count, name, label in parts:
        if not count:
            continue
        share, said = width * count / preview.total, label % {"n": count}
        rects.append((name, f"{x:.1f}", f"{max(share - 2, 1.5):.1f}"))
        texts.append((f"{x:.1f}", said))
        legend.append(said)
        x += share
    bars = format_html_join("", '<rect class="{}" x="{}" y="0" width="{}" height="16" rx="2"/>', rects)
    return format_html(
        '<svg class="chart" viewBox="0 0 {} 16" role="img" aria-label="{}">{}</svg><div class="legend mt-1">{}</div>',
        width,
        ", ".join(legend),
        bars,
        format_html_join(
            "",
            '<span><i class="swatch s-{}"></i>{}</span>',
            ((r[0][2:], t[1]) for r, t in zip(rects, texts, strict=True)),
        ),
    )


@register.simple_tag
def history_strip(new: NewTerms) -> SafeString:
    """The history window as a strip: when the value was seen before it, the window itself, and the event at its end."""
    width = 700
    span = (new.history_end - new.history_start).total_seconds() or 1.0
    left = 0.0
    if new.earlier and new.earlier < new.history_start:
        left = 60.0
    dot = format_html('<circle class="f-ink" cx="6" cy="10" r="3"/>') if left else SafeString("")
    said = _("Not seen in %(days)s days before the event") % {"days": round(span / 86_400, 1)}
    return format_html(
        '<svg class="chart window" viewBox="0 0 {} 20" role="img" aria-label="{}">{}<rect class="f-line" x="{}" y="7" '
        'width="{}" height="6" rx="3"/><circle class="f-evidence" cx="{}" cy="10" r="5"/></svg>',
        width, said, dot, left, width - left - 8, width - 8,
    )  # fmt: skip


# ---------- what was just done ----------


@register.filter
def undo_url(spoken: Spoken, back: str) -> str:
    """Where the act is undone, and `back`: the query string that says where the person then is; empty without undo."""
    if spoken.group is None:
        return ""
    return reverse("alerts:undo", args=[spoken.group]) + (f"?{back}" if back else "")
