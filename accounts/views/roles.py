"""Doors to roles: what each may do, for everybody to read, and the policies, for administrators to decide."""

from dataclasses import dataclass

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render

from accounts import policy
from accounts.access import may, need, page
from accounts.models import Change, RolePolicy
from accounts.people_forms import PolicyForm
from accounts.people_list import protection_by_role
from accounts.roles import PERMISSIONS, Permission, Role
from soc.web import clock
from soc.web.http import UserRequest


@dataclass(frozen=True, slots=True)
class PolicyRow:
    """One role: its policy, how many people have a second factor, and the form for who may decide."""

    policy: RolePolicy
    form: PolicyForm
    have: int
    people: int

    @property
    def lacking(self) -> int:
        """How many would have to set up a second factor."""
        return self.people - self.have


@page(methods=("GET", "POST"))
def roles(request: UserRequest) -> HttpResponse:
    """The table and the policies; posting decides, which needs the administrator's role."""
    kept = policy.policies()
    forms = [PolicyForm.of(one, request.POST if request.method == "POST" else None) for one in kept]
    if request.method == "POST":
        need(request.user, Permission.MANAGE_USERS)
        if all(form.is_valid() for form in forms):
            _decide(request, kept, forms)
            messages.success(
                request,
                "Saved. It holds at once; open sessions are asked for a second factor within a minute.",
            )
            return redirect("accounts:roles")
    return _show(request, kept, forms, 422 if request.method == "POST" else 200)


def _decide(request: UserRequest, kept: list[RolePolicy], forms: list[PolicyForm]) -> None:
    now = clock.now()
    for one, form in zip(kept, forms, strict=True):
        policy.set_policy(
            role=Role(one.role),
            exceptions=RolePolicy.Exceptions(form.cleaned_data.get("exceptions") or one.exceptions),
            second_factor=form.cleaned_data["second_factor"],
            actor=request.user,
            now=now,
            door=Change.Door.PAGE,
        )


def _show(request: UserRequest, kept: list[RolePolicy], forms: list[PolicyForm], status: int) -> HttpResponse:
    people = protection_by_role()
    context = {
        "roles": list(Role),
        "table": [(one, [one in PERMISSIONS[role] for role in Role]) for one in Permission],
        "rows": [PolicyRow(one, form, *people[one.role]) for one, form in zip(kept, forms, strict=True)],
        "may_decide": may(request.user, Permission.MANAGE_USERS),
        "own_role": request.user.role,
    }
    return render(request, "accounts/roles.html", context, status=status)
