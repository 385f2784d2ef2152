"""Exceptions as files: taken along, and brought from elsewhere, after a look at what a file would change."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.access import may, page
from accounts.models import User
from accounts.roles import Permission
from accounts.selectors import teams_of
from alerts.blame import RuleFailed
from alerts.errors import AlertError
from alerts.exceptions import files
from alerts.exceptions.files import MOST_BYTES, Sent, Taken
from alerts.views.answers import Spoken, say, see_other
from alerts.views.exceptions import seen_rule
from rules.errors import ImportRefused, RulesError
from rules.importing import Line
from rules.list_forms import WithFile
from rules.selectors import visible_rules
from rules.storing import Status
from soc.web.clock import now as clock_now
from soc.web.http import UserRequest
from soc.web.uploads import takes_file

MOST_CHOSEN, MOST_SHOWN = 1_000, 300
_TURN = (Status.ERROR, Status.UNSUPPORTED, Status.NEW, Status.CHANGED, Status.KEPT, Status.SKIPPED)
_WORDS = {
    Status.ERROR: ("refused", "fail", "failing"),
    Status.UNSUPPORTED: ("kept off", "silent", "silent"),
    Status.NEW: ("new", "plus", "fine"),
    Status.CHANGED: ("changed", "check", "fine"),
    Status.KEPT: ("left as it is", "silent", "silent"),
    Status.SKIPPED: ("passed over", "silent", "silent"),
}


class FileForm(WithFile):
    """An export, as a file or as text; and, once it was looked at, `seen`: what it would do."""

    most = MOST_BYTES
    text = forms.CharField(
        label="Or its text",
        required=False,
        max_length=MOST_BYTES,
        widget=forms.Textarea(attrs={"rows": 8, "spellcheck": "false", "class": "input mono"}),
    )
    name = forms.CharField(required=False, max_length=200)
    seen = forms.CharField(required=False, max_length=64)
    override = forms.CharField(required=False, max_length=2_000)

    def clean(self) -> dict[str, Any]:
        """One of both is needed."""
        told: dict[str, Any] = super().clean() or self.cleaned_data
        if not self.errors and not self.text_sent():
            self.add_error("file", "Choose a file, or paste the lines of one.")
        return told

    def text_sent(self) -> str:
        """The lines of the file or of the text, whichever there are, with ends of lines as they are in files."""
        sent = self.cleaned_data["file"] or self.cleaned_data["text"]
        return str(sent).replace("\r\n", "\n").strip()

    def sent(self) -> Sent:
        """What was sent, with what it is called."""
        upload = self.files.get("file")
        named = (upload.name if upload else "") or self.cleaned_data["name"]
        return Sent(self.text_sent().encode(), named or "text.ndjson")


@dataclass(frozen=True, slots=True)
class Told:
    """A line of the report for people: what becomes of an exception, in a word, and why."""

    line: Line
    name: str
    word: str
    icon: str
    state: str
    rule: str


@page()
def take_along(request: UserRequest) -> HttpResponseBase:
    """Exceptions with their lists in Kibana's NDJSON: of a rule, the chosen, or all that the person sees."""
    rule, chosen = request.GET.get("rule", ""), request.GET.getlist("id")
    if "chosen" in request.GET and not chosen:
        messages.error(request, _("Tick the exceptions that you want first."))
        return see_other(reverse("alerts:exceptions"))
    if rule:
        seen_rule(request.user, rule)
    numbers = [int(one) for one in chosen[:MOST_CHOSEN] if one.isascii() and one.isdigit() and len(one) < 19]
    try:
        lines = files.export(user=request.user, rule=rule, items=numbers if chosen else None)
    except ImportRefused as error:
        messages.error(request, error.message)
        return see_other(reverse("alerts:exceptions"))
    response = HttpResponse(b"".join(lines), content_type="application/x-ndjson")
    response["Content-Disposition"] = 'attachment; filename="exceptions.ndjson"'
    response["Cache-Control"] = "no-store"
    return response


@takes_file(MOST_BYTES)
@page(Permission.MANAGE_RULES, methods=("GET", "POST"))
def bring(request: UserRequest) -> HttpResponseBase:
    """A file of exceptions: first what it would do, then, if it still would do just that, it is done."""
    if request.method == "GET":
        return _answer(request, FileForm())
    form = FileForm(request.POST, request.FILES)
    if not form.is_valid():
        return _answer(request, form, status=422)
    asked: dict[str, Any] = {"actor": request.user, "now": clock_now(), "team_ids": teams_of(request.user)}
    sent, told = form.sent(), form.cleaned_data
    try:
        if not told["seen"]:
            return _answer(request, form, files.look(sent=sent, **asked))
        taken = files.take(sent=sent, seen=told["seen"], override_guard_reason=told["override"], **asked)
    except (AlertError, RulesError, RuleFailed) as error:
        return _refused(request, form, error, asked)
    say(request, Spoken(_words(taken), taken.group))
    return see_other(reverse("alerts:exceptions"))


def _refused(
    request: UserRequest, form: FileForm, error: AlertError | RulesError | RuleFailed, asked: Mapping[str, Any]
) -> HttpResponseBase:
    """Why not; where the outcome would be another by now, with what it would be."""
    if isinstance(error, RuleFailed):
        return _answer(request, form, problem=_("What it lets go cannot be judged: a rule itself fails."), status=409)
    if not form.cleaned_data["seen"]:
        return _answer(request, form, problem=error.message, status=422)
    return _answer(request, form, files.look(sent=form.sent(), **asked), problem=error.message, status=409)


def _answer(
    request: UserRequest, form: FileForm, looked: Taken | None = None, *, problem: str = "", status: int = 200
) -> HttpResponse:
    context: dict[str, Any] = {"form": form, "looked": looked, "problem": problem}
    if looked is not None:
        lines = sorted((one for one in looked.report.lines if one.status in _TURN), key=_turn)
        context |= {
            "lines": _told(request.user, lines[:MOST_SHOWN]),
            "more": max(len(lines) - MOST_SHOWN, 0),
            "unchanged": looked.report.count(Status.UNCHANGED, "exception"),
            "refused": sum(one.status is Status.ERROR for one in lines),
            "sent": form.sent(),
            "text": form.text_sent(),
            "may_override": may(request.user, Permission.OVERRIDE_GUARD),
        }
    return render(request, "alerts/exceptions_import.html", context, status=status)


def _turn(line: Line) -> int:
    return _TURN.index(line.status)


def _told(user: User, lines: Iterable[Line]) -> list[Told]:
    """The lines with the names of the rules, which an import tells by id. One query."""
    apart = [(one, *_apart(one)) for one in lines]
    names = dict(visible_rules(user).filter(pk__in={rule for *_one, rule in apart if rule}).values_list("pk", "name"))
    return [Told(one, name, *_WORDS[one.status], names.get(rule, "")) for one, name, rule in apart]


def _apart(line: Line) -> tuple[str, str]:
    name, found, rule = line.name.rpartition(" (rule ")
    return (name, rule.removesuffix(")")) if found else (line.name, "")


def _words(taken: Taken) -> str:
    """What was done, as a sentence."""
    done = [
        words % {"n": number}
        for number, words in (
            (taken.new, ngettext("1 exception is new", "%(n)s exceptions are new", taken.new)),
            (taken.changed, ngettext("1 says something else now", "%(n)s say something else now", taken.changed)),
            (taken.lists, ngettext("1 shared list is made", "%(n)s shared lists are made", taken.lists)),
            (
                taken.raised,
                ngettext("1 held-back event is raised", "%(n)s held-back events are raised", taken.raised),
            ),
        )
        if number
    ]
    if not done:
        return _("Nothing was new in this file.")
    return f"{', '.join(done)}."
