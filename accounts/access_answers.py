"""The end of a request for access: decided by an administrator, or answered by what else became of the person.

A request that stayed open beyond its answer would wait again as soon as the person left the team, and keep another from
being made. So whoever puts people into teams, or shuts them out (accounts/people.py), ends what they had asked.
"""

from datetime import datetime

from accounts.models import AccessRequest, Change, Notice, User
from accounts.notices import notify
from accounts.record import record_change
from accounts.roles import Role

OBJECT_TYPE = "access"
State = AccessRequest.State


def let_in(asked: AccessRequest, actor: User | None, now: datetime, door: Change.Door = Change.Door.PAGE) -> None:
    """The person is in the team, and is told."""
    _settle(asked, State.GRANTED, "grant", actor, now, door)
    _tell(asked, f"You are in {asked.team} now: what you asked for is open to you.", actor, now)


def leave_out(asked: AccessRequest, actor: User | None, now: datetime, door: Change.Door = Change.Door.PAGE) -> None:
    """The person stays out, and is told, unless deactivated."""
    _settle(asked, State.DECLINED, "decline", actor, now, door)
    _tell(asked, f"Your request for access to {asked.team} was declined.", actor, now)


def answered(user: User, team_ids: set[int], actor: User | None, now: datetime, door: Change.Door) -> None:
    """End the open requests of who has, or had, these teams; of who is shut out, or sees every team, all of them.

    The caller holds the person's row, so nothing is asked meanwhile. A request that is locked is being decided at this
    moment, which ends it; waiting for that could wait for ever, since deciding waits for the person.
    """
    rows = AccessRequest.objects.select_for_update(of=("self",), no_key=True, skip_locked=True).select_related("team")
    for asked in rows.filter(user=user, state=State.OPEN).order_by("pk"):
        asked.user = user
        if not user.is_active:
            leave_out(asked, actor, now, door)
        elif user.role == Role.ADMIN or asked.team_id in team_ids:
            let_in(asked, actor, now, door)


def record(
    asked: AccessRequest,
    verb: str,
    actor: User | None,
    now: datetime,
    *,
    before: dict[str, str],
    door: Change.Door = Change.Door.PAGE,
) -> None:
    """Write down what became of a request, under the team that was asked for."""
    record_change(
        at=now,
        actor=actor,
        door=door,
        verb=verb,
        object_type=OBJECT_TYPE,
        object_id=asked.pk,
        before=before,
        after=_state_of(asked),
        team=asked.team,
    )


def _settle(
    asked: AccessRequest, state: AccessRequest.State, verb: str, actor: User | None, now: datetime, door: Change.Door
) -> None:
    before = _state_of(asked)
    asked.state, asked.settled_at, asked.settled_by = state, now, actor
    asked.save(update_fields=["state", "settled_at", "settled_by"])
    record(asked, verb, actor, now, before=before, door=door)


def _tell(asked: AccessRequest, text: str, actor: User | None, now: datetime) -> None:
    key = f"access:{asked.pk}:settled"
    notify(people=[asked.user], kind=Notice.Kind.ACCESS, text=text, path=asked.path, key=key, actor=actor, now=now)


def _state_of(asked: AccessRequest) -> dict[str, str]:
    return {"name": asked.team.name, "person": asked.user.username, "path": asked.path, "state": asked.state}
