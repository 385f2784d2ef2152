"""Reads about one rule: who may see it, its tabs, and what stands beside it."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q, QuerySet, Sum
from django.http import Http404

from accounts.models import Change, User
from accounts.selectors import teams_of
from engine import Guide, RuleDefinition
from rules.changes import KeyChange, diff
from rules.models import ExceptionItem, HeldBack, Lookback, Rule, RuleRevision, RuleRun

RUNS_SHOWN = 50
REVISIONS_SHOWN = 20
CHANGES_SHOWN = 30
RELATED_SHOWN = 6
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_LIST_ITEM = re.compile(r"^\s*[-*] +(?:\[)?([^\]\n]{3,255}?)(?:\]\([^)]*\))?(?: - [0-9a-f-]{36})?\s*$", re.MULTILINE)


def visible_rules(user: User) -> QuerySet[Rule]:
    """The rules of everybody and of the user's own teams."""
    return Rule.objects.filter(Q(team=None) | Q(team__in=teams_of(user)))


def rule_for(user: User, rule_id: str) -> Rule:
    """The rule with its revision, or 404 when there is none that the user may see."""
    rows = visible_rules(user).select_related("revision__created_by", "revision__compiled", "team", "superseded_by")
    rule = rows.filter(pk=rule_id, revision__isnull=False).first()
    if rule is None:
        raise Http404
    return rule


@dataclass(frozen=True, slots=True)
class RunSums:
    """What a rule's runs of the last days come to."""

    last: RuleRun | None
    events: int
    hits: int
    alerts: int
    over_cap: int
    suppressed: int
    excepted: int
    milliseconds: int


def run_sums(rule: Rule, *, since: datetime) -> RunSums:
    """The sums over a rule's runs since then, and the newest run at all. Two queries."""
    runs = RuleRun.objects.filter(rule=rule)
    names = ("events", "hits", "alerts", "over_cap", "suppressed", "excepted", "milliseconds")
    sums = runs.filter(at__gte=since).aggregate(**{name: Sum(name) for name in names})
    return RunSums(runs.order_by("-at").first(), *(int(sums[name] or 0) for name in names))


def held_back(rule: Rule) -> int:
    """How many events the rule's exceptions hold back, each once however often it was judged. One query."""
    rows = HeldBack.objects.filter(rule=rule, item__removed_at=None).order_by()
    return rows.values("team_id", "day", "index", "uid").distinct().count()


def recent_runs(rule: Rule) -> list[RuleRun]:
    """The newest runs that had hits."""
    return list(rule.runs.select_related("revision").order_by("-at", "-pk").defer("revision__definition")[:RUNS_SHOWN])


def supersedes(rule: Rule) -> list[Rule]:
    """The shipped rules that stand back while this one is in force."""
    return list(rule.supersedes.only("id", "name").order_by("name"))


def waiting_lookback(rule: Rule) -> Lookback | None:
    """The look-back that the rule has still to judge, if any."""
    return rule.lookbacks.filter(done_at=None).order_by("-pk").first()


def exceptions_in_force(rule: Rule) -> int:
    """How many exceptions take events out of the rule now."""
    return ExceptionItem.objects.filter(rule=rule, enabled=True, expired=False, removed_at=None).count()


@dataclass(frozen=True, slots=True)
class RevisionEntry:
    """A revision and what it changed against the one before."""

    revision: RuleRevision
    changes: tuple[KeyChange, ...]
    current: bool


def revisions(rule: Rule, *, before: int | None = None) -> list[RevisionEntry]:
    """The newest revisions (those below number `before`) with what each changed. One query."""
    rows = rule.revisions.select_related("created_by").defer("tree", "source_text").order_by("-number")
    if before is not None:
        rows = rows.filter(number__lt=before)
    found = list(rows[: REVISIONS_SHOWN + 1])
    older: list[RuleRevision | None] = [*found[1:], None]
    return [
        RevisionEntry(
            revision, diff(last.definition, revision.definition) if last else (), revision.pk == rule.revision_id
        )
        for revision, last in zip(found, older, strict=True)
    ][:REVISIONS_SHOWN]


def record_of(rule: Rule) -> list[Change]:
    """Who loaded, switched and quarantined the rule, newest first."""
    return list(Change.objects.filter(object_type="rule", object_id=rule.pk).order_by("-at", "-pk")[:CHANGES_SHOWN])


@dataclass(frozen=True, slots=True)
class RelatedRule:
    """Another rule worth a look beside this one, and why."""

    rule: Rule
    why: str


def related_rules(user: User, rule: Rule, definition: RuleDefinition, guide: Guide) -> list[RelatedRule]:
    """The rules that the guide names, then those on the same techniques, then those with the same tags.

    At most two queries.
    """
    named = _named_in(guide.related_rules)
    others = (
        visible_rules(user).exclude(pk=rule.pk).only("id", "name", "severity", "type", "techniques", "tags", "enabled")
    )
    narrow = Q(pk__in=named) | Q(name__in=named) | Q(techniques__overlap=rule.techniques)
    found = _ranked(rule, others.filter(narrow).order_by("name")[:200], named)
    if len(found) < RELATED_SHOWN and definition.tags:
        have = {entry.rule.pk for entry in found}
        by_tags = _ranked(
            rule, others.filter(tags__overlap=rule.tags).exclude(pk__in=have).order_by("name")[:200], named
        )
        found += by_tags
    return found[:RELATED_SHOWN]


def specific_techniques(techniques: Iterable[str]) -> list[str]:
    """The techniques without those that a sub-technique of theirs already says."""
    listed = list(techniques)
    parents = {technique.split(".")[0] for technique in listed if "." in technique}
    return [technique for technique in listed if technique not in parents]


def _named_in(text: str) -> list[str]:
    """The ids and names of rules in the guide's list of related ones."""
    return [*_UUID.findall(text), *(name.strip(" *`") for name in _LIST_ITEM.findall(text))][:50]


def _ranked(rule: Rule, others: Iterable[Rule], named: list[str]) -> list[RelatedRule]:
    scored = []
    for other in others:
        is_named = other.pk in named or other.name in named
        techniques = specific_techniques(technique for technique in other.techniques if technique in rule.techniques)
        tags = [tag for tag in other.tags if tag in rule.tags]
        if is_named or techniques or len(tags) >= 3:
            score = (is_named, sum(2 if "." in technique else 1 for technique in techniques), len(tags))
            scored.append((score, RelatedRule(other, _why(is_named, techniques, len(tags)))))
    scored.sort(key=lambda entry: entry[0], reverse=True)
    return [entry for _, entry in scored]


def _why(is_named: bool, techniques: list[str], tags: int) -> str:
    if is_named:
        return "named in the guide"
    return f"also {', '.join(techniques[:2])}" if techniques else f"{tags} tags in common"


WEEK = timedelta(days=7)
