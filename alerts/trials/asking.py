"""Trials asked for and stopped by people."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from django.db import transaction

from accounts.models import User
from alerts.errors import TrialNotFound, TrialRefused
from alerts.exceptions.allowed import need_to_except
from alerts.exceptions.groups import EntryGroups, parse_groups
from alerts.exceptions.saving import check_count
from alerts.models import Trial
from rules.models import Rule

State = Trial.State
SPANS = {"24h": timedelta(hours=24), "7d": timedelta(days=7), "30d": timedelta(days=30)}
KEPT = timedelta(days=1)
MOST_WAITING = 3  # of one person


@transaction.atomic
def begin(*, rule: Rule, groups: EntryGroups, span: str, actor: User, now: datetime, team_ids: Sequence[int]) -> Trial:
    """Have groups of entries tried on a rule over the last 24 h, 7 d or 30 d. An older trial of the person that still
    runs on the rule is stopped: the conditions are others now.

    Raises: NotAllowed, NotYourTeam, TrialRefused, ScopeRefused, ExceptionEntryError.
    """
    need_to_except(actor, rule)
    if span not in SPANS:
        raise TrialRefused("Choose how far back the trial goes: 24 h, 7 d or 30 d.")
    if not groups:
        raise TrialRefused("Add a condition first.")
    check_count(groups)
    parse_groups(groups)
    mine = Trial.objects.filter(actor=actor, state__in=[State.WAITING, State.RUNNING])
    mine.filter(rule=rule).update(state=State.STOPPED, done_at=now)
    if mine.count() >= MOST_WAITING:
        raise TrialRefused("Several of your trials are running. Stop one, or wait until it is done.")
    return Trial.objects.create(
        pk=uuid4(),
        actor=actor,
        rule=rule,
        team_ids=[rule.team_id] if rule.team_id is not None else list(team_ids),
        items=[[dict(entry) for entry in entries] for entries in groups],
        start=now - SPANS[span],
        end=now,
        created_at=now,
    )


def stop(*, trial_id: UUID, actor: User, now: datetime) -> Trial:
    """End one's own trial; the worker notices within seconds. One that is done stays so.

    Raises: TrialNotFound.
    """
    Trial.objects.filter(pk=trial_id, actor=actor, state__in=[State.WAITING, State.RUNNING]).update(
        state=State.STOPPED, done_at=now
    )
    return of_person(trial_id, actor)


def of_person(trial_id: UUID, actor: User) -> Trial:
    """One's own trial. Raises: TrialNotFound."""
    found = Trial.objects.filter(pk=trial_id, actor=actor).select_related("rule").first()
    if found is None:
        raise TrialNotFound
    return found
