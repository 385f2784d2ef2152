"""The part of an alert that people change, as one value: what it was, what it becomes, and how to take it back.

The record keeps both as JSON, so that undo writes back exactly what was there.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import F

from accounts.models import Change, User
from accounts.record import entry_of, record_all
from alerts.models import Alert, Status

OBJECT_TYPE = "alert"
COMMENTED = "commented"
UNDID = "undid"
ESCALATED = "escalated"


@dataclass(frozen=True, slots=True)
class Workflow:
    """Where an alert stands, and with which team."""

    status: str
    reason: str
    assignee_id: int | None
    acknowledged_at: datetime | None
    closed_at: datetime | None
    closed_by_exception_id: int | None
    team_id: int
    snoozed_until: datetime | None = None
    snooze_recurs: int | None = None
    snoozed_after: int | None = None
    duplicate_of_id: int | None = None
    fault: str = ""

    @classmethod
    def of(cls, alert: Alert) -> "Workflow":
        """Where this alert stands now."""
        return cls(
            status=alert.status,
            reason=alert.reason,
            assignee_id=alert.assignee_id,
            acknowledged_at=alert.acknowledged_at,
            closed_at=alert.closed_at,
            closed_by_exception_id=alert.closed_by_exception_id,
            team_id=alert.team_id,
            snoozed_until=alert.snoozed_until,
            snooze_recurs=alert.snooze_recurs,
            snoozed_after=alert.snoozed_after,
            duplicate_of_id=alert.duplicate_of_id,
            fault=alert.fault,
        )

    def with_status(
        self,
        status: str,
        *,
        reason: str,
        now: datetime,
        exception_id: int | None = None,
        duplicate_of: int | None = None,
        fault: str = "",
    ) -> "Workflow":
        """In another status. Closing keeps the moment of the first human act; re-opening clears the verdict.

        Whatever happens to a snoozed alert wakes it. A duplicate may be given an original, or another one, later; so
        may a false positive its fault.
        """
        adds_nothing = duplicate_of in (None, self.duplicate_of_id) and fault in ("", self.fault)
        if (status, reason) == (self.status, self.reason) and adds_nothing:
            return self
        closed = status == Status.CLOSED
        acted = None if status == Status.OPEN else now
        return replace(
            self.awake(),
            status=status,
            reason=reason,
            acknowledged_at=self.acknowledged_at or acted,
            closed_at=now if closed else None,
            closed_by_exception_id=exception_id if closed else None,
            duplicate_of_id=duplicate_of if closed else None,
            fault=fault if closed else "",
        )

    def with_assignee(self, assignee_id: int | None, *, now: datetime) -> "Workflow":
        """With another owner; giving an alert an owner is a human act on it."""
        acted = now if assignee_id is not None else None
        return replace(self, assignee_id=assignee_id, acknowledged_at=self.acknowledged_at or acted)

    def with_team(self, team_id: int, *, now: datetime) -> "Workflow":
        """With another team, where it waits anew: nobody owns it, and what was acknowledged is open again."""
        waiting = Status.OPEN.value if self.status == Status.ACKNOWLEDGED else self.status
        acted = self.acknowledged_at or now
        return replace(self.awake(), team_id=team_id, status=waiting, assignee_id=None, acknowledged_at=acted)

    def asleep(self, until: datetime, *, recurs: int | None, after: int) -> "Workflow":
        """Not waiting before `until`, or before its fold has `recurs` alerts later than number `after`."""
        return replace(self, snoozed_until=until, snooze_recurs=recurs, snoozed_after=after if recurs else None)

    def awake(self) -> "Workflow":
        """No longer snoozed."""
        return replace(self, snoozed_until=None, snooze_recurs=None, snoozed_after=None)

    def to_json(self) -> dict[str, Any]:
        """As the record keeps it."""
        return {key: value.isoformat() if isinstance(value, datetime) else value for key, value in asdict(self).items()}

    @classmethod
    def from_json(cls, data: dict[str, Any], *, team_id: int) -> "Workflow":
        """What `to_json` wrote; `team_id` stands in for entries from before alerts could change their team."""
        times = {
            key: datetime.fromisoformat(data[key]) if data.get(key) else None
            for key in ("acknowledged_at", "closed_at", "snoozed_until")
        }
        return cls(
            status=data["status"],
            reason=data["reason"],
            assignee_id=data["assignee_id"],
            closed_by_exception_id=data["closed_by_exception_id"],
            team_id=data.get("team_id") or team_id,
            snooze_recurs=data.get("snooze_recurs"),
            snoozed_after=data.get("snoozed_after"),
            duplicate_of_id=data.get("duplicate_of_id"),
            fault=data.get("fault", ""),
            **times,
        )


def write(
    alert: Alert,
    new: Workflow,
    *,
    verb: str,
    actor: User | None,
    now: datetime,
    door: Change.Door,
    group: UUID,
    note: str = "",
    undoes: Change | None = None,
) -> bool:
    """Store where a locked alert stands and record it, with the team it was in; False when nothing changed."""
    move = Move(alert, new, note, undoes)
    return bool(write_all([move], verb=verb, actor=actor, now=now, door=door, group=group))


@dataclass(frozen=True, slots=True)
class Move:
    """Where a locked alert is to stand, and what the record says of that."""

    alert: Alert
    new: Workflow
    note: str = ""
    undoes: Change | None = None


def write_all(
    moves: Iterable[Move], *, verb: str, actor: User | None, now: datetime, door: Change.Door, group: UUID
) -> list[int]:
    """As `write` for each of them; returns the numbers of those that changed. Costs a query for some hundreds, and one
    for each way in which they change.
    """
    entries: list[Change] = []
    alike: dict[tuple[tuple[str, Any], ...], list[int]] = defaultdict(list)
    for move in moves:
        alert, old, team = move.alert, Workflow.of(move.alert), move.alert.team
        values = {name: getattr(move.new, name) for name in _COLUMNS if getattr(move.new, name) != getattr(old, name)}
        if not values:
            continue
        for name, value in values.items():
            setattr(alert, name, value)
        alert.version += 1
        alike[tuple(values.items())].append(alert.pk)
        entry = entry_of(
            at=now,
            actor=actor,
            door=door,
            verb=verb,
            object_type=OBJECT_TYPE,
            object_id=str(alert.pk),
            before=old.to_json(),
            after=move.new.to_json() | {"version": alert.version},
            inverse={"workflow": old.to_json(), "version": alert.version},
            team=team,
            note=move.note,
            group=group,
            undoes=move.undoes,
        )
        entries.append(entry)
    for changed, numbers in alike.items():
        Alert.objects.filter(pk__in=numbers).update(**dict(changed), version=F("version") + 1)
    record_all(entries)
    return [int(entry.object_id) for entry in entries]


_COLUMNS = tuple(field.name for field in fields(Workflow))
