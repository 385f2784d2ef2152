"""Who is meant by @name in a text."""

import re
from collections.abc import Iterable

from django.db.models.functions import Lower

from accounts.models import User
from accounts.selectors import people_of_teams

_MENTION = re.compile(r"(?<![\w@.])@([A-Za-z0-9_.+-]{1,150})")
MOST = 20  # people one text can call


def names_in(text: str) -> list[str]:
    """The names that are called in the text, each once, in lower case, without the full stop that ends a sentence."""
    found = (match[1].rstrip(".").lower() for match in _MENTION.finditer(text))
    return list(dict.fromkeys(name for name in found if name))[:MOST]


def people_in(text: str, *, team_ids: Iterable[int]) -> list[User]:
    """The people of these teams whom the text calls. One query, none where nobody is called."""
    names = names_in(text)
    if not names:
        return []
    return list(people_of_teams(team_ids).alias(called=Lower("username")).filter(called__in=names))
