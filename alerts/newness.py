"""New terms: which combinations of values a rule has not met in its history, known when judged.

New means: no earlier event that the same logic let through carried the combination in [t - history, t), t being the
event's own time, or its arrival where the rule says so. Of equal combinations in one pass the oldest event counts.
A late event may be new beside an alert that came before it; nothing is taken back.
While a team's events go back less far than the rule's history, what is new is marked as learning: raising folds it.
Source: SEMANTICS of Kibana's new-terms rules, with memory in place of their second query (docs/life-of-an-event.md).
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from alerts.hits import Hit, Judged
from engine.rule_types.new_terms import terms_hash, terms_of
from rules import learning, seen
from rules.learning import Began
from rules.ruleset import ActiveRule
from rules.schedule import by_ingest_time, history
from rules.seen import History


@dataclass(slots=True)
class Newness:
    """The memory of one transaction: what it looked up, what it adds. Write it with `save`, last of all.

    `met` carries what one pass over stored events met at one and the same instant, across its transactions.
    """

    met: set[tuple[str, int, bytes, datetime]] = field(default_factory=set)
    _histories: list[History] = field(default_factory=list)
    _began: dict[int, Began | None] = field(default_factory=dict)

    def keep_new(self, rule: ActiveRule, events: Sequence[Judged]) -> list[Hit]:
        """A hit for each event and combination that is new; every combination is remembered. A query for each team."""
        by_team: dict[int, list[Judged]] = defaultdict(list)
        for judged in events:
            by_team[judged.event.team_id].append(judged)
        return [hit for team_id in sorted(by_team) for hit in self._of_team(rule, team_id, by_team[team_id])]

    def remember(self, rule: ActiveRule, events: Sequence[Judged]) -> None:
        """Have every combination remembered without asking what is known of it: for learning. No query."""
        by_team: dict[int, History] = {}
        for found in _combinations(rule, events):
            team_id = found.judged.event.team_id
            by_team.setdefault(team_id, History(rule.logic_hash, team_id)).note(found.hash, found.at)
        self._histories += by_team.values()

    def save(self) -> None:
        """Write what was met, in key order."""
        seen.note(self._histories)

    def _of_team(self, rule: ActiveRule, team_id: int, events: Sequence[Judged]) -> Iterator[Hit]:
        ordered = sorted(_combinations(rule, events), key=lambda found: found.order)
        if not ordered:
            return
        length = history_of(rule)
        known = seen.history(
            logic_hash=rule.logic_hash,
            team_id=team_id,
            terms_hashes=[found.hash for found in ordered],
            start=ordered[0].at - length,
            end=ordered[-1].at,
        )
        self._histories.append(known)
        for found in ordered:
            start = found.at - length
            met = (rule.id, team_id, found.hash, found.at)
            if met not in self.met and not known.was_seen(found.hash, at=found.at, start=start):
                yield self._hit(rule, found, start)
            self.met.add(met)
            known.note(found.hash, found.at)

    def _hit(self, rule: ActiveRule, found: "_Combination", history_start: datetime) -> Hit:
        """What is new; while the team's events do not reach back to the start of the history, as something learnt."""
        team_id = found.judged.event.team_id
        if team_id not in self._began:
            self._began[team_id] = learning.began(team_id)
        began = self._began[team_id]
        if began is not None and began.oldest_at > history_start:
            return found.hit(rule, began.since, learning=True)
        return found.hit(rule, history_start)


@dataclass(frozen=True, slots=True)
class _Combination:
    judged: Judged
    at: datetime
    terms: tuple[str, ...]
    hash: bytes

    @property
    def order(self) -> tuple[datetime, datetime, bytes]:
        return self.at, self.judged.event.time, self.judged.event.uid

    def hit(self, rule: ActiveRule, history_start: datetime, *, learning: bool = False) -> Hit:
        one = self.judged
        return Hit(rule, one.event, one.document, one.demo, self.terms, self.hash, history_start, learning)


def history_of(rule: ActiveRule) -> timedelta:
    """How long a combination must have been unseen to be new; the loader refuses a new-terms rule without."""
    return history(rule.definition) or timedelta()


def time_of(rule: ActiveRule, judged: Judged) -> datetime:
    """The event's place in the rule's history."""
    return judged.event.ingested if by_ingest_time(rule.definition) else judged.event.time


def _combinations(rule: ActiveRule, events: Sequence[Judged]) -> Iterator[_Combination]:
    for judged in events:
        at = time_of(rule, judged)
        for terms in terms_of(rule.definition.new_terms_fields, judged.document):
            yield _Combination(judged, at, terms, terms_hash(terms))
