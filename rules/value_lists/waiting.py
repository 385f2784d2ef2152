"""What waits for a list: rules whose query joins it, and imported exceptions that ask for it.

They are kept and shown with the reason, and come into force once the list is there.
"""

from datetime import datetime

from accounts.models import Change, User
from accounts.record import record_change
from engine import EngineError, compile_rule
from engine.rule_types.esql import tables_named
from rules import epoch, lookbacks, superseding
from rules.effective import effective_of
from rules.models import ExceptionItem, Rule
from rules.trees import TreeUnusable, definition_of, recompile
from rules.value_lists.watching import why_not


def try_again(name: str, *, actor: User | None, now: datetime, door: Change.Door) -> list[str]:
    """Evaluate the rules that waited for this table, and return their ids; in the caller's transaction, which has
    bumped the epoch. Those that are on judge what arrives from now on."""
    waiting = Rule.objects.filter(type="esql", evaluated=False, revision__definition__query__icontains=name)
    found = [
        rule
        for rule in waiting.select_related("revision", "team", "superseded_by").order_by("pk")
        if _evaluated(rule, name)
    ]
    for rule in found:
        record_change(
            at=now,
            actor=actor,
            door=door,
            verb="evaluate",
            object_type="rule",
            object_id=rule.pk,
            before={"evaluated": False, "because": rule.not_evaluated_because},
            after={"evaluated": True, "table": name},
            team=rule.team,
        )
        Rule.objects.filter(pk=rule.pk).update(evaluated=True, not_evaluated_because="")
        _judge_from_now_on(rule, now)
    return [rule.pk for rule in found]


def apply_exceptions(list_id: str, *, actor: User | None, now: datetime, door: Change.Door) -> int:
    """Put the imported exceptions in force that were off because this list was missing, but for those that would hide
    a true positive; returns how many stay off for that. In the caller's transaction, which has bumped the epoch."""
    from rules.importing.items import read_item

    waiting = ExceptionItem.objects.filter(
        removed_at=None, imported__isnull=False, entries__contains=[{"list": {"id": list_id}}]
    ).exclude(not_applied_because="")
    kept_off = 0
    for item in waiting.select_related("rule__team").order_by("pk"):
        content = read_item((item.imported or {}).get("item") or {}, now)
        if content.problem or content.off:
            continue
        item.entries = content.entries
        refused = why_not(item)
        kept_off += bool(refused)
        _apply(item, refused, list_id, actor, now, door)
    return kept_off


def _apply(
    item: ExceptionItem, refused: str, list_id: str, actor: User | None, now: datetime, door: Change.Door
) -> None:
    """In force, or kept off with the reason why it was refused."""
    because, item.not_applied_because = item.not_applied_because, refused
    item.enabled, item.updated_at = not refused, now
    item.version += 1
    item.save(update_fields=["not_applied_because", "entries", "enabled", "updated_at", "version"])
    told = {"list": list_id, "rule": item.rule_id, "name": item.name}
    record_change(
        at=now,
        actor=actor,
        door=door,
        verb="keep off" if refused else "apply",
        object_type="exception",
        object_id=item.pk,
        before={"enabled": False, "because": because},
        after={"enabled": item.enabled, "because": refused, **told},
        inverse=None if refused else {"verb": "disable", "version": item.version},
        team=item.rule.team,
        note=refused,
    )


def _judge_from_now_on(rule: Rule, now: datetime) -> None:
    """Take its place where it is on, and have what is stored since its look-back judged."""
    rule.evaluated = True
    if not rule.enabled or rule.revision is None or superseding.stands_back(rule):
        return
    superseding.took_over(rule.pk, now=now)
    definition, number = effective_of(rule), epoch.read()
    lookbacks.open_lookback(rule=rule, revision=rule.revision, definition=definition, now=now, after_epoch=number)


def _evaluated(rule: Rule, name: str) -> bool:
    """Whether the rule's query can be run now; its logic is kept with the revision then."""
    if rule.revision is None or name not in tables_named(rule.revision.definition["query"]):
        return False
    try:
        definition = definition_of(rule.revision)
        if not compile_rule(definition).evaluated:
            return False
        recompile(definition, rule.revision_id or 0)
    except (EngineError, TreeUnusable):
        return False
    return True
