"""A case as one Markdown document, for those who do not work in the product: the same every time, and complete unless
there is more than a document can hold, which it says then.

All times are UTC. What comes from agents, rules and people is escaped (cases/markdown.py), so that no text of theirs
can pass for one of ours.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta

from django.utils.text import capfirst

from alerts.models import Severity, closed_as
from alerts.models import Status as AlertStatus
from alerts.selectors import AlertBrief
from cases.markdown import code, fenced, inline, quoted, table
from cases.models import Case, Entry, Outcome, Phase, Status, Task
from cases.selectors.alerts import alerts_in, chain
from cases.selectors.entities import entities
from cases.selectors.lookup import tasks_of
from cases.selectors.shapes import AlertRow, Entity, Moment
from cases.selectors.timeline import timeline_page
from cases.selectors.words import number_of_alerts
from soc.web.when import short_span

MINUTE = timedelta(minutes=1)
MOST_MOMENTS = 2_000
MOST_ALERTS = 1_000
MOST_TEXT = 2_000_000
"""Characters of findings and timeline together; notes stand in both."""
_PAGE = 100  # moments read at once: notes have up to 20,000 characters each
_TASK_MARKS = {Task.State.OPEN: "[ ]", Task.State.DONE: "[x]", Task.State.DROPPED: "[ ] not needed:"}


def markdown(*, case: Case, now: datetime, room: int = MOST_TEXT) -> str:
    """The report. Some forty queries and the kept events of up to two hundred alerts.

    The newest notes, comments and changes stand in it, as many as `room` characters hold.
    """
    moments, left_out = _moments(case, room)
    alerts = alerts_in(case, limit=MOST_ALERTS)
    sections = (
        _head(case, now),
        _section("Summary", _words(case.summary, "Nobody has written a summary.")),
        _section("Outcome", _outcome(case)),
        _section("Findings", _findings(moments, left_out)),
        _section("Alerts", _alerts(alerts)),
        _section("Tactics", _tactics(case)),
        _section("Hosts, users and traces", _traces(case)),
        _section("Tasks", _tasks(case)),
        _section("Timeline", _timeline(moments, left_out)),
    )
    return "\n\n".join(section for section in sections if section) + "\n"


def filename(case: Case) -> str:
    """What the document is called when it is saved."""
    return f"CASE-{case.pk}.md"


def _section(title: str, body: str) -> str:
    return f"## {title}\n\n{body}"


def _head(case: Case, now: datetime) -> str:
    rows = [
        ("Severity", _severity(case.severity)),
        ("Status", Status(case.status).label),
        ("Phase", Phase(case.phase).label),
        ("Team", inline(str(case.team))),
        ("Owner", inline(case.owner) if case.owner else "nobody"),
        ("Next step", inline(case.next_step) or "none"),
        ("Due", _at(case.due_at) or "no date"),
        ("Waits for", _waits(case)),
        ("Tags", ", ".join(inline(tag) for tag in case.tags) or "none"),
        ("Opened", f"{_at(case.opened_at)} by {inline(case.opened_by) if case.opened_by else 'somebody who left'}"),
        ("Closed", _closed(case)),
        ("Report as of", _at(now)),
    ]
    facts = table(["", ""], [[f"**{name}**", value] for name, value in rows if value])
    return f"# CASE-{case.pk}: {inline(case.title)}\n\n{facts}"


def _waits(case: Case) -> str:
    until = f" (look again {_at(case.wake_at)})" if case.wake_at else ""
    return f"{inline(case.hold_reason)}{until}" if case.status == Status.ON_HOLD else ""


def _closed(case: Case) -> str:
    if case.closed_at is None:
        return ""
    lasted = case.closed_at - case.opened_at
    return f"{_at(case.closed_at)}, after {short_span(lasted) if lasted >= MINUTE else 'under a minute'}"


def _outcome(case: Case) -> str:
    if case.status != Status.CLOSED:
        return "The case is not closed yet."
    told = f"**{Outcome(case.outcome).label}**"
    return f"{told}\n\n{quoted(case.closing_note)}" if case.closing_note else told


def _words(text: str, otherwise: str) -> str:
    return quoted(text) if text.strip() else otherwise


def _moments(case: Case, room: int) -> tuple[list[Moment], bool]:
    """The timeline, oldest first; whether there is more of it than a report takes."""
    moments: list[Moment] = []
    for moment in _newest_first(case):
        room -= _size(moment)
        if room < 0 or len(moments) == MOST_MOMENTS:
            return moments[::-1], True
        moments.append(moment)
    return moments[::-1], False


def _newest_first(case: Case) -> Iterator[Moment]:
    before: str | None = None
    while True:
        page = timeline_page(case, before=before, limit=_PAGE)
        yield from page.items
        before = page.next_key
        if before is None:
            return


def _size(moment: Moment) -> int:
    """How many characters it takes in the report: a text grows by what keeps it in its place."""
    lines = [*_moment(moment), _finding(moment) if moment.kind == Entry.Kind.NOTE else ""]
    return sum(len(line) + 1 for line in lines)


def _findings(moments: Iterable[Moment], left_out: bool) -> str:
    told = [_finding(moment) for moment in moments if moment.kind == Entry.Kind.NOTE]
    if left_out:
        return "\n\n".join(["Earlier notes may be left out: the timeline is cut.", *told])
    return "\n\n".join(told) or "Nobody has written a note."


def _finding(note: Moment) -> str:
    return f"**{_at(note.at)}**, {inline(note.actor)}:\n\n{quoted(note.text)}"


def _alerts(rows: Sequence[AlertRow]) -> str:
    if not rows:
        return "There are no alerts in this case."
    mine = [row for row in rows if row.brief is not None]
    moved = [row for row in rows if row.brief is None]
    parts = [table(["Alert", "Event", "Severity", "Rule", "Host", "User", "Verdict"], [_alert(row) for row in mine])]
    parts += [_evidence(mine)]
    if moved:
        told = [f"- AL-{row.alert_id} moved to team {inline(row.moved_to)}" for row in moved]
        parts.append("\n".join(told))
    if len(rows) == MOST_ALERTS:
        parts.append(f"Only the first {number_of_alerts(MOST_ALERTS)} are listed.")
    return "\n\n".join(part for part in parts if part)


def _alert(row: AlertRow) -> list[str]:
    alert = row.brief
    if alert is None:
        return []
    return [
        f"AL-{alert.id}",
        _at(alert.event_time),
        _severity(alert.severity),
        inline(alert.name),
        code(alert.host_name or ""),
        code(alert.user_name or ""),
        _verdict(alert),
    ]


def _verdict(alert: AlertBrief) -> str:
    if alert.status == AlertStatus.CLOSED:
        return capfirst(closed_as(alert.reason, alert.fault)) or "closed"
    return AlertStatus(alert.status).label.lower()


def _evidence(rows: Iterable[AlertRow]) -> str:
    """What each alert rests on, in one line each, as it was sent."""
    lines = [
        f"AL-{row.alert_id}  {' '.join(row.brief.evidence.split())[:1_000]}"
        for row in rows
        if row.brief is not None and row.brief.evidence.strip()
    ]
    return f"Evidence, as it was sent:\n\n{fenced(chr(10).join(lines))}" if lines else ""


def _tactics(case: Case) -> str:
    steps = [f"{inline(step.name)} ({number_of_alerts(step.alerts)})" for step in chain(case)]
    return " → ".join(steps) or "The rules of these alerts name no tactic."


def _traces(case: Case) -> str:
    found = entities(case)
    kinds = (("Host", found.hosts), ("User", found.users), ("Address", found.addresses), ("Hash", found.hashes))
    rows = [_trace(kind, one) for kind, entities_of_kind in kinds for one in entities_of_kind]
    if not rows:
        return "The alerts name none."
    told = table(["Kind", "Value", "Alerts", "First", "Last"], rows)
    capped = f"Addresses and hashes are from the first {found.read:,} of {found.total:,} alerts."
    return f"{told}\n\n{capped}" if found.capped else told


def _trace(kind: str, one: Entity) -> list[str]:
    return [kind, code(one.value), str(one.alerts), _at(one.first), _at(one.last)]


def _tasks(case: Case) -> str:
    return "\n".join(_task(task) for task in tasks_of(case)) or "There are no tasks."


def _task(task: Task) -> str:
    facts = [
        inline(task.origin) if task.origin else "",
        f"owner {inline(task.owner)}" if task.owner else "",
        f"due {_at(task.due_at)}" if task.due_at and task.state == Task.State.OPEN else "",
        f"{_at(task.settled_at)} by {inline(task.settled_by or 'somebody who left')}" if task.settled_at else "",
    ]
    told = "; ".join(fact for fact in facts if fact)
    mark = _TASK_MARKS[Task.State(task.state)]
    return f"- {mark} {inline(task.text)}" + (f" ({told})" if told else "")


def _timeline(moments: Iterable[Moment], left_out: bool) -> str:
    told = ["Earlier moments are left out: this is all that fits. The case itself shows them.", ""] if left_out else []
    return "\n".join([*told, *(line for moment in moments for line in _moment(moment))])


def _moment(moment: Moment) -> Iterator[str]:
    words = moment.words + (f": {moment.task}" if moment.task else "")
    yield f"- **{_at(moment.at)}** {inline(moment.actor)} {inline(words)}"
    for change in moment.changes:
        if change.old or change.new:
            yield f"    - {change.label}: {inline(change.old or 'none', 300)} → {inline(change.new or 'none', 300)}"
    if moment.alert_numbers:
        numbers = ", ".join(f"AL-{number}" for number in moment.alert_numbers[:50])
        yield f"    - {numbers}{' …' if len(moment.alert_numbers) > 50 else ''}"
    if moment.text:
        yield ""
        yield "\n".join(f"    {line}".rstrip() for line in quoted(moment.text).splitlines())
        yield ""


def _severity(number: int) -> str:
    return str(Severity(number).label)


def _at(moment: datetime | None) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC" if moment else ""
