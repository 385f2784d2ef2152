"""Language models, which COMPLETION asks. None comes with the engine: whoever runs a pipeline may give one."""

from typing import Protocol

from engine.errors import LanguageError


class Provider(Protocol):
    """Something that answers prompts."""

    def complete(self, prompt: str, *, model: str) -> str | None:
        """The answer of a model (`inference_id`) to a prompt; None when there is none."""


class NeedsModel(LanguageError):  # noqa: N818 - says what happened
    """A query that cannot be run only because it asks a language model and none is given."""
