"""Doors to people, for administrators: the list, one person, and what can be done about an account."""

from collections.abc import Callable
from typing import Any

from allauth.socialaccount.models import SocialAccount
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render

from accounts import mailing, people, people_list
from accounts.access import page
from accounts.audit import entries_of
from accounts.errors import PersonChanged, Refused
from accounts.models import Change, User
from accounts.people_forms import InviteForm, PeopleFilterForm, PersonForm
from accounts.person_state import OBJECT_TYPE, digest_of
from accounts.roles import Permission, Role
from accounts.second_factor import has_second_factor
from soc.web import clock
from soc.web.http import UserRequest

_LATELY = 10


@page(Permission.MANAGE_USERS)
def list_users(request: UserRequest) -> HttpResponse:
    """Everybody, filtered."""
    form = PeopleFilterForm(request.GET)
    listed = people_list.listing(user=request.user, filters=form.filters(), after=request.GET.get("after"))
    context = {"page": listed, "form": form, "active": people_list.active_people(), "now": clock.now()}
    return render(request, "accounts/users.html", context)


@page(Permission.MANAGE_USERS, methods=("GET", "POST"))
def invite(request: UserRequest) -> HttpResponse:
    """Make a person, and show the way in, this once."""
    form = InviteForm(request.POST or None)
    if request.method == "GET" or not form.is_valid():
        return _show_invite(request, form)
    data = dict(form.cleaned_data)
    mail_it, role = data.pop("mail_it"), Role(data.pop("role"))
    try:
        invited = people.invite(**data, role=role, actor=request.user, now=clock.now(), door=Change.Door.PAGE)
    except Refused as refused:
        form.add_error(_field(form, refused), refused.message)
        return _show_invite(request, form)
    return _show_link(request, invited.user, invited.link_path, mail_it)


@page(Permission.MANAGE_USERS, methods=("GET", "POST"))
def user(request: UserRequest, user_id: int) -> HttpResponse:
    """One person: what an administrator decides, and what can be done about the account."""
    person = _person(user_id)
    form = PersonForm.of(person, request.POST or None)
    if request.method == "GET" or not form.is_valid():
        return _show(request, person, form)
    data = dict(form.cleaned_data)
    role = Role(data.pop("role"))
    try:
        acting: dict[str, Any] = {"actor": request.user, "now": clock.now(), "door": Change.Door.PAGE}
        people.change_person(user=person, **data, role=role, seen=request.POST.get("seen", ""), **acting)
    except PersonChanged as changed:
        form.add_error(None, changed.message)
        return _show(request, _person(user_id), form, status=409)
    except Refused as refused:
        form.add_error(_field(form, refused), refused.message)
        return _show(request, person, form)
    messages.success(request, "Saved.")
    return redirect("accounts:user", user_id)


@page(Permission.MANAGE_USERS, methods=("POST",))
def deactivate(request: UserRequest, user_id: int) -> HttpResponse:
    """Shut a person out."""
    return _act(request, user_id, people.deactivate, "{} is shut out. Sessions have ended, keys that act for {} stop.")


@page(Permission.MANAGE_USERS, methods=("POST",))
def reactivate(request: UserRequest, user_id: int) -> HttpResponse:
    """Let a person back in."""
    return _act(request, user_id, people.reactivate, "{} may sign in again.")


@page(Permission.MANAGE_USERS, methods=("POST",))
def reset_factors(request: UserRequest, user_id: int) -> HttpResponse:
    """Take away second factors that are lost."""
    return _act(request, user_id, people.reset_second_factors, "{} has no second factor any more.")


@page(Permission.MANAGE_USERS, methods=("POST",))
def unlink(request: UserRequest, user_id: int) -> HttpResponse:
    """Untie an identity of the identity provider."""
    return _act(request, user_id, people.unlink_identity, "{} is untied from the identity provider and signed out.")


@page(Permission.MANAGE_USERS, methods=("POST",))
def require_password(request: UserRequest, user_id: int) -> HttpResponse:
    """Ask for another password."""
    return _act(request, user_id, people.require_password_change, "{} has to choose another password before going on.")


@page(Permission.MANAGE_USERS, methods=("POST",))
def end_sessions(request: UserRequest, user_id: int) -> HttpResponse:
    """Sign a person out everywhere."""
    return _act(request, user_id, people.end_sessions, "{} is signed out everywhere.")


@page(Permission.MANAGE_USERS, methods=("POST",))
def new_link(request: UserRequest, user_id: int) -> HttpResponse:
    """Make a sign-in link and show it, this once: the answer is the page, since a redirect would have to keep it."""
    person = _person(user_id)
    try:
        path = people.new_sign_in_link(user=person, actor=request.user, now=clock.now(), door=Change.Door.PAGE)
    except Refused as refused:
        return _show(request, person, PersonForm.of(person), refused=refused.message)
    return _show_link(request, person, path, "mail_it" in request.POST)


def _act(request: UserRequest, user_id: int, act: Callable[..., Any], said: str) -> HttpResponse:
    person = _person(user_id)
    try:
        act(user=person, actor=request.user, now=clock.now(), door=Change.Door.PAGE)
    except Refused as refused:
        return _show(request, person, PersonForm.of(person), refused=refused.message)
    messages.success(request, said.format(person, person))
    return redirect("accounts:user", user_id)


def _show_link(request: UserRequest, person: User, path: str, mail_it: bool) -> HttpResponse:
    """The person's page with the link. It is mailed only where that was asked for, and there is mail and an address."""
    person = _person(person.pk)
    mailed = None
    if mail_it and mailing.is_configured() and person.email:
        mailed = mailing.send_link(user=person, link_path=path)
    link = mailing.address_of(path)
    return _show(request, person, PersonForm.of(person), link=link, mailed=mailed)


def _show(request: UserRequest, person: User, form: PersonForm, status: int = 0, **more: Any) -> HttpResponse:
    """The page. A form with a mistake still says which state it showed; one that was too late says the state of now."""
    about = Change.objects.filter(object_type=OBJECT_TYPE, object_id=str(person.pk)).order_by("-at", "-pk")
    context = {
        "person": person,
        "form": form,
        "seen": request.POST.get("seen", "") if form.is_bound and not status else digest_of(person),
        "oneself": person.pk == request.user.pk,
        "protected": has_second_factor(person),
        "identity": SocialAccount.objects.filter(user=person).first(),
        "has_password": person.has_usable_password(),
        "keys": people_list.keys_acting_for(person),
        "lately": entries_of(about[:_LATELY]),
        "can_mail": mailing.is_configured() and bool(person.email),
        "now": clock.now(),
        **more,
    }
    status = status or (422 if form.errors or more.get("refused") else 200)
    return render(request, "accounts/user.html", context, status=status)


def _show_invite(request: UserRequest, form: InviteForm) -> HttpResponse:
    context = {"form": form, "can_mail": mailing.is_configured()}
    return render(request, "accounts/invite.html", context, status=422 if form.errors else 200)


def _person(user_id: int) -> User:
    return get_object_or_404(User.objects.prefetch_related("teams"), pk=user_id)


def _field(form: PersonForm, refused: Refused) -> str | None:
    return refused.field if refused.field in form.fields else None
