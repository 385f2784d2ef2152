"""A shipped rule stands back while the upstream rule that it names is in force here.

A shipped rule may name the public rule that covers the same ground, in its file's [metadata]: `upstream_rule_id`, or
`upstream_rule_name` where the id is not known. Once that rule is loaded from elsewhere, `Rule.superseded_by` links the
two, and the shipped one judges nothing exactly while the other is on, evaluated and not in quarantine: so no event is
alerted on twice, and switching the other off, or losing it, never leaves a hole. What the shipped rule then still has
to judge is a look-back.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet

from accounts.models import Change, User
from accounts.record import record_change
from rules import epoch, lookbacks
from rules.effective import effective_of
from rules.models import Rule
from rules.trees import TreeUnusable

PACK = "pack"
BY_ID = "upstream_rule_id"
BY_NAME = "upstream_rule_name"
STANDS_BACK = Q(superseded_by__enabled=True, superseded_by__evaluated=True, superseded_by__quarantined_at__isnull=True)
_REASON = "an upstream rule took the rule's place"


def without_superseded(rules: QuerySet[Rule]) -> QuerySet[Rule]:
    """The rules that do not stand back for another."""
    return rules.exclude(superseded_by__isnull=False, pk__in=Rule.objects.filter(STANDS_BACK).values("pk"))


def stands_back(rule: Rule) -> bool:
    """Whether a rule judges nothing because the one that supersedes it does."""
    other = rule.superseded_by
    return other is not None and other.enabled and other.evaluated and other.quarantined_at is None


def relink(*, actor: User | None, now: datetime, door: Change.Door) -> list[Rule]:
    """Find out anew which shipped rule is superseded by which, and return those for which that changed.

    Runs in a transaction; bumps the epoch where something changes. Two queries, and two more for each change.
    """
    found = _changes()
    if not found:
        return []
    number = epoch.bump()
    for rule, other in found:
        _link(rule, other, actor, now, door, number)
    return [rule for rule, _ in found]


def _changes() -> list[tuple[Rule, Rule | None]]:
    """The shipped rules whose link is not what it should be, with the rule that should supersede each."""
    shipped = list(Rule.objects.filter(source=PACK, revision__isnull=False).select_related("revision", "superseded_by"))
    named = {rule.pk: _named_by(rule) for rule in shipped}
    others = _loaded(named.values())
    wanted = ((rule, next((others[name] for name in named[rule.pk] if name in others), None)) for rule in shipped)
    return [(rule, other) for rule, other in wanted if (other.pk if other else None) != rule.superseded_by_id]


def _named_by(rule: Rule) -> tuple[tuple[str, str], ...]:
    """The upstream rules that a shipped one names, as ("id" or "name", value)."""
    metadata: dict[str, Any] = (rule.revision.definition if rule.revision else {}).get("metadata", {})
    pairs = (("id", metadata.get(BY_ID)), ("name", metadata.get(BY_NAME)))
    return tuple((kind, value) for kind, value in pairs if isinstance(value, str) and value)


def _loaded(named: Iterable[tuple[tuple[str, str], ...]]) -> dict[tuple[str, str], Rule]:
    """The rules from elsewhere that have been named, by what names them."""
    wanted = {pair for pairs in named for pair in pairs}
    ids, names = ([value for kind, value in wanted if kind == which] for which in ("id", "name"))
    rows = Rule.objects.filter(Q(pk__in=ids) | Q(name__in=names), revision__isnull=False).exclude(source=PACK)
    found: dict[tuple[str, str], Rule] = {}
    for row in rows.order_by("pk"):
        found.setdefault(("id", row.pk), row)
        found.setdefault(("name", row.name), row)
    return found


def _link(rule: Rule, other: Rule | None, actor: User | None, now: datetime, door: Change.Door, number: int) -> None:
    before, stood_back = rule.superseded_by_id, stands_back(rule)
    rule.superseded_by = other
    rule.save(update_fields=["superseded_by"])
    if stands_back(rule):
        lookbacks.cancel(rule=rule, now=now, reason=_REASON)
    elif stood_back:
        _look_back(rule, now, number)
    record_change(
        at=now,
        actor=actor,
        door=door,
        verb="supersede",
        object_type="rule",
        object_id=rule.pk,
        before={"superseded_by": before},
        after={"superseded_by": other.pk if other else None, "name": rule.name},
        team=rule.team,
    )


def took_over(rule_id: str, *, now: datetime) -> None:
    """Drop what the rules that this one supersedes still had to judge: it was just switched on."""
    for other in Rule.objects.filter(superseded_by_id=rule_id, enabled=True):
        lookbacks.cancel(rule=other, now=now, reason=_REASON)


def gave_back(rule_id: str, *, now: datetime, after_epoch: int) -> None:
    """Have the rules that this one superseded judge their look-back: it is being switched off or set aside."""
    waiting = Rule.objects.filter(superseded_by_id=rule_id, enabled=True, evaluated=True, quarantined_at=None)
    for other in waiting.select_related("revision"):
        _look_back(other, now, after_epoch)


def _look_back(rule: Rule, now: datetime, after_epoch: int) -> None:
    """Have a rule that stood back judge what is stored since its look-back."""
    if rule.revision is None or not rule.enabled or not rule.evaluated:
        return
    try:
        definition = effective_of(rule)
    except TreeUnusable:
        return  # it is set aside when the rule set is loaded
    lookbacks.open_lookback(rule=rule, revision=rule.revision, definition=definition, now=now, after_epoch=after_epoch)
