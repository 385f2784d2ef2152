"""What an act came to, in a sentence; and what is offered after closing."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from alerts.act_forms import SNOOZES
from alerts.bulk import UNKNOWN, Progress
from alerts.bulk_covered import LEFT_OPEN, VERB
from alerts.models import BulkAct, Fault, Reason, closed_as
from alerts.views.answers import Offer


def several_words(action: str, count: int, data: Mapping[str, Any], taken: int = 0) -> str:
    """What one action on several alerts came to; `taken` of them had no owner before."""
    if not count:
        return _("Nothing to change: the alerts already were so.")
    shown = {"count": count, "reason": "", "person": data.get("assignee") or _("nobody"), "until": snoozed_words(data)}
    if action == "close":
        shown["reason"] = closed_as(data["reason"], data["fault"])
        return ngettext("Closed 1 alert as %(reason)s.", "Closed %(count)s alerts as %(reason)s.", count) % shown
    if action == "assign":
        return ngettext("Assigned 1 alert to %(person)s.", "Assigned %(count)s alerts to %(person)s.", count) % shown
    words = {
        "acknowledge": ngettext("Acknowledged 1 alert.", "Acknowledged %(count)s alerts.", count),
        "snooze": ngettext("Snoozed 1 alert %(until)s.", "Snoozed %(count)s alerts %(until)s.", count),
        "note": ngettext("Note added to 1 alert.", "Note added to %(count)s alerts.", count),
        "wake": ngettext("Woke 1 alert.", "Woke %(count)s alerts.", count),
    }
    said = words.get(action, ngettext("Reopened 1 alert.", "Reopened %(count)s alerts.", count)) % shown
    return said + taken_words(taken, count)


def snoozed_words(data: Mapping[str, Any]) -> str:
    """For how long alerts were asked to sleep: "for 4 hours", "until tomorrow, 9:00"."""
    choice = data.get("until", "")
    if choice not in dict(SNOOZES):
        return ""
    words = _("until %(when)s") if choice == "tomorrow" else _("for %(when)s")
    return words % {"when": str(dict(SNOOZES)[choice]).lower()}


def meant_words(action: str, data: Mapping[str, Any]) -> str:
    """What an act would have made of an alert that somebody else changed first: "false positive", "owner Rosa"."""
    if action == "close":
        return closed_as(data["reason"], data["fault"])
    if action == "assign":
        return _("owner %(person)s") % {"person": data["assignee"]} if data["assignee"] else _("no owner")
    words = {
        "acknowledge": _("acknowledged"),
        "snooze": _("snoozed %(until)s") % {"until": snoozed_words(data)},
        "wake": _("awake"),
    }
    return words.get(action, _("open"))


def taken_words(taken: int, count: int) -> str:
    """What follows where who acknowledged alerts got those that nobody owned."""
    if not taken:
        return ""
    if taken == count:
        return " " + ngettext("It is yours.", "They are yours.", count)
    return " " + ngettext("%(n)s of them is yours now.", "%(n)s of them are yours now.", taken) % {"n": taken}


_DOING = {
    "close": gettext_lazy("Closing"),
    "acknowledge": gettext_lazy("Acknowledging"),
    "assign": gettext_lazy("Assigning"),
    "reopen": gettext_lazy("Reopening"),
    "snooze": gettext_lazy("Snoozing"),
    "wake": gettext_lazy("Waking"),
    "note": gettext_lazy("Adding the note"),
    "case": gettext_lazy("Adding to the case"),
    VERB: gettext_lazy("Closing what the exception covers"),
}


def act_words(progress: Progress) -> str:
    """How far an act on all that match has come, or what it came to."""
    act = progress.act
    doing = _("Undoing") if act.undoing else str(_DOING[act.verb])
    if progress.running:
        if act.total == UNKNOWN:
            return _("%(doing)s: %(done)s so far.") % {"doing": doing, "done": f"{act.done:,}"}
        return _("%(doing)s: %(done)s of %(total)s.") % {
            "doing": doing,
            "done": f"{act.done:,}",
            "total": f"{act.total:,}",
        }
    return " ".join(filter(None, (_ended(act), _passed_over(act), _left_open(act))))


def _ended(act: BulkAct) -> str:
    if act.state == BulkAct.State.FAILED:
        return f"{act.error} " + _("%(done)s alerts were done.") % {"done": f"{act.done:,}"}
    count = ngettext("1 alert", "%(n)s alerts", act.done) % {"n": f"{act.done:,}"}
    if act.undoing:
        return " ".join(filter(None, (_("Undone: %(alerts)s as before.") % {"alerts": count}, _its_case(act))))
    if act.state == BulkAct.State.STOPPED:
        return _("Stopped after %(alerts)s.") % {"alerts": count}
    return _("%(doing)s is done: %(alerts)s.") % {"doing": _DOING[act.verb], "alerts": count}


def _its_case(act: BulkAct) -> str:
    """What became of the case that an act opened, when it was taken back."""
    if not act.arguments.get("opened"):
        return ""
    if act.arguments.get("closed_again"):
        return _("The case that it opened is closed.")
    return _("The case stays, without them: somebody has worked on it since.")


def _passed_over(act: BulkAct) -> str:
    if not act.skipped or act.state != BulkAct.State.DONE:
        return ""
    words = ngettext(
        "1 was passed over: it changed meanwhile, or already was so.",
        "%(n)s were passed over: they changed meanwhile, or already were so.",
        act.skipped,
    )
    return words % {"n": f"{act.skipped:,}"}


def _left_open(act: BulkAct) -> str:
    return left_open_words(act.arguments.get(LEFT_OPEN, 0) if not act.undoing else 0)


def left_open_words(left_open: int) -> str:
    """How many alerts that an exception covers stay open, as they stand for hits that may not be covered."""
    words = ngettext(
        "1 alert stays open: it also stands for hits that were counted at it.",
        "%(n)s alerts stay open: they also stand for hits that were counted at them.",
        left_open,
    )
    return words % {"n": left_open} if left_open else ""


def act_title(act: BulkAct) -> str:
    """What the page of an act is called."""
    if act.verb == VERB:
        return _("Closing what an exception covers")
    return _("Into a case") if act.verb == "case" else _("Acting on all that match")


def offers_after(action: str, data: Mapping[str, Any], alert_ids: Sequence[int]) -> tuple[Offer, ...]:
    """What is offered after closing: the next thing that the verdict asks for. Wrong data no rule can be tuned for."""
    if action != "close" or not alert_ids:
        return ()
    reason, wrong_data = data["reason"], data["fault"] == Fault.DATA_WRONG
    if reason == Reason.TRUE_POSITIVE:
        return (Offer.CASE,)
    if reason == Reason.BENIGN_POSITIVE or wrong_data:
        return (Offer.EXCEPTION,)
    return (Offer.TUNE, Offer.EXCEPTION) if reason == Reason.FALSE_POSITIVE else ()
