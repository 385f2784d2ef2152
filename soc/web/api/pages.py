"""Pages of lists: `next` is a signed key, so that a page costs the same however far down it lies."""

from collections.abc import Sequence
from typing import Any

from soc.web.api.errors import ApiError, bad_request
from soc.web.paging import After, read_key


def after_of(token: str, salt: str) -> After:
    """Where to go on. Pages forgive a bad key; a program must not get the first page again and again.

    Raises: ApiError (400).
    """
    after = read_key(token or None, salt)
    if after.notice:
        raise bad_key()
    return after


def bad_key() -> ApiError:
    """400 for a key that was cut, changed, or made for another list or order."""
    sentence = "This is not a key of this list in this order. Begin without `after`, and pass on `next` unchanged."
    return bad_request("bad_key", sentence, {"after": ["Not a key of this list."]})


def page_of(items: Sequence[Any], next_key: str | None, **more: Any) -> dict[str, Any]:
    """A page as its answer shows it."""
    return {"items": items, "next": next_key, **more}
