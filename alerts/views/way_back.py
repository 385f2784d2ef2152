"""The page from which an act on an exception was opened: the ledger as it was narrowed, or the exception's own.

It travels as `back` through addresses and forms, and anybody may have written it: only these two pages are led to.
"""

import re
from urllib.parse import urlencode, urlsplit

from django.urls import reverse

from accounts.local_path import local_path
from soc.web.http import UserRequest

_LONGEST = 2_000
_NARROWED_BY = ("rule", "show", "q", "after")


def back_of(request: UserRequest) -> str:
    """Where the request says it was opened from; empty where it says nothing, or names another page."""
    given = local_path((request.POST.get("back") or request.GET.get("back", ""))[:_LONGEST])
    return given if re.fullmatch(rf"{reverse('alerts:exceptions')}(?:[0-9]{{1,18}}/)?", urlsplit(given).path) else ""


def ledger_of(request: UserRequest) -> str:
    """The same where that was the ledger."""
    back = back_of(request)
    return back if is_ledger(back) else ""


def is_ledger(address: str) -> bool:
    """Whether an address is that of the ledger, however narrowed."""
    return urlsplit(address).path == reverse("alerts:exceptions")


def this_ledger(request: UserRequest) -> str:
    """The ledger's address as the request narrows it; after an act that was refused, as it was when it was begun."""
    if request.method == "POST":
        return ledger_of(request) or reverse("alerts:exceptions")
    return ledger_address(**{name: request.GET.get(name, "") for name in _NARROWED_BY})


def ledger_address(**narrowed: str) -> str:
    """The ledger narrowed by these; an empty one is left out."""
    query = urlencode({name: value for name, value in narrowed.items() if value})
    return reverse("alerts:exceptions") + (f"?{query}" if query else "")


def with_back(address: str, back: str) -> str:
    """An address that says where it was opened from."""
    return f"{address}?{urlencode({'back': back})}" if back else address
