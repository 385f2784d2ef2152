"""Where a notice may lead: only to pages of this product, whatever stands in its row."""

from django.utils.http import url_has_allowed_host_and_scheme

FRONT_DOOR = "/"


def local_path(path: str) -> str:
    """The path if it leads to a page of ours, else the front door."""
    ours = path.startswith("/") and url_has_allowed_host_and_scheme(path, allowed_hosts=None)
    return path if ours and path.isprintable() and " " not in path else FRONT_DOOR
