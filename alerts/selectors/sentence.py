"""The one sentence above an alert: who did what where and when, in the event's own words."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from alerts.kept import source_of
from alerts.models import Alert
from alerts.selectors.shapes import Part
from engine import Document

MAX_VALUE = 120
_Parts = list[Part]


def summary_sentence(alert: Alert, document: Document | None = None) -> tuple[Part, ...]:
    """Who, what, where, when (UTC). One query when the source event is not handed in."""
    if document is None:
        event = source_of(alert)
        document = event.document() if event else Document({})
    deed = next((parts for told in _DEEDS if (parts := told(_Facts(document)))), [_plain("triggered this rule")])
    who, where = _who(alert, document), _where(alert, document)
    return (*who, _plain(" "), *deed, *where, _plain(f" at {_when(alert.event_time)}."), *_novelty(alert))


class _Facts:
    """The first value of a field, as text fit for a sentence."""

    def __init__(self, document: Document) -> None:
        self._document = document

    def __call__(self, *names: str) -> str:
        """The first of these fields that the event has; empty without any."""
        for name in names:
            for value in self._document.values(name):
                return _cut(str(value))
        return ""

    def joined(self, name: str) -> str:
        """Every value of a field in its order, as one text."""
        return _cut(" ".join(str(value) for value in self._document.values(name)))

    def all(self, name: str) -> set[str]:
        """Every value of a field."""
        return {str(value) for value in self._document.values(name)}


def _who(alert: Alert, document: Document) -> _Parts:
    name = alert.user_name or _Facts(document)("user.email", "user.id", "client.user.email")
    if name:
        return [_strong(_cut(name))]
    program = _Facts(document)("process.name", "source.ip")
    return [_strong(program)] if program else [_plain("Somebody")]


def _where(alert: Alert, document: Document) -> _Parts:
    facts = _Facts(document)
    host = alert.host_name or facts("host.hostname", "observer.name")
    if host:
        return [_plain(" on "), _strong(_cut(host))]
    account = facts("cloud.account.name", "cloud.account.id")
    return [_plain(" in the account "), _strong(account)] if account else []


def _process(facts: _Facts) -> _Parts:
    program = facts("process.name", "process.executable")
    if not program or facts.all("event.category") & {"file", "network", "registry", "authentication", "dns"}:
        return []
    command = facts("process.command_line") or facts.joined("process.args") or program
    parts = [_plain("ran "), _strong(command)]
    if program not in command:
        parts = [_plain("ran "), _strong(program), _plain(" as "), _strong(command)]
    parent = facts("process.parent.name", "process.parent.executable")
    return [*parts, _plain(" from "), _strong(parent)] if parent else parts


def _file(facts: _Facts) -> _Parts:
    path = facts("file.path", "registry.path", "file.name")
    if not path:
        return []
    verb = _VERBS.get(facts("event.type", "event.action"), "touched")
    program = facts("process.name")
    return [_plain(f"{verb} "), _strong(path), *([_plain(" with "), _strong(program)] if program else [])]


def _network(facts: _Facts) -> _Parts:
    to = facts("dns.question.name", "destination.domain", "destination.ip")
    if not to or not facts.all("event.category") & {"network", "dns"}:
        return []
    port, program = facts("destination.port"), facts("process.name")
    looked = "looked up" if facts("dns.question.name") else "connected to"
    parts = [_plain(f"{looked} "), _strong(f"{to}:{port}" if port and looked != "looked up" else to)]
    return [*parts, _plain(" with "), _strong(program)] if program else parts


def _sign_in(facts: _Facts) -> _Parts:
    if "authentication" not in facts.all("event.category"):
        return []
    outcome = {"success": "signed in", "failure": "failed to sign in"}.get(facts("event.outcome"), "tried to sign in")
    source = facts("source.ip")
    country = facts("source.geo.country_name")
    place = f"{source} ({country})" if country else source
    return [_plain(outcome), *([_plain(" from "), _strong(place)] if source else [])]


def _action(facts: _Facts) -> _Parts:
    action = facts("event.action")
    return [_plain("performed "), _strong(action)] if action else []


_DEEDS: Sequence[Callable[[_Facts], _Parts]] = (_sign_in, _network, _file, _process, _action)
_VERBS = {"creation": "created", "change": "changed", "deletion": "deleted", "access": "opened"}


def _novelty(alert: Alert) -> _Parts:
    """For new terms: what had not been seen before."""
    if not alert.new_terms:
        return []
    pairs = zip(alert.new_terms["fields"], alert.new_terms["values"], strict=False)
    parts: _Parts = [_plain(f" New in {alert.new_terms['history']}: ")]
    for at, (name, value) in enumerate(pairs):
        parts += [_plain(f"{', ' if at else ''}{name} "), _strong(_cut(str(value)))]
    return [*parts, _plain(".")]


def _when(at: datetime) -> str:
    at = at.astimezone(UTC)
    return f"{at:%H:%M:%S} UTC on {at.day} {at:%B %Y}"


def _plain(text: str) -> Part:
    return Part(text)


def _strong(text: str) -> Part:
    return Part(text, strong=True)


def _cut(text: str) -> str:
    return text if len(text) <= MAX_VALUE else f"{text[: MAX_VALUE - 1]}…"
