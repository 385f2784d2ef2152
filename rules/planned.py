"""A rule's plan in words: the steps of a sequence, what is counted, how indicators meet events."""

from collections.abc import Sequence as Listing
from dataclasses import dataclass

from engine import Logic, RuleDefinition, format_duration
from engine.plan import Indicators, JoinKey, MappingEntry, Sample, Sequence, Step, Threshold
from engine.wording import in_words, shortened

_LONGEST_STEP = 1_200


@dataclass(frozen=True, slots=True)
class PlannedStep:
    """One step: what lets an event in, its own keys beside the shared ones, and whether it must not come."""

    number: int
    asked: str
    by: tuple[str, ...] = ()
    missing: bool = False
    runs: int = 1


@dataclass(frozen=True, slots=True)
class Planned:
    """What a rule does with the events that its filters let in.

    `lead` is one sentence; `steps` are of a sequence or sample, `shared` the fields in which they agree, `until` what
    ends it early; `meets` are the alternatives by which an event meets an indicator, of which `about` tells.
    """

    lead: str
    steps: tuple[PlannedStep, ...] = ()
    shared: tuple[str, ...] = ()
    until: str = ""
    meets: tuple[str, ...] = ()
    about: str = ""


def planned(logic: Logic | None) -> Planned | None:
    """The plan in words; None for a rule that fires on single events."""
    plan = logic.plan if logic else None
    match plan:
        case Sequence() | Sample():
            return _joined(plan)
        case Threshold():
            return Planned(_counted(plan))
        case Indicators():
            return _indicated(plan)
    return None


def _joined(plan: Sequence | Sample) -> Planned:
    shared = _shared(plan.steps)
    steps = tuple(_step(at, step, len(shared)) for at, step in enumerate(plan.steps, 1))
    until = shortened(in_words(plan.until.tree), _LONGEST_STEP) if isinstance(plan, Sequence) and plan.until else ""
    return Planned(_lead(plan), steps, tuple(map(_key, shared)), until)


def _lead(plan: Sequence | Sample) -> str:
    number = sum(step.runs for step in plan.steps if not step.missing)
    events = f"{number} event{'' if number == 1 else 's'}"
    if isinstance(plan, Sample):
        return f"{events} in any order, one for each step."
    within = f", all within {format_duration(plan.maxspan)}" if plan.maxspan else ""
    return f"{events} in order{within}."


def _shared(steps: Listing[Step]) -> list[JoinKey]:
    """The keys that every step names alike, from the first on."""
    found = []
    for at, key in enumerate(steps[0].by):
        if any(len(step.by) <= at or step.by[at] != key for step in steps):
            break
        found.append(key)
    return found


def _step(number: int, step: Step, shared: int) -> PlannedStep:
    asked = shortened(in_words(step.tree), _LONGEST_STEP)
    return PlannedStep(number, asked, tuple(map(_key, step.by[shared:])), step.missing, step.runs)


def _key(key: JoinKey) -> str:
    return f"{key.field} (or none)" if key.optional else key.field


def _counted(plan: Threshold) -> str:
    from_ = f"At least {plan.value:,} event{'' if plan.value == 1 else 's'}"
    alike = f" with the same {_listed(plan.fields)}" if plan.fields else ""
    different = ""
    if plan.cardinality_field:
        different = f", with at least {plan.cardinality_value:,} different {plan.cardinality_field},"
    return f"{from_}{alike}{different} within the look-back."


def _indicated(plan: Indicators) -> Planned:
    history = format_duration(plan.history)
    return Planned(
        "An event that meets an indicator:",
        meets=tuple(" and ".join(_entry(entry) for entry in item) for item in plan.items),
        about=(
            f"Indicators of the last {history} in {_listed(plan.indices)}, where "
            f"{shortened(in_words(plan.tree), _LONGEST_STEP)}; what is known of them stands in {plan.path}."
        ),
    )


def _entry(entry: MappingEntry) -> str:
    return f"its {entry.field} is {'not ' if entry.negated else ''}the indicator's {entry.value}"


def _listed(names: Listing[str]) -> str:
    *head, last = names or ("nothing",)
    return f"{', '.join(head)} and {last}" if head else last


@dataclass(frozen=True, slots=True)
class Suppressed:
    """How alike hits are counted at one alert instead of each raising its own."""

    fields: tuple[str, ...]
    within: str
    missing: str


def suppression(definition: RuleDefinition) -> Suppressed | None:
    """A rule's suppression in words; None without any."""
    told = definition.alert_suppression
    if not told:
        return None
    duration = told.get("duration")
    within = f"within {duration['value']} {duration['unit']}" if isinstance(duration, dict) else "within a run"
    apart = told.get("missing_fields_strategy") == "doNotSuppress"
    missing = "an alert each" if apart else "counted together"
    return Suppressed(tuple(map(str, told.get("group_by") or ())), within, missing)


def mappings(definition: RuleDefinition) -> tuple[str, ...]:
    """What of an alert an event may decide, in sentences."""
    found = [
        f"Severity {one.get('severity')} where {one.get('field')} is {one.get('value')}."
        for one in definition.severity_mapping
    ]
    found += [f"Risk score from {one.get('field')}." for one in definition.risk_score_mapping]
    if definition.rule_name_override:
        found.append(f"Name from {definition.rule_name_override}.")
    return tuple(found)
