"""The rule list: what is broken first, with what each rule raised in the last seven days."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Any
from urllib.parse import parse_qsl, urlencode

from django.db.models import (
    Case,
    CharField,
    Count,
    F,
    Func,
    IntegerField,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Sum,
    Value,
    When,
)
from django.db.models.functions import Concat, Lower, TruncDate

from accounts.models import User
from engine.rule_types import RULE_TYPES
from rules.models import ExceptionItem, Lookback, Rule, RuleRun
from rules.piped import needs_model
from rules.selectors import specific_techniques, visible_rules
from rules.superseding import STANDS_BACK, stands_back

PAGE_SIZE = 100
DAYS = 7
MAX_WORDS = 8
_ICONS = {
    "failing": "fail",
    "slow": "time",
    "noisy": "noisy",
    "nodata": "nodata",
    "silent": "silent",
    "off": "minus",
    "fine": "check",
}


class Show(StrEnum):
    """The facets of the list."""

    ALL = "all"
    ON = "on"
    OFF = "off"
    QUARANTINED = "quarantined"
    SUPERSEDED = "superseded"
    NOT_EVALUATED = "not_evaluated"


_ON = Q(enabled=True, evaluated=True, quarantined_at=None) & ~(Q(superseded_by__isnull=False) & STANDS_BACK)
_NARROWED = {
    Show.ALL: Q(),
    Show.ON: _ON,
    Show.OFF: Q(enabled=False, evaluated=True),
    Show.QUARANTINED: Q(quarantined_at__isnull=False),
    Show.SUPERSEDED: Q(superseded_by__isnull=False),
    Show.NOT_EVALUATED: Q(evaluated=False),
}


@dataclass(frozen=True, slots=True)
class ListFilters:
    """What the person narrowed the list by."""

    q: str = ""
    type: str = ""
    severity: str = ""
    show: Show = Show.ALL


@dataclass(frozen=True, slots=True)
class Counts:
    """How many of the visible rules there are of each facet."""

    total: int
    on: int
    off: int
    quarantined: int
    superseded: int
    not_evaluated: int


@dataclass(frozen=True, slots=True)
class State:
    """How a rule is: shape and word, never colour alone. `tone` names the colour, `note` says why."""

    tone: str
    title: str
    note: str

    @property
    def icon(self) -> str:
        """The name of its drawing."""
        return _ICONS[self.tone]


@dataclass(frozen=True, slots=True)
class Row:
    """A rule as the list shows it."""

    rule: Rule
    type_title: str
    techniques: tuple[str, ...]
    state: State
    days: tuple[int, ...]
    alerts: int
    over_cap: int
    last_hit: datetime | None
    exceptions: int

    @property
    def ids(self) -> list[str]:
        """The row's rule, for tags that take several."""
        return [self.rule.pk]


@dataclass(frozen=True, slots=True)
class RuleList:
    """One page of the list; `next_key` continues it."""

    rows: tuple[Row, ...]
    next_key: tuple[int, str, str] | None
    found: int
    filters: ListFilters = field(default_factory=ListFilters)

    @property
    def ids(self) -> list[str]:
        """The rules on this page."""
        return [row.rule.pk for row in self.rows]


def counts(user: User) -> Counts:
    """The numbers of the headline and the facets. One query."""
    numbers = visible_rules(user).aggregate(
        total=Count("pk"),
        on=Count("pk", filter=_NARROWED[Show.ON]),
        off=Count("pk", filter=_NARROWED[Show.OFF]),
        quarantined=Count("pk", filter=_NARROWED[Show.QUARANTINED]),
        superseded=Count("pk", filter=_NARROWED[Show.SUPERSEDED]),
        not_evaluated=Count("pk", filter=_NARROWED[Show.NOT_EVALUATED]),
    )
    return Counts(**numbers)


@dataclass(frozen=True, slots=True)
class Facet:
    """A pill under the headline: what it shows, how many, and the look of that state (empty: none)."""

    show: Show
    title: str
    number: int
    tone: str
    current: bool
    address: str

    @property
    def icon(self) -> str:
        """The name of its drawing, if it has one."""
        return _ICONS.get(self.tone, "")


def facets(numbers: Counts, query: str) -> tuple[Facet, ...]:
    """The pills over the list at this address (its query); those of nothing are left out, except the chosen one."""
    kept = [(name, value) for name, value in parse_qsl(query) if name not in ("show", "after")]
    chosen = dict(parse_qsl(query)).get("show", Show.ALL)
    all_of_them = (
        (Show.ALL, "All", numbers.total, ""),
        (Show.QUARANTINED, "Quarantined", numbers.quarantined, "failing"),
        (Show.ON, "On", numbers.on, "fine"),
        (Show.OFF, "Off", numbers.off, "off"),
        (Show.SUPERSEDED, "Superseded", numbers.superseded, "off"),
        (Show.NOT_EVALUATED, "Not evaluated", numbers.not_evaluated, "nodata"),
    )
    return tuple(
        Facet(show, title, number, tone, show == chosen, urlencode([*kept, ("show", show)]))
        for show, title, number, tone in all_of_them
        if number or show in (Show.ALL, chosen)
    )


def rule_list(
    *, user: User, filters: ListFilters, now: datetime, after: tuple[Any, ...] | None = None, limit: int = PAGE_SIZE
) -> RuleList:
    """A page of rules: quarantined ones first, then those that are on, then the rest, by name. Six queries."""
    found = _filtered(visible_rules(user).select_related("superseded_by"), filters)
    rows = list(_after(found, after).order_by("rank", "sort_name", "pk")[: limit + 1])
    more = len(rows) > limit
    rows = rows[:limit]
    last = rows[-1] if more else None
    return RuleList(
        rows=_shown(rows, now),
        next_key=(last.rank, last.sort_name, last.pk) if last else None,
        found=len(rows) if after is None and not more else found.count(),
        filters=filters,
    )


def _filtered(rules: QuerySet[Any], filters: ListFilters) -> QuerySet[Any]:
    found = rules.filter(_NARROWED[filters.show])
    if filters.type:
        found = found.filter(type=filters.type)
    if filters.severity:
        found = found.filter(severity=filters.severity)
    words = filters.q.split()[:MAX_WORDS]
    if words:
        found = found.annotate(haystack=_haystack())
    for word in words:
        found = found.filter(haystack__icontains=word)
    return found


def _haystack() -> Concat:
    """Everything a person may remember of a rule, as one text: name, tags, techniques and id."""
    gap, text = Value("  "), CharField()
    tags = Func(F("tags"), gap, function="array_to_string", output_field=text)
    techniques = Func(F("techniques"), gap, function="array_to_string", output_field=text)
    return Concat(F("name"), gap, tags, gap, techniques, gap, F("id"), output_field=text)


def _after(rules: QuerySet[Any], key: tuple[Any, ...] | None) -> QuerySet[Any]:
    rank = Case(
        When(quarantined_at__isnull=False, then=0),
        When(enabled=True, evaluated=True, then=1),
        When(evaluated=True, then=2),
        default=3,
        output_field=IntegerField(),
    )
    keyed: QuerySet[Any] = rules.annotate(rank=rank, sort_name=Lower("name"))
    if key is None:
        return keyed
    at, name, pk = key
    further = Q(rank__gt=at) | Q(rank=at, sort_name__gt=name) | Q(rank=at, sort_name=name, pk__gt=pk)
    later: QuerySet[Any] = keyed.filter(further)
    return later


def row_of(rule: Rule, now: datetime) -> Row:
    """One rule as the list shows it, after it has been switched. Four queries."""
    return _shown([rule], now)[0]


def _shown(rules: Sequence[Rule], now: datetime) -> tuple[Row, ...]:
    ids = [rule.pk for rule in rules]
    today = now.date()
    days, over = _alerts_by_day(ids, today)
    last, exceptions, looking_back = _last_hits(ids), _exceptions(ids), _looking_back(ids)
    return tuple(
        Row(
            rule=rule,
            type_title=type_title(rule.type),
            techniques=tuple(specific_techniques(rule.techniques)[:2]),
            state=state_of(rule, looking_back=rule.pk in looking_back, over_cap=over[rule.pk], hit=rule.pk in last),
            days=tuple(days[rule.pk][today - timedelta(days=ago)] for ago in range(DAYS - 1, -1, -1)),
            alerts=sum(days[rule.pk].values()),
            over_cap=over[rule.pk],
            last_hit=last.get(rule.pk),
            exceptions=exceptions.get(rule.pk, 0),
        )
        for rule in rules
    )


def type_title(rule_type: str) -> str:
    """A rule type as pages write it: "New terms", "EQL"."""
    known = RULE_TYPES.get(rule_type)
    return known.title.replace("-", " ") if known else rule_type


def state_of(rule: Rule, *, looking_back: bool, over_cap: int, hit: bool) -> State:
    """How the rule is: the first statement that holds, with the reason."""
    statements = (
        (rule.quarantined_at is not None, "failing", "Quarantined", rule.quarantine_reason),
        (needs_model(rule), "nodata", "Needs a model", "its query asks one, and none is set up here"),
        (not rule.evaluated, "nodata", "Not evaluated", rule.not_evaluated_because),
        (not rule.enabled, "off", "Off", "raises nothing"),
        (stands_back(rule), "off", "Stands back", f"for {rule.superseded_by}"),
        (looking_back, "slow", "Looking back", "judging what is stored"),
        (over_cap > 0, "noisy", "Over its limit", f"{over_cap:,} hits beyond the maximum in 7 days"),
        (not hit, "silent", "Silent", "no hit yet"),
    )
    found = (State(tone, title, note) for holds, tone, title, note in statements if holds)
    return next(found, State("fine", "Fine", ""))


def _alerts_by_day(ids: Sequence[str], today: date) -> tuple[dict[str, dict[date, int]], dict[str, int]]:
    """Alerts by rule and day of the last seven, and hits over the maximum by rule. One query."""
    since = today - timedelta(days=DAYS - 1)
    # The bound is a moment, so that the index of each rule's runs by time is of use.
    runs = RuleRun.objects.filter(rule__in=ids, at__gte=datetime.combine(since, time.min, UTC))
    sums = (
        runs.values("rule_id", day=TruncDate("at", tzinfo=UTC))
        .annotate(raised=Sum("alerts"), over=Sum("over_cap"))
        .order_by()
    )
    days: dict[str, dict[date, int]] = defaultdict(lambda: defaultdict(int))
    over: dict[str, int] = defaultdict(int)
    for line in sums:
        days[line["rule_id"]][line["day"]] += line["raised"]
        over[line["rule_id"]] += line["over"]
    return days, over


def _last_hits(ids: Sequence[str]) -> dict[str, datetime]:
    """The newest run of each rule; a look-up in the index for each, in one query."""
    newest = RuleRun.objects.filter(rule=OuterRef("pk")).order_by("-at").values("at")[:1]
    found = Rule.objects.filter(pk__in=ids).annotate(hit_at=Subquery(newest)).values_list("pk", "hit_at")
    return {pk: at for pk, at in found if at is not None}


def _exceptions(ids: Sequence[str]) -> dict[str, int]:
    in_force = ExceptionItem.objects.filter(rule__in=ids, enabled=True, expired=False, removed_at=None)
    return dict(in_force.values_list("rule_id").annotate(number=Count("pk")).order_by())


def _looking_back(ids: Iterable[str]) -> set[str]:
    return set(Lookback.objects.filter(done_at=None, rule__in=ids).values_list("rule_id", flat=True))
