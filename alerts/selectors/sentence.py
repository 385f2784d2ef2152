"""The one sentence above an alert: who did what where and when, in the words of its events."""

from collections.abc import Sequence
from datetime import UTC, datetime

from alerts.kept import source_of
from alerts.models import Alert
from alerts.plain_names import DULL, came_to, different, place, place_of, rank_of_name
from alerts.selectors.deeds import Parts, cut, plain, strong, what, where, who
from alerts.selectors.joined_shapes import Composition, KeptEvent, Learning, MetIndicator, Pair, Reached, StepRow, Steps
from alerts.selectors.row_shapes import MadeRow, deciding
from alerts.selectors.shapes import Part
from alerts.selectors.steps import NO_SUCH
from alerts.selectors.why import new_terms_told
from engine import Document
from engine.wording import shortened

TOLD_STEPS = 3
TOLD_NAMES = 2
TOLD_TERMS = 3
TOLD_CLAUSE = 120
NOTHING = Composition()


def summary_sentence(
    alert: Alert, document: Document | None = None, composition: Composition = NOTHING
) -> tuple[Part, ...]:
    """Who, what, where, when (UTC). One query when the source event is not handed in."""
    if composition.steps and composition.steps.events:
        return tuple(_of_steps(composition.steps, alert))
    if composition.reached:
        return tuple(_of_count(composition.reached))
    if composition.row and composition.row.grouped:
        return tuple(_of_group(composition.row))
    if document is None:
        event = source_of(alert)
        document = event.document() if event else Document({})
    return (
        *who(document, alert.user_name),
        plain(" "),
        *what(document),
        *where(document, alert.host_name),
        plain(f" at {time_in_words(alert.event_time)}."),
        *_indicated(composition.indicators),
        *(_made_of(composition.row) if composition.row else ()),
        *(_learnt(composition.learning) if composition.learning else _novelty(alert)),
    )


# ---------- several events ----------


def _of_steps(steps: Steps, alert: Alert) -> Parts:
    """ "svc-ci ran a, then after 3.2 s connected to b, and no further event followed within 30 s, on web-1 at …"."""
    rows = [row for row in steps.rows if row.event][:TOLD_STEPS]
    first = rows[0].event
    assert first is not None  # noqa: S101
    parts, last = [*who(first.document), plain(" "), *what(first.document)], who(first.document)
    for row in rows[1:]:
        assert row.event is not None  # noqa: S101
        again = who(row.event.document)
        parts.append(plain(_then(row.gap) if steps.ordered else "; also "))
        parts += [*([] if again == last else [*again, plain(" ")]), *what(row.event.document)]
        last = again
    if more := steps.events - len(rows):
        parts.append(plain(f", and {more} more"))
    parts += next((_missing(row) for row in steps.rows if row.missing), [])
    return [*parts, *_places(steps, alert), plain(f" at {time_in_words(first.at)}.")]


def _missing(row: StepRow) -> Parts:
    """ "; no event where process.name is sh followed within 30 s": what did not come, and when."""
    said = plain(f"; {row.missing[0].lower()}{row.missing[1:]}")
    if not row.asked:
        return [said]
    how = row.missing.removeprefix(NO_SUCH)
    return [plain("; no event where "), strong(shortened(row.asked, TOLD_CLAUSE)), plain(how)]


def _then(gap: str) -> str:
    return f", then {gap.removeprefix('+')} later " if gap.startswith("+") else ", and in the same moment "


def _places(steps: Steps, alert: Alert) -> Parts:
    """Where all of it was; where it was in several places, on how many hosts."""
    places = [where(row.event.document) for row in steps.rows if row.event]
    distinct = [place for at, place in enumerate(places) if place and place not in places[:at]]
    if len(distinct) > 1:
        return [plain(" on "), strong(f"{len(distinct)} hosts")]
    return distinct[0] if distinct else where(Document({}), alert.host_name)


def _of_count(reached: Reached) -> Parts:
    """ "52 events by root, with 7 different hosts within 4 m; 40 are enough. The last: root failed to sign in …"."""
    parts = [strong(f"{reached.count:,} events"), *_grouped(reached.terms)]
    if reached.cardinality:
        found = reached.cardinality
        parts += [plain(", with "), strong(f"{found.value:,} different {different(found.field)}")]
    enough = f"{reached.needed:,} {'is' if reached.needed == 1 else 'are'} enough"
    if reached.cardinality:
        enough += f" with {reached.cardinality.needed:,} different"
    within = f" within {reached.span}" if reached.span else ""
    parts.append(plain(f"{within}; {enough}."))
    return [*parts, *_last_of(reached.events), plain(f" at {time_in_words(reached.last)}.")]


def _of_group(row: MadeRow) -> Parts:
    """ "6 events on web-1 within 15 s came to 6 different command lines. The last: www-data ran …"."""
    events = "1 event" if row.count == 1 else f"{row.count:,} events"
    within = f" within {row.span}" if row.span else ""
    told = _came_to(row)
    came = [plain(" came to "), *told] if told else [plain(" made a row")]
    parts = [strong(events), *_grouped(row.by), plain(within), *came, plain(".")]
    return [*parts, *_last_of(row.events), plain(f" at {time_in_words(row.last)}.")]


def _made_of(row: MadeRow) -> Parts:
    """What the query made of an event, as far as a condition asks for it."""
    told = _came_to(row)
    return [plain(" The query made of it "), *told, plain(".")] if told else []


def _came_to(row: MadeRow) -> Parts:
    """ "6 different command lines and 3 events": what met the conditions."""
    parts: Parts = []
    for at, (name, value) in enumerate(deciding(row)[:TOLD_NAMES]):
        told = came_to(name, value)
        parts += [plain(f"{' and ' if at else ''}{cut(told.before)}"), strong(cut(told.value)), plain(cut(told.after))]
    return parts


def _grouped(terms: Sequence[Pair]) -> Parts:
    """What names the group, host first; ids and times, which tell people little, only where there is nothing else."""
    telling = [pair for pair in terms if rank_of_name(pair.field) < DULL] or list(terms)
    parts: Parts = []
    for pair in sorted(telling, key=lambda pair: place_of(pair.field))[:TOLD_TERMS]:
        parts += [plain(f" {place(pair.field)} "), strong(cut(pair.value or "none"))]
    return parts


def _last_of(events: Sequence[KeptEvent]) -> Parts:
    return [plain(" The last: "), *events[-1].deed] if events else [plain(" The last")]


# ---------- what else is to be said of one event ----------


def _indicated(indicators: Sequence[MetIndicator]) -> Parts:
    """Which indicator it met; of several the first and how many more."""
    if not indicators:
        return []
    met = indicators[0]
    source = next((pair.value for pair in met.told if pair.field in ("provider", "feed.name") and pair.value), "")
    parts = [plain(f" Its {met.field} "), strong(cut(met.value)), plain(" is a known indicator")]
    parts += [plain(" of "), strong(cut(source))] if source else []
    more = f", and {len(indicators) - 1} more agree" if len(indicators) > 1 else ""
    return [*parts, plain(f"{more}.")]


def _novelty(alert: Alert) -> Parts:
    """For new terms: what had not been seen before, and where, unless it is seen from the terms themselves."""
    if not alert.new_terms:
        return []
    told = new_terms_told(alert)
    together = " together" if len(told.pairs) > 1 else ""  # each may be common by itself
    parts: Parts = [plain(f" New{together}{told.place} in {alert.new_terms['history']}: ")]
    for at, (name, value) in enumerate(told.pairs):
        parts += [plain(f"{', ' if at else ''}{name} "), strong(cut(str(value)))]
    return [*parts, plain(".")]


def _learnt(learning: Learning) -> Parts:
    return [
        plain(" It stands for "),
        strong(f"{learning.number:,} {learning.what}"),
        plain(f" met while the rule learns its history, since {time_in_words(learning.since)}."),
    ]


def time_in_words(at: datetime) -> str:
    """ "07:56:59 UTC on 22 November 2026"."""
    at = at.astimezone(UTC)
    return f"{at:%H:%M:%S} UTC on {at.day} {at:%B %Y}"
