"""What a process that answers pages needs sooner or later, loaded before the first person waits for it."""

from contextlib import suppress

from django.conf import settings
from django.template import TemplateSyntaxError
from django.template.loader import get_template
from django.urls import get_resolver


def load_pages() -> None:
    """Import every view and compile every template of ours. Costs about a second, which the first page of each process
    would take longer otherwise.
    """
    _ = get_resolver().url_patterns
    folder = settings.BASE_DIR / "templates"
    for found in sorted(folder.rglob("*.html")):
        with suppress(TemplateSyntaxError):  # the page itself says so, and the others do not suffer
            get_template(str(found.relative_to(folder)))
