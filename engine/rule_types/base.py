"""What the engine knows about a kind of rule."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.plan import Logic

if TYPE_CHECKING:
    from engine.rulefile.definition import RuleDefinition


@dataclass(frozen=True, slots=True)
class RuleType:
    """One value of a rule file's `type`.

    `languages` maps each query language the type may be written in to None when it is evaluated, else to the
    plain reason why not; the first is the default. `compile` gives the filter every event is judged by and what is
    done with its matches; it is None for a type that only loads and shows its page. `reason_of` looks at one rule and
    says why it is not evaluated, where that does not hang on type and language alone.
    """

    name: str
    title: str
    languages: dict[str, str | None]
    compile: "Callable[[RuleDefinition], Logic] | None" = None
    needs_query: bool = True
    reason_of: "Callable[[RuleDefinition], str | None] | None" = None

    @property
    def default_language(self) -> str | None:
        """The language of a file that does not name one."""
        return next(iter(self.languages), None)

    def reason_not_evaluated(self, definition: "RuleDefinition") -> str | None:
        """Why a rule of this type raises no alerts yet; None when it does."""
        if self.compile is None:
            return f"{self.title} rules are not evaluated yet"
        reason = self.languages.get(definition.language) if definition.language else None
        return reason or (self.reason_of(definition) if self.reason_of else None)
