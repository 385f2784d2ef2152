"""An event as the middle of a sentence: who did what, and where, in the event's own words."""

from collections.abc import Callable, Sequence

from alerts.selectors.shapes import Part
from alerts.targeted import target_of
from engine import Document

MAX_VALUE = 120
Parts = list[Part]


def deed_of(document: Document) -> tuple[Part, ...]:
    """Who did what where: "svc-ci ran perl -e exec from bash on web-1"."""
    return (*who(document), plain(" "), *what(document), *where(document))


def what(document: Document) -> Parts:
    """What was done: the first of the deeds that the event has the fields for."""
    facts = Facts(document)
    return next((parts for told in _DEEDS if (parts := told(facts))), [plain("triggered this rule")])


def who(document: Document, name: str | None = None) -> Parts:
    """Who did it: the user (`name` when it is known already), else the program or the address it came from."""
    facts = Facts(document)
    name = name or facts("user.name", "user.email", "user.id", "client.user.email")
    if name:
        return [strong(cut(name))]
    program = facts("process.name", "source.ip")
    return [strong(program)] if program else [plain("Somebody")]


def where(document: Document, host: str | None = None) -> Parts:
    """On which host (`host` when it is known already), or in which account of a cloud."""
    facts = Facts(document)
    host = host or facts("host.name", "host.hostname", "observer.name")
    if host:
        return [plain(" on "), strong(cut(host))]
    account = facts("cloud.account.name", "cloud.account.id")
    return [plain(" in the account "), strong(account)] if account else []


class Facts:
    """The first value of a field, as text fit for a sentence."""

    def __init__(self, document: Document) -> None:
        self._document = document

    def __call__(self, *names: str) -> str:
        """The first of these fields that the event has; empty without any."""
        for name in names:
            for value in self._document.values(name):
                return cut(str(value))
        return ""

    def joined(self, name: str) -> str:
        """Every value of a field in its order, as one text."""
        return cut(" ".join(str(value) for value in self._document.values(name)))

    def all(self, name: str) -> set[str]:
        """Every value of a field."""
        return {str(value) for value in self._document.values(name)}


def _process(facts: Facts) -> Parts:
    program = facts("process.name", "process.executable")
    if not program or facts.all("event.category") & {"file", "network", "registry", "authentication", "dns"}:
        return []
    command = facts("process.command_line") or facts.joined("process.args") or program
    parts = [plain("ran "), strong(command)]
    if program not in command:
        parts = [plain("ran "), strong(program), plain(" as "), strong(command)]
    parent = facts("process.parent.name", "process.parent.executable")
    return [*parts, plain(" from "), strong(parent)] if parent else parts


def _file(facts: Facts) -> Parts:
    path = facts("file.path", "registry.path", "file.name")
    if not path:
        return []
    verb = _VERBS.get(facts("event.type", "event.action"), "touched")
    program = facts("process.name")
    return [plain(f"{verb} "), strong(path), *([plain(" with "), strong(program)] if program else [])]


def _network(facts: Facts) -> Parts:
    to = facts("dns.question.name", "destination.domain", "destination.ip")
    if not to or not facts.all("event.category") & {"network", "dns"}:
        return []
    port, program = facts("destination.port"), facts("process.name")
    looked = "looked up" if facts("dns.question.name") else "connected to"
    parts = [plain(f"{looked} "), strong(f"{to}:{port}" if port and looked != "looked up" else to)]
    return [*parts, plain(" with "), strong(program)] if program else parts


def _sign_in(facts: Facts) -> Parts:
    if "authentication" not in facts.all("event.category"):
        return []
    outcome = {"success": "signed in", "failure": "failed to sign in"}.get(facts("event.outcome"), "tried to sign in")
    source = facts("source.ip")
    country = facts("source.geo.country_name")
    place = f"{source} ({country})" if country else source
    return [plain(outcome), *_as(facts), *([plain(" from "), strong(place)] if source else [])]


def _as(facts: Facts) -> Parts:
    """As whom, where that is another account."""
    other = facts("user.target.name", "winlog.event_data.TargetUserName")
    own = facts("user.name", "user.email", "user.id", "client.user.email")
    return [plain(" as "), strong(other)] if other and other.casefold() != own.casefold() else []


def _action(facts: Facts) -> Parts:
    action = facts("event.action")
    return [plain("performed "), strong(action), *_upon(facts)] if action else []


def _managed(facts: Facts) -> Parts:
    """What was done to an account or a group."""
    return _action(facts) if "iam" in facts.all("event.category") else []


def _upon(facts: Facts) -> Parts:
    """Whose account, or which group."""
    target = target_of(facts, facts("user.name", "user.email", "user.id", "client.user.email"))
    return [plain(" upon "), strong(target)] if target else []


_DEEDS: Sequence[Callable[[Facts], Parts]] = (_managed, _sign_in, _network, _file, _process, _action)
_VERBS = {"creation": "created", "change": "changed", "deletion": "deleted", "access": "opened"}


def plain(text: str) -> Part:
    """Words of ours."""
    return Part(text)


def strong(text: str) -> Part:
    """A name or a value out of an event."""
    return Part(text, strong=True)


def cut(text: str) -> str:
    """At most so much of a value."""
    return text if len(text) <= MAX_VALUE else f"{text[: MAX_VALUE - 1]}…"
