"""What the guides of a case's alerts tell to do about it, offered as tasks until somebody takes them."""

import hashlib
from dataclasses import dataclass

from django.db.models import Max, QuerySet

from alerts.models import Alert
from cases.models import Case, Task
from engine.guide import split_guide
from rules.models import RuleRevision

MOST_RULES = 50
MOST_STEPS = 100
_LONGEST_TEXT, _LONGEST_ORIGIN = 500, 300


@dataclass(frozen=True, slots=True)
class OfferedStep:
    """A response step that is no task yet. `key` stays the same when the rule's guide is revised around the step."""

    key: str
    text: str
    origin: str
    rule_name: str


def offered_steps(case: Case) -> list[OfferedStep]:
    """The response steps of the rules whose alerts are in the case, in the guides' order, each once. Three queries.

    Of several revisions of a rule the newest among the alerts tells. A step that two rules share is offered once.
    """
    taken = list(Task.objects.filter(case=case).values_list("step", "text"))
    keys = {key for key, _ in taken}
    texts = {_plain(text) for _, text in taken}
    offered: list[OfferedStep] = []
    for step in steps_of(Alert.objects.filter(in_case__case=case, team_id=case.team_id)):
        if step.key not in keys and _plain(step.text) not in texts and len(offered) < MOST_STEPS:
            texts.add(_plain(step.text))
            offered.append(step)
    return offered


def step_key(rule_id: str, title: str) -> str:
    """What a step is known by: its rule and its words, whatever the revision."""
    return hashlib.sha256(f"{rule_id}\n{_plain(title)}".encode()).hexdigest()[:32]


def steps_of(alerts: QuerySet[Alert]) -> list[OfferedStep]:
    """The response steps of the rules of these alerts, in the guides' order. Two queries."""
    newest = (
        alerts.order_by()
        .values("rule_id")
        .annotate(newest=Max("revision_id"))
        .order_by("rule_id")
        .values_list("newest")
    )
    revisions = RuleRevision.objects.filter(pk__in=[row[0] for row in newest[:MOST_RULES]]).order_by("rule_id")
    rows = revisions.values_list("rule_id", "definition__name", "definition__note")
    return [step for rule_id, name, note in rows for step in _of_guide(rule_id, str(name or ""), str(note or ""))]


def _of_guide(rule_id: str, name: str, note: str) -> list[OfferedStep]:
    found = [step.title for step in split_guide(note, name=name).response_steps if step.title]
    return [
        OfferedStep(
            key=step_key(rule_id, title),
            text=title[:_LONGEST_TEXT],
            origin=f"Response step {number}, {name}"[:_LONGEST_ORIGIN],
            rule_name=name,
        )
        for number, title in enumerate(found, start=1)
    ]


def _plain(text: str) -> str:
    return " ".join(text.casefold().split())
