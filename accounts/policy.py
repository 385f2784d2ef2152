"""What administrators decide for everybody of a role: how exceptions are saved, whether a second factor is needed."""

from datetime import datetime

from django.db import transaction

from accounts.access import need
from accounts.models import Change, RolePolicy, User
from accounts.record import record_change
from accounts.roles import PERMISSIONS, Permission, Role

OBJECT_TYPE = "policy"


def policies() -> list[RolePolicy]:
    """The policy of every role, in the order of the roles; the defaults where nobody has decided. One query."""
    kept = {policy.role: policy for policy in RolePolicy.objects.all()}
    return [kept.get(role.value) or RolePolicy(role=role.value) for role in Role]


def set_policy(
    *,
    role: Role,
    exceptions: RolePolicy.Exceptions,
    second_factor: bool,
    actor: User | None,
    now: datetime,
    door: Change.Door = Change.Door.PAGE,
) -> RolePolicy:
    """Decide for a role. What is as before records nothing. Raises: NotAllowed."""
    if actor is not None:
        need(actor, Permission.MANAGE_USERS)
    with transaction.atomic():
        RolePolicy.objects.get_or_create(role=role)
        policy = RolePolicy.objects.select_for_update().get(pk=role)
        before = _state(policy)
        policy.exceptions, policy.second_factor = exceptions, second_factor
        policy.save()
        if before != _state(policy):
            record_change(
                at=now,
                actor=actor,
                door=door,
                verb="change",
                object_type=OBJECT_TYPE,
                object_id=role.value,
                before=before,
                after=_state(policy),
            )
    return policy


def writes_exceptions(role: str) -> bool:
    """Whether the question how exceptions are saved is one for this role at all."""
    return Permission.EXCEPT in PERMISSIONS[Role(role)]


def _state(policy: RolePolicy) -> dict[str, object]:
    return {"exceptions": str(policy.exceptions), "second_factor": policy.second_factor}
