"""The names of rules and of their alerts as pages have them: headings everywhere, so what cannot be seen is drawn."""

from soc.web.evidence import plain

MAX_NAME = 255


def heading(name: str) -> str:
    """The name with what cannot be seen in it drawn, as long as is stored. The rule's file keeps its own."""
    return plain(name)[:MAX_NAME]
