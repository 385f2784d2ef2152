"""Doors to the pages of value lists."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from accounts.access import may, page, reason_against
from accounts.audit.words import did
from accounts.roles import Permission
from rules import value_lists
from rules.errors import ListGone, ListRefused, NotUndoable, RulesError, StaleList, ValuesHide
from rules.list_forms import DescribeForm, FindForm, NewListForm, ValuesForm
from rules.models import ValueList
from rules.selectors import visible_rules
from rules.shared import removed_lately, shared_lists
from rules.value_lists import Changed
from rules.value_lists.reading import MAX_BYTES
from rules.value_lists.selectors import as_text, file_name, list_called, lists, users_of, values_page
from soc.web import clock
from soc.web.answers import SeeOther
from soc.web.http import UserRequest
from soc.web.uploads import takes_file

MANAGE = Permission.MANAGE_RULES


@page()
def show_lists(request: UserRequest) -> HttpResponse:
    """Every value list and shared list."""
    seen, now = visible_rules(request.user), clock.now()
    context = {
        "rows": lists(),
        "shared": shared_lists(seen),
        "removed": removed_lately(seen, now),
        "removed_values": value_lists.removed_lately(now),
        "now": now,
        **_managing(request),
    }
    return render(request, "rules/lists/lists.html", context)


@takes_file(MAX_BYTES)
@page(MANAGE, methods=("GET", "POST"))
def new_list(request: UserRequest) -> HttpResponse:
    """Make a list."""
    form = NewListForm(request.POST or None, request.FILES or None, initial={"type": ValueList.Type.KEYWORD})
    if request.method != "POST" or not form.is_valid():
        return _new(request, form)
    told = {name: value for name, value in form.cleaned_data.items() if name not in ("values", "file")}
    try:
        changed = value_lists.create_list(**told, lines=form.lines(), actor=request.user, now=clock.now())
    except ListRefused as refused:
        form.add_error(refused.field if refused.field in form.fields else None, refused.message)
        return _new(request, form, refused)
    return _said(request, changed.value_list.pk, _sentence(changed))


@page()
def show_list(request: UserRequest, list_id: str) -> HttpResponse:
    """One list, with a page of its values."""
    return _show(request, _list(list_id))


@takes_file(MAX_BYTES)
@page(MANAGE, methods=("POST",))
def change_values(request: UserRequest, list_id: str) -> HttpResponse:
    """Add values, or have these instead of those that are there."""
    form, now = ValuesForm(request.POST, request.FILES), clock.now()
    if not form.is_valid():
        return _show(request, _list(list_id), values=form, status=422)
    told: dict[str, Any] = {"lines": form.lines(), "actor": request.user, "now": now}
    told |= {"list_id": list_id, "skip_bad": form.cleaned_data["skip_bad"], "override_guard_reason": _override(request)}
    try:
        if form.cleaned_data["how"] == "replace":
            changed = value_lists.replace_values(version=form.cleaned_data["version"], **told)
        else:
            changed = value_lists.append_values(**told)
    except (ListRefused, ValuesHide) as refused:
        past = isinstance(refused, ValuesHide) and may(request.user, Permission.OVERRIDE_GUARD)
        return _show(request, _list(list_id), values=form, refused=refused, past_guard=past, status=422)
    except RulesError as error:
        return _failed(request, list_id, error)
    return _said(request, list_id, _sentence(changed), changed)


@page(MANAGE, methods=("POST",))
def undo(request: UserRequest, list_id: str, change_id: int) -> HttpResponse:
    """Take a change of the values back, within ten minutes."""
    told: dict[str, Any] = {"list_id": list_id, "change_id": change_id, "override_guard_reason": _override(request)}
    try:
        changed = value_lists.undo_change(**told, actor=request.user, now=clock.now())
    except ValuesHide as hides:
        past = may(request.user, Permission.OVERRIDE_GUARD)
        again = {"action": request.path, "fields": {}} if past else None
        return _show(request, _list(list_id), refused=hides, again=again, status=422)
    except RulesError as error:
        return _failed(request, list_id, error)
    return _said(request, list_id, f"Undone: {_sentence(changed)}")


@page(MANAGE, methods=("POST",))
def drop_value(request: UserRequest, list_id: str) -> HttpResponse:
    """Take one value out."""
    value = request.POST.get("value", "")
    try:
        changed = value_lists.remove_values(
            list_id=list_id,
            values=[value],
            override_guard_reason=_override(request),
            actor=request.user,
            now=clock.now(),
        )
    except ValuesHide as hides:
        past = may(request.user, Permission.OVERRIDE_GUARD)
        again = {"action": request.path, "fields": {"value": value}} if past else None
        return _show(request, _list(list_id), refused=hides, again=again, status=422)
    except RulesError as error:
        return _failed(request, list_id, error)
    shown = value[:60]
    said = f"Removed {shown}.{_let_go(changed)}" if changed.removed else f"{shown} was not in this list."
    return _said(request, list_id, said, changed)


@page(MANAGE, methods=("POST",))
def describe(request: UserRequest, list_id: str) -> HttpResponse:
    """Call the list something else."""
    form = DescribeForm(request.POST)
    if not form.is_valid():
        return _show(request, _list(list_id), described=form, status=422)
    try:
        value_lists.describe_list(list_id=list_id, **form.cleaned_data, actor=request.user, now=clock.now())
    except RulesError as error:
        return _failed(request, list_id, error)
    return _said(request, list_id, "Saved.")


@page(MANAGE, methods=("POST",))
def remove(request: UserRequest, list_id: str) -> HttpResponse:
    """Remove a list that nothing asks for."""
    version = request.POST.get("version", "")
    seen = int(version) if version.isascii() and version.isdigit() and len(version) < 9 else None
    try:
        change = value_lists.remove_list(list_id=list_id, version=seen, actor=request.user, now=clock.now())
    except RulesError as error:
        return _failed(request, list_id, error)
    undo_url = reverse("lists:restore", args=[list_id, change.pk])
    messages.success(request, f"Removed {list_id}.", extra_tags=undo_url)
    return SeeOther(reverse("lists:list"))


@page(MANAGE, methods=("POST",))
def restore(request: UserRequest, list_id: str, change_id: int) -> HttpResponse:
    """Bring back a list that was removed, within ten minutes."""
    told: dict[str, Any] = {"list_id": list_id, "change_id": change_id, "actor": request.user, "now": clock.now()}
    try:
        changed = value_lists.restore_list(**told)
    except NotUndoable as error:
        messages.warning(request, str(error.message))
        return SeeOther(reverse("lists:list"))
    return _said(request, list_id, f"Brought back with {changed.value_list.count:,} values.{_let_go(changed)}")


@page()
def download(request: UserRequest, list_id: str) -> HttpResponse:  # noqa: ARG001
    """The list as a file, a value a line; a table as CSV."""
    row = _list(list_id)
    response = HttpResponse("".join(f"{line}\n" for line in as_text(row)), content_type="text/plain; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{file_name(row)}"'
    response["Cache-Control"] = "no-store"
    return response


def _list(list_id: str) -> ValueList:
    try:
        return list_called(list_id)
    except ListGone as gone:
        raise Http404 from gone


def _new(request: UserRequest, form: NewListForm, refused: ListRefused | None = None) -> HttpResponse:
    context = {"form": form, "refused": refused}
    return render(request, "rules/lists/new.html", context, status=422 if form.errors else 200)


def _show(
    request: UserRequest,
    row: ValueList,
    *,
    values: ValuesForm | None = None,
    described: DescribeForm | None = None,
    refused: RulesError | None = None,
    past_guard: bool = False,
    again: dict[str, Any] | None = None,
    status: int = 200,
) -> HttpResponse:
    """The page of a list; the forms are given where what was typed does not hold. `past_guard` offers a reason for
    which the typed values are kept nevertheless, `again` does so for what is no form of the page."""
    asked, now = FindForm(request.GET).asked(), clock.now()
    told = {"name": row.name, "description": row.description, "version": row.version}
    context = {
        "list": row,
        "page": values_page(row, **asked),
        "q": asked["q"],
        "users": users_of(row.pk, request.user),
        "values_form": values or ValuesForm(initial={"version": row.version}),
        "describe_form": described or DescribeForm(initial=told),
        "refused": refused,
        "past_guard": past_guard,
        "again": again,
        "file_name": file_name(row),
        "activity": [(one, did("value list", one.change.verb)) for one in value_lists.activity(row, now)],
        "now": now,
        **_managing(request),
    }
    return render(request, "rules/lists/list.html", context, status=status)


def _failed(request: UserRequest, list_id: str, error: RulesError) -> HttpResponse:
    if isinstance(error, ListGone):
        raise Http404 from error
    return _show(request, _list(list_id), refused=error, status=409 if isinstance(error, StaleList) else 422)


def _said(request: UserRequest, list_id: str, sentence: str, changed: Changed | None = None) -> HttpResponse:
    """Back on the list, with the sentence and, after a change of values, the way to take it back."""
    change = changed.change if changed else None
    undo_url = reverse("lists:undo", args=[list_id, change.pk]) if change else ""
    messages.success(request, sentence, extra_tags=undo_url)
    return SeeOther(reverse("lists:show", args=[list_id]))


def _sentence(changed: Changed) -> str:
    """What came of the lines."""
    parts = [f"{changed.added:,} added"] + ([f"{changed.removed:,} removed"] if changed.removed else [])
    parts += [f"{changed.duplicates:,} there already"] if changed.duplicates else []
    parts += [f"{changed.passed:,} passed over"] if changed.passed else []
    return f"{', '.join(parts)}. The list holds {changed.value_list.count:,}.{_let_go(changed)}"


def _let_go(changed: Changed) -> str:
    """What became of the events that exceptions held back until now, and of exceptions that waited for the list."""
    effect = changed.effect
    words = f" {effect.alerts:,} events that it held back are alerts now." if effect.alerts else ""
    words += f" {changed.kept_off:,} imported exceptions stay off, as they would hide true positives." * bool(
        changed.kept_off
    )
    return words + (f" {effect.waiting:,} held-back events are looked at again shortly." if effect.waiting else "")


def _override(request: UserRequest) -> str:
    """Why these values are to be, although a true positive is hidden then."""
    return request.POST.get("override", "").replace("\0", "")[:2_000]


def _managing(request: UserRequest) -> dict[str, Any]:
    allowed = may(request.user, MANAGE)
    return {"may_manage": allowed, "why_not": "" if allowed else reason_against(MANAGE)}
