"""What stands beside the facts of an alert: how common a value is here, and which alerts may be of the same story."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from alerts.selectors import AlertBrief, AlertPage, Verdicts
from alerts.selectors.commonness import CommonValues, rarest
from engine import Clause
from events.prevalence import Common
from soc.web import evidence

register = template.Library()
_ENOUGH = timedelta(days=3)
_USUALLY_BEHIND = timedelta(minutes=5)
_FEW_HOSTS = 3
"""With fewer hosts in all "every host" says nothing; on more than these a value is usual."""


@register.simple_tag
def how_common(clause: Clause, known: CommonValues, when: datetime) -> SafeString:
    """ "on 3 of 212 hosts, since 12 Nov", "only this host, first seen that day"; nothing where it is not counted."""
    found = rarest(clause, known)
    if found is None:
        return SafeString("")
    said, since = _where(found), _since(found, when.date())
    rare = "rare" if found.hosts <= 1 or _is_new(found, when.date()) else "often"
    told = _("As far as events of the last 30 days tell, also those that the rule does not read; last seen %(day)s.")
    title = told % {"day": _day(found.last_day, when.date())}
    said = ", ".join(part for part in (said, since, _as_of(found, when)) if part)
    return format_html('<span class="{}" title="{}">{}</span>', rare, title, said)


def _is_new(found: Common, day: date) -> bool:
    """Whether the value is new that day: before some days are known everything would be."""
    return found.first_day >= day and found.known_from is not None and day - found.known_from >= _ENOUGH


def _as_of(found: Common, when: datetime) -> str:
    """Up to when events were noted, if that is before the alert's: noting is behind."""
    if found.noted_until is None or found.noted_until > when - _USUALLY_BEHIND:
        return ""
    return _("as of %(time)s UTC") % {"time": f"{found.noted_until.astimezone(UTC):%H:%M}"}


def _where(found: Common) -> str:
    if not found.hosts:
        return _("seen before")
    if found.hosts == 1:
        return _("only this host") if found.here_since else _("one other host")
    if found.hosts == found.of_hosts >= _FEW_HOSTS:
        return _("on every host")
    number = f"{found.hosts:,}+" if found.more else f"{found.hosts:,}"
    return ngettext("on %(n)s of %(all)s host", "on %(n)s of %(all)s hosts", found.of_hosts) % {
        "n": number, "all": f"{found.of_hosts:,}",
    }  # fmt: skip


def _since(found: Common, day: date) -> str:
    """Since when: on this host, where that is news; else anywhere. A day is all that is known of a time."""
    if found.first_day >= day:
        new = _("all new that day") if found.hosts > 1 else _("first seen that day")
        return new if _is_new(found, day) else ""
    if found.hosts > 1 and found.here_since is not None and found.here_since >= day:
        return _("new on this one")
    if found.hosts > _FEW_HOSTS:
        return ""  # what is usual here needs no date
    return _("since %(day)s") % {"day": _day(found.first_day, day)}


def _day(day: date, near: date) -> str:
    return f"{day.day} {day:%b}" if day.year == near.year else f"{day.day} {day:%b %Y}"


@register.filter
def met_values_of_process(page: AlertPage) -> list[str]:
    """The values of process fields that met the rule, to be marked in the process tree."""
    return [value for clause in page.why.asked if clause.field.startswith("process.") for value in clause.found[:5]]


_LETTERS = {
    "Reconnaissance": "RE", "Resource Development": "RD", "Initial Access": "IA", "Execution": "EX",
    "Persistence": "PE", "Privilege Escalation": "PR", "Defense Evasion": "DE", "Stealth": "ST",
    "Defense Impairment": "DI", "Credential Access": "CA", "Discovery": "DS", "Lateral Movement": "LM",
    "Collection": "CO", "Command and Control": "C2", "Exfiltration": "XF", "Impact": "IM",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class TacticLetters:
    """A tactic in the order of its alerts: two letters, its name, and whether it is that of the alert at hand."""

    letters: str
    name: str
    here: bool = False


@dataclass(frozen=True, slots=True)
class RelatedGroup:
    """Alerts that share one thing with the alert at hand, and the tactics of all of them in the order of time."""

    title: str
    value: str
    alerts: list[AlertBrief]
    chain: list[TacticLetters]


@register.simple_tag
def related_groups(page: AlertPage) -> list[RelatedGroup]:
    """The groups of related alerts; those of a file or an address only where there is one."""
    alert, related = page.alert, page.related
    groups = [
        (_("Same process tree"), "", related.same_tree, page.process_tree is not None),
        (_("Same host, within 24 hours"), alert.host_name, related.same_host, True),
        (_("Same user, within 7 days"), alert.user_name, related.same_user, True),
        (_("Same file hash, within 7 days"), alert.process_hash, related.same_hash, alert.process_hash),
        (_("Same address, within 7 days"), alert.address, related.same_address, alert.address),
    ]
    return [
        RelatedGroup(title, str(value or ""), alerts, _chain(page, alerts))
        for title, value, alerts, told in groups
        if told
    ]


@register.filter
def tactic_letters(brief: AlertBrief) -> TacticLetters | None:
    """The first tactic of an alert as two letters."""
    return _letters(brief.tactics[0], False) if brief.tactics else None


def _chain(page: AlertPage, alerts: list[AlertBrief]) -> list[TacticLetters]:
    """The tactics by the time of their alerts, one after the other, this alert's own among them."""
    told = [(brief.event_time, brief.tactics[0], False) for brief in alerts if brief.tactics]
    if not told:
        return []
    own = [(page.alert.event_time, tactic.name, True) for tactic in page.definition.threat[:1]]
    chain: list[TacticLetters] = []
    for _at, name, here in sorted(told + own):
        if not chain or (chain[-1].name, chain[-1].here) != (name, here):
            chain.append(_letters(name, here))
    return chain


def _letters(name: str, here: bool) -> TacticLetters:
    shown = evidence.plain(name)
    return TacticLetters(_LETTERS.get(name, shown[:2].upper()), shown, here)


@register.filter
def counted_words(verdicts: Verdicts) -> str:
    """ "2 true positive, 9 benign": the verdicts that there are, in words."""
    words = {
        "true_positive": _("true positive"), "benign_positive": _("benign"), "false_positive": _("false positive"),
    }  # fmt: skip
    return _numbers(verdicts, words)


@register.filter
def uncounted_words(verdicts: Verdicts) -> str:
    """ "1 duplicate, 2 other": what was closed without a verdict."""
    return _numbers(verdicts, {"duplicate": _("duplicate"), "other": _("other")})


def _numbers(verdicts: Verdicts, words: Mapping[str, str]) -> str:
    return ", ".join(f"{getattr(verdicts, name)} {word}" for name, word in words.items() if getattr(verdicts, name))
