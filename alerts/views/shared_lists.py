"""Doors to the pages of shared exception lists."""

from django import forms
from django.contrib import messages
from django.db.models import Q
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from accounts.access import may, page, reason_against
from accounts.audit.words import did
from accounts.models import User
from accounts.roles import Permission
from alerts import shared_lists, shared_undo
from alerts.blame import RuleFailed
from alerts.errors import AlertError, GuardRefused
from alerts.exceptions.entries import field_of, told
from alerts.views.exception_words import rule_fails
from rules import shared
from rules.errors import ListGone, ListRefused, RulesError, StaleList
from rules.exporting import list_lines
from rules.models import ExceptionItem, Rule, SharedList
from rules.selectors import visible_rules
from soc.web.answers import SeeOther
from soc.web.clock import now as clock_now
from soc.web.http import UserRequest

MANAGE = Permission.MANAGE_RULES
SUGGESTED = 500
_REFUSALS = (AlertError, RulesError, RuleFailed)
_Refusal = AlertError | RulesError | RuleFailed


class ListForm(forms.Form):
    """Name and description of a list."""

    name = forms.CharField(label="Name", max_length=255)
    description = forms.CharField(label="Description", required=False, max_length=2_000)
    version = forms.IntegerField(widget=forms.HiddenInput, required=False, min_value=1)


@page(MANAGE, methods=("GET", "POST"))
def new(request: UserRequest) -> HttpResponse:
    """Make a list; rules are added on its page."""
    form = ListForm(request.POST or None)
    if request.method != "POST" or not form.is_valid():
        return _new(request, form)
    try:
        made = shared.create_list(
            name=form.cleaned_data["name"],
            description=form.cleaned_data["description"],
            actor=request.user,
            now=clock_now(),
        )
    except ListRefused as refused:
        form.add_error(refused.field if refused.field in form.fields else None, refused.message)
        return _new(request, form)
    return _said(request, made.pk, f"{made.name} is made. Add the rules that it is for.", undoable=False)


@page()
def show(request: UserRequest, list_id: str) -> HttpResponse:
    """One list: its exceptions and its rules."""
    return _show(request, _list(request.user, list_id))


@page()
def download(request: UserRequest, list_id: str) -> HttpResponse:
    """The list with its exceptions, in Kibana's NDJSON; whole, so for who sees all of its rules."""
    row = _list(request.user, list_id)
    _need_every_rule(request.user, row)
    response = HttpResponse(b"".join(list_lines(row)), content_type="application/x-ndjson")
    response["Content-Disposition"] = 'attachment; filename="exception-list.ndjson"'
    response["Cache-Control"] = "no-store"
    return response


@page(MANAGE, methods=("POST",))
def edit(request: UserRequest, list_id: str) -> HttpResponse:
    """Call the list something else."""
    form = ListForm(request.POST)
    if not form.is_valid():
        return _show(request, _list(request.user, list_id), form=form, status=422)
    told_of = {**form.cleaned_data, "version": form.cleaned_data["version"] or 0}
    try:
        shared.edit_list(list_id=list_id, **told_of, actor=request.user, now=clock_now())
    except RulesError as error:
        return _failed(request, list_id, error)
    return _said(request, list_id, "Saved.")


@page(MANAGE, methods=("POST",))
def add_rule(request: UserRequest, list_id: str) -> HttpResponse:
    """Have the list's exceptions hold for one more rule."""
    rule = _rule(request.user, request.POST.get("rule", ""))
    if rule is None:
        return _failed(request, list_id, ListRefused("rule", "There is no rule of this name or id."))
    try:
        shared_lists.add_rules(
            list_id=list_id,
            rules=[rule],
            override_guard_reason=_override(request),
            actor=request.user,
            now=clock_now(),
        )
    except _REFUSALS as error:
        return _failed(request, list_id, error, {"rule": rule.pk})
    return _said(request, list_id, f"The list's exceptions hold for {rule.name} from now on.")


@page(MANAGE, methods=("POST",))
def remove_rule(request: UserRequest, list_id: str) -> HttpResponse:
    """Take the list off a rule."""
    rule = _rule(request.user, request.POST.get("rule", ""))
    if rule is None:
        raise Http404
    try:
        done = shared_lists.remove_rules(list_id=list_id, rules=[rule], actor=request.user, now=clock_now())
    except _REFUSALS as error:
        return _failed(request, list_id, error)
    return _said(request, list_id, f"The list is off {rule.name}.{_raised(done.alerts)}")


@page(Permission.EXCEPT, methods=("POST",))
def switch_item(request: UserRequest, list_id: str, item_id: int) -> HttpResponse:
    """Switch an exception of the list off or on for all its rules, or remove it."""
    verb, row = request.POST.get("do", ""), _list(request.user, list_id)
    copy = ExceptionItem.objects.filter(pk=item_id, list_id=row.pk).first()
    if verb not in shared_lists.SWITCHES or copy is None:
        raise Http404
    _need_every_rule(request.user, row)
    try:
        done = shared_lists.switch_item(
            list_id=list_id,
            item_id=copy.item_id,
            verb=verb,
            override_guard_reason=_override(request),
            actor=request.user,
            now=clock_now(),
        )
    except _REFUSALS as error:
        return _failed(request, list_id, error, {"do": verb})
    words = {"disable": "off", "enable": "on", "remove": "removed"}[verb]
    said = f"The exception is {words} for all rules of the list.{_raised(done.alerts)}"
    return _said(request, list_id, said, undoable=False)


@page(MANAGE, methods=("POST",))
def remove(request: UserRequest, list_id: str) -> HttpResponse:
    """Remove the list with its exceptions."""
    version, row = request.POST.get("version", ""), _list(request.user, list_id)
    seen = int(version) if version.isascii() and version.isdigit() and len(version) < 9 else None
    _need_every_rule(request.user, row)
    try:
        done = shared_lists.remove_list(list_id=list_id, version=seen, actor=request.user, now=clock_now())
    except _REFUSALS as error:
        return _failed(request, list_id, error)
    messages.success(request, f"Removed {row.name}.{_raised(done.alerts)}", extra_tags=_undo_url(list_id))
    return SeeOther(reverse("lists:list"))


@page(MANAGE, methods=("POST",))
def undo(request: UserRequest, list_id: str, change_id: int) -> HttpResponse:
    """Take a change of the list back, within ten minutes; also that it was removed."""
    row = SharedList.objects.filter(pk=list_id).first()
    if row is None or not _sees(request.user, row):
        raise Http404
    if row.removed_at is not None:
        _need_every_rule(request.user, row)
    try:
        done = shared_undo.undo_change(
            list_id=list_id,
            change_id=change_id,
            override_guard_reason=_override(request),
            actor=request.user,
            now=clock_now(),
        )
    except _REFUSALS as error:
        return _not_undone(request, row, error)
    return _said(
        request, list_id, f"Undone: {done.copies.shared.name} is as before.{_raised(done.alerts)}", undoable=False
    )


def _not_undone(request: UserRequest, row: SharedList, error: _Refusal) -> HttpResponse:
    """Why not; of a list that is removed, which has no page, on one of its own, with the way past the guard."""
    if row.removed_at is None:
        return _failed(request, row.pk, error, {})
    past = isinstance(error, GuardRefused) and may(request.user, Permission.OVERRIDE_GUARD)
    again = {"action": request.path, "fields": {}} if past else None
    context = {"list": row, "refused": _told(error), "again": again}
    return render(request, "alerts/shared/removed.html", context, status=_status(error))


def _told(error: _Refusal) -> AlertError | RulesError:
    return ListRefused("rule", rule_fails()) if isinstance(error, RuleFailed) else error


def _status(error: _Refusal) -> int:
    return 409 if isinstance(error, StaleList | RuleFailed) else 422


def _list(user: User, list_id: str) -> SharedList:
    """The list, or a 404 when it is gone, or is for rules of other teams alone."""
    try:
        row = shared.shared_list(list_id)
    except ListGone as gone:
        raise Http404 from gone
    if not _sees(user, row):
        raise Http404
    return row


def _sees(user: User, row: SharedList) -> bool:
    return not row.rules.exists() or visible_rules(user).filter(shared_lists=row).exists()


def _rule(user: User, named: str) -> Rule | None:
    text = named.strip()
    if not text or "\0" in text:
        return None
    return visible_rules(user).filter(Q(pk=text) | Q(name=text)).select_related("team").order_by("pk").first()


def _need_every_rule(user: User, row: SharedList) -> None:
    """Whoever changes all copies sees all rules of the list; of others' rules nobody learns more than that."""
    if row.rules.exclude(pk__in=visible_rules(user).values("pk")).exists():
        raise Http404


def _new(request: UserRequest, form: ListForm) -> HttpResponse:
    return render(request, "alerts/shared/new.html", {"form": form}, status=422 if form.errors else 200)


def _show(
    request: UserRequest,
    row: SharedList,
    *,
    form: ListForm | None = None,
    refused: AlertError | RulesError | None = None,
    again: dict[str, str] | None = None,
    status: int = 200,
) -> HttpResponse:
    seen, now = visible_rules(request.user), clock_now()
    rules = list(seen.filter(shared_lists=row).order_by("name", "pk").only("pk", "name", "enabled"))
    allowed = may(request.user, MANAGE)
    listed = {"name": row.name, "description": row.description, "version": row.version}
    context = {
        "list": row,
        "items": [(item, _words(item.shown)) for item in shared.items_of(row, seen)],
        "rules": rules,
        "hidden_rules": row.rules.count() - len(rules),
        "choices": _choices(request.user, row) if allowed else [],
        "form": form or ListForm(initial=listed),
        "refused": refused,
        "again": {"action": request.path, "fields": again} if again is not None else None,
        "activity": [(done, did("shared list", done.change.verb)) for done in shared.activity(row, now)],
        "may_manage": allowed,
        "may_except": may(request.user, Permission.EXCEPT),
        "why_not": "" if allowed else reason_against(MANAGE),
        "now": now,
    }
    return render(request, "alerts/shared/list.html", context, status=status)


def _words(item: ExceptionItem) -> list[str]:
    return [f"{field_of(entry)} {told(entry)}" for entry in item.entries]


def _choices(user: User, row: SharedList) -> list[str]:
    others = visible_rules(user).exclude(shared_lists=row).filter(revision__isnull=False)
    return list(others.order_by("-enabled", "name").values_list("name", flat=True)[:SUGGESTED])


def _failed(request: UserRequest, list_id: str, error: _Refusal, posted: dict[str, str] | None = None) -> HttpResponse:
    """The page with what was refused; where the guard refused, and the person may, with the way past it."""
    if isinstance(error, ListGone):
        raise Http404 from error
    past = isinstance(error, GuardRefused) and may(request.user, Permission.OVERRIDE_GUARD)
    again = posted if past else None
    return _show(request, _list(request.user, list_id), refused=_told(error), again=again, status=_status(error))


def _override(request: UserRequest) -> str:
    """Why it is to be in force although it hides a true positive."""
    return request.POST.get("override", "").replace("\0", "")[:2_000]


def _said(request: UserRequest, list_id: str, sentence: str, *, undoable: bool = True) -> HttpResponse:
    """Back on the list, with the sentence and, after a change of the list itself, the way to take it back."""
    undo_url = _undo_url(list_id) if undoable else ""
    messages.success(request, sentence, extra_tags=undo_url)
    return SeeOther(reverse("alerts:shared_list", args=[list_id]))


def _undo_url(list_id: str) -> str:
    """How to take back what was just done to the list."""
    row = SharedList.objects.filter(pk=list_id).first()
    last = shared.activity(row, clock_now())[:1] if row else []
    return reverse("alerts:shared_undo", args=[list_id, last[0].change.pk]) if last and last[0].undoable else ""


def _raised(alerts: int) -> str:
    return f" {alerts:,} events that it held back are alerts now." if alerts else ""
