"""What an import made of everything it found, a line each."""

from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import Any

from engine.linting import Finding
from rules.storing import Status


@dataclass(frozen=True, slots=True)
class Line:
    """One rule, exception or file, and what became of it.

    `stored` says what became of a rule that is shown but not judged (`unsupported`); `message` is what changed, the
    reason, or the error with its place; `notes` is what of it has no meaning here; `findings` what hardly was meant.
    """

    path: str
    status: Status
    kind: str = "rule"
    id: str = ""
    name: str = ""
    message: str = ""
    stored: Status | None = None
    notes: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The line as plain JSON; what is empty is left out."""
        plain = {key: value for key, value in asdict(self).items() if value not in ("", None, ())}
        return {"path": self.path, "status": self.status, "kind": self.kind} | plain


@dataclass(frozen=True, slots=True)
class ImportReport:
    """Every line, in the order in which things were found; of a dry run, what would have become of them."""

    lines: tuple[Line, ...]
    dry_run: bool = False
    superseded: tuple[str, ...] = field(default=())

    def count(self, status: Status, kind: str = "rule") -> int:
        """How many of a kind ended so."""
        return Counter((line.kind, line.status) for line in self.lines)[kind, status]

    def in_words(self, kind: str = "rule") -> str:
        """The counts of a kind: "12 new, 1 error"."""
        return ", ".join(f"{number:,} {status}" for status in Status if (number := self.count(status, kind)))

    @property
    def errors(self) -> tuple[Line, ...]:
        """What could not be imported."""
        return tuple(line for line in self.lines if line.status is Status.ERROR)
