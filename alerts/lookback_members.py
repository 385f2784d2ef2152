"""The look-backs that are judged together: which take part, from when on each reads, and which have to be let go of."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from accounts.models import Team
from alerts.gathering import reach_of
from alerts.newness import history_of
from alerts.release import let_go_events
from events.searching import By
from events.store import StoredEvent
from rules import epoch, lookbacks
from rules.exceptions.held_back import with_let_go
from rules.models import Lookback
from rules.ruleset import ActiveRule, RuleSet, current, rule_set
from rules.schedule import by_ingest_time


@dataclass(slots=True)
class Member:
    """One of the look-backs. It judges what arrived from `start` on, and reads from `reads_from` on."""

    lookback: Lookback
    rule: ActiveRule
    start: datetime
    reads_from: datetime

    @property
    def learns(self) -> bool:
        """Whether it has a history to learn."""
        return self.rule.definition.type == "new_terms"

    @property
    def learns_from(self) -> datetime:
        """From when on, or from where an earlier try ended."""
        begin = self.lookback.start - history_of(self.rule)
        return max(begin, self.lookback.learnt_until or begin)

    @property
    def learns_by(self) -> By:
        """Whether its history is what happened before its look-back, or what arrived."""
        return "ingested" if by_ingest_time(self.rule.definition) else "time"


@dataclass(slots=True)
class Members:
    """The look-backs that are not judged yet, by their rules."""

    now: datetime
    worker: UUID
    by_rule: dict[str, Member] = field(default_factory=dict)
    _ended: list[Lookback] = field(default_factory=list)
    _not_in_force: list[Lookback] = field(default_factory=list)
    _matching: RuleSet | None = None

    @property
    def waiting(self) -> list[Lookback]:
        """The look-backs themselves."""
        return [member.lookback for member in self.by_rule.values()]

    def take_in(self, claimed: Sequence[Lookback]) -> None:
        """Begin: look up the rules, and from when on each of them reads. Two queries, and one a rule that joins what
        an exception let go."""
        ruleset = current()
        for lookback in claimed:
            if lookback.rule_id in self.by_rule:
                self._not_in_force.append(lookback)  # never seen: who opens one ends those that wait
            elif (rule := self._in_force(ruleset, lookback)) is not None:
                self.by_rule[rule.id] = Member(lookback, rule, lookback.start, lookback.start)
        joining = [rule_id for rule_id, member in self.by_rule.items() if member.rule.joins]
        let_go = with_let_go(joining) if joining else set()
        for rule_id in joining:
            member = self.by_rule[rule_id]
            held = let_go_events(member.rule) if rule_id in let_go else ()
            member.reads_from = first_read(member.rule, member.lookback, held)

    def _in_force(self, ruleset: RuleSet, lookback: Lookback) -> ActiveRule | None:
        """The rule, if it is in force with the logic that looks back; else the look-back is let go of."""
        rule = ruleset.rules.get(lookback.rule_id)
        if rule is None:
            self._not_in_force.append(lookback)
        elif rule.revision_logic_hash != bytes(lookback.revision.logic_hash):
            self._ended.append(lookback)
        else:
            return rule
        return None

    def hold(self) -> RuleSet:
        """The epoch and the look-backs locked, and every member's rule as it is in force. Four queries."""
        epoch.share_lock()  # first, as everywhere: who opens a look-back holds the epoch when he touches its row
        mine = lookbacks.relock_all(self.waiting, worker=self.worker)
        ruleset = current()
        for rule_id, member in list(self.by_rule.items()):
            rule = self._in_force(ruleset, member.lookback) if member.lookback.pk in mine else None
            if rule is None:
                self.drop(rule_id)
            else:
                member.rule = rule
        return ruleset

    def drop(self, rule_id: str) -> Lookback:
        """Take one out."""
        self._matching = None
        return self.by_rule.pop(rule_id).lookback

    def let_go_of_dropped(self) -> None:
        """Give back the look-backs of rules that are not in force, and end those of rules that changed."""
        lookbacks.put_all_back(self._not_in_force, worker=self.worker, until=self.now + lookbacks.RETRY)
        lookbacks.finish_all(self._ended, worker=self.worker, now=self.now)
        self._not_in_force, self._ended = [], []

    def set_aside(self, rule_id: str) -> None:
        """Leave one out whose rule was quarantined; its look-back goes on once the rule does."""
        self._not_in_force.append(self.drop(rule_id))

    def matcher(self, wanted: Iterable[str]) -> RuleSet:
        """The members among the wanted as a rule set of their own. Costs a fraction of a millisecond a rule once."""
        rules = {rule_id: self.by_rule[rule_id].rule for rule_id in wanted if rule_id in self.by_rule}
        if self._matching is None or self._matching.rules.keys() != rules.keys():
            self._matching = rule_set(0, rules)
        return self._matching

    def teams(self) -> list[int]:
        """The teams that have a say. At most one query."""
        mine = {member.rule.team_id for member in self.by_rule.values()}
        return list(Team.objects.values_list("pk", flat=True)) if None in mine else [one for one in mine if one]


def first_read(rule: ActiveRule, lookback: Lookback, let_go: Iterable[StoredEvent]) -> datetime:
    """From when on a rule that joins events reads: events before its look-back may belong to those after it.

    Also what exceptions held back that have let it go meanwhile must meet its like. What an earlier try has read is
    kept as candidates.
    """
    begin = min([lookback.start, *(event.ingested for event in let_go)]) - reach_of(rule)
    return min(lookback.start, max(begin, lookback.learnt_until or begin))
