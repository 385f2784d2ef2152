"""What an act on a case comes to: the changed parts of its page for htmx, a redirect for everybody else.

What is refused is shown where it was asked for: a form with its error beside the field (422), or who was first, with
everything that was typed kept and "apply anyway" (409).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.http import Http404, HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from alerts.errors import AlertError
from cases.errors import CaseError, CaseNotFound, Conflict, FieldRefused, StaleCase, StaleTask, TaskNotFound
from cases.models import Case, Outcome, Phase, Status, Task
from cases.pages import case_page, seen_case
from soc.web.answers import SeeOther
from soc.web.htmx import render_page, wants_part
from soc.web.http import UserRequest

KEY = "cases.said"
TEMPLATE = "cases/detail.html"
_LABELS = {
    "next_step": _("Next step"),
    "due_at": _("Due"),
    "phase": _("Phase"),
    "status": _("Status"),
    "hold_reason": _("Waits for"),
    "wake_at": _("Look again"),
    "owner": _("Owner"),
    "state": _("Task"),
    "text": _("Text"),
    "note": _("Note"),
}
_WORDS = {**dict(Phase.choices), **dict(Status.choices), **dict(Task.State.choices), **dict(Outcome.choices)}


@dataclass(frozen=True, slots=True)
class Spoken:
    """One sentence at the foot of the page; `undo_url` takes back what it tells of."""

    text: str
    undo_url: str = ""


@dataclass(frozen=True, slots=True)
class Kept:
    """What a person typed when somebody else was first: to read, and to send again."""

    action: str
    version: int
    fields: Sequence[tuple[str, str]]
    shown: Sequence[tuple[str, str]]


def say(request: UserRequest, spoken: Spoken) -> None:
    """Keep the sentence for the next page of a case; in the session, since Django's messages know no undo."""
    request.session[KEY] = [spoken.text, spoken.undo_url]


def said(request: UserRequest) -> Spoken | None:
    """What was kept, once."""
    kept = request.session.pop(KEY, None)
    return Spoken(*kept) if kept else None


def case_url(case_id: int, query: str = "") -> str:
    """The address of a case's page."""
    return reverse("cases:detail", args=[case_id]) + query


def act(
    request: UserRequest,
    case: Case,
    form: forms.Form,
    name: str,
    do: Callable[[dict[str, Any]], str],
    *,
    clears: str = "",
) -> HttpResponseBase:
    """Check the form, do what it asks, and answer with the page as it is then.

    `name` is what the page calls the form, where its errors stand; `clears` names a form that is shown empty again.
    """
    if not form.is_valid():
        return show_case(request, case, 422, **{name: form})
    try:
        words = do(form.cleaned_data)
    except (CaseNotFound, TaskNotFound) as error:
        raise Http404(error.message) from error
    except FieldRefused as refused:
        form.add_error(refused.field if refused.field in form.fields else None, refused.message)
        return show_case(request, case, 422, **{name: form})
    except (StaleCase, StaleTask) as stale:
        return show_stale(request, case, stale, form)
    except Conflict as conflict:
        return show_case(request, seen_case(request.user, case.pk), 409, problem=conflict.message)
    except (CaseError, AlertError) as error:
        return show_case(request, case, 422, problem=error.message)
    return done(request, case.pk, Spoken(words), clears=clears)


def done(request: UserRequest, case_id: int, spoken: Spoken, *, clears: str = "") -> HttpResponseBase:
    """An act that worked."""
    if not wants_part(request):
        say(request, spoken)
        return SeeOther(case_url(case_id))
    context = case_page(request, seen_case(request.user, case_id)) | {"spoken": spoken, "clears": clears}
    return render_page(request, TEMPLATE, context, part="answer")


def show_case(request: UserRequest, case: Case, status: int, **more: Any) -> HttpResponseBase:
    """The case's page again, with what went wrong on it."""
    context = case_page(request, case) | more
    return render_page(request, TEMPLATE, context, part="answer", status=status)


def show_stale(request: UserRequest, case: Case, stale: StaleCase | StaleTask, form: forms.Form) -> HttpResponseBase:
    """Who was first, and what the person wanted: nothing typed is lost, and it can be sent once more as it is."""
    fresh = seen_case(request.user, case.pk)
    version = fresh.version
    if isinstance(stale, StaleTask):
        version = Task.objects.values_list("version", flat=True).get(pk=stale.task_id)
    return show_case(request, fresh, 409, stale=stale, kept=kept_of(request, form, version))


def kept_of(request: UserRequest, form: forms.Form, version: int) -> Kept:
    """The form as it was sent, for the notice that offers to send it again."""
    sent = [(name, str(value)) for name, value in form.data.items() if name in form.fields and name != "version"]
    shown = [(str(_LABELS.get(name, name)), _shown(form, name, value)) for name, value in sent if value]
    return Kept(request.path, version, sent, shown)


def _shown(form: forms.Form, name: str, value: str) -> str:
    cleaned = getattr(form, "cleaned_data", {}).get(name)
    if name == "owner":
        return str(cleaned or _("nobody"))
    return str(_WORDS.get(value, value)).replace("T", " ") if name.endswith("_at") else str(_WORDS.get(value, value))
