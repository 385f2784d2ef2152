"""What a trial of an exception says."""

from datetime import datetime
from typing import Any

from django import template
from django.urls import reverse
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from alerts.models import Trial
from soc.web.evidence import plain

register = template.Library()
State = Trial.State


@register.filter
def words(text: str) -> list[str]:
    """The words of a text."""
    return text.split()


@register.simple_tag
def trial_url(composer: Any, rule_id: str = "") -> str:
    """Where a trial is begun."""
    return reverse("alerts:trial_begin", args=[composer.rule.pk if composer else rule_id])


@register.filter
def trial_percent(trial: Trial) -> int:
    """How far it has come."""
    return round(100 * trial.share)


@register.filter
def trial_span(trial: Trial) -> str:
    """Over what, and as of when."""
    hours = round((trial.end - trial.start).total_seconds() / 3_600)
    length = _("%(n)s h") % {"n": hours} if hours < 48 else _("%(n)s d") % {"n": hours // 24}
    shown = {"length": length, "at": f"{localtime(trial.end):%H:%M}"}
    return _("stored events of %(length)s, as of %(at)s") % shown


@register.filter
def trial_said(trial: Trial) -> str:
    """How a trial that is not done stands."""
    if trial.state == State.WAITING:
        return _("Waiting for a worker.")
    return _("%(n)s events looked at, newest first.") % {"n": f"{trial.examined:,}"}


@register.filter
def trial_lines(trial: Trial) -> list[tuple[str, str]]:
    """What it found, line by line, each with the class it is drawn in."""
    if trial.state == State.STOPPED:
        return [("muted", _("Stopped."))]
    if trial.state == State.FAILED or trial.result is None:
        return [("bad", trial.error or _("The trial failed."))]
    return [*_events(trial.result), *_alerts(trial.result), *_reached(trial.result)]


def _events(found: dict[str, Any]) -> list[tuple[str, str]]:
    examined = ngettext(
        "1 event got through the rule's filter", "%(n)s events got through the rule's filter", found["examined"]
    ) % {"n": f"{found['examined']:,}"}
    taken = ngettext("it takes out 1", "it takes out %(n)s", found["taken"]) % {"n": f"{found['taken']:,}"}
    lines = [("strong", f"{examined}, {taken}.")]
    if found["never_alerted"]:
        words = ngettext(
            "1 of them stands behind no alert: over the maximum, counted at another, or one of too few.",
            "%(n)s of them stand behind no alert: over the maximum, counted at another, or one of too few.",
            found["never_alerted"],
        )
        lines.append(("muted", words % {"n": f"{found['never_alerted']:,}"}))
    if found["hosts"]:
        on = ", ".join(f"{plain(name)} ({count:,})" for name, count in found["hosts"][:3])
        lines.append(("muted", _("Most on %(hosts)s.") % {"hosts": on}))
    return lines


def _alerts(found: dict[str, Any]) -> list[tuple[str, str]]:
    words = ngettext("1 alert would come of all, ", "%(n)s alerts would come of all, ", found["alerts"])
    gone = ngettext("1 less with the exception.", "%(n)s fewer with the exception.", found["gone"])
    lines = [("muted", words % {"n": f"{found['alerts']:,}"} + gone % {"n": f"{found['gone']:,}"})]
    if found["added"]:
        more = ngettext(
            "It would ADD 1 alert: an event that it takes out had kept it from being raised.",
            "It would ADD %(n)s alerts: events that it takes out had kept them from being raised.",
            found["added"],
        )
        lines.append(("warnt", more % {"n": f"{found['added']:,}"}))
    return lines


def _reached(found: dict[str, Any]) -> list[tuple[str, str]]:
    if not found["reached"]:
        return []
    since = localtime(datetime.fromisoformat(found["reached"]))
    return [("warnt", _("There were too many events: it holds since %(at)s.") % {"at": f"{since:%-d %b %H:%M}"})]
