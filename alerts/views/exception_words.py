"""What a person is told after changing an exception: what became of what it held back, and of what it had closed."""

from django.utils.translation import ngettext

from alerts.exceptions import Edited, TakenBack
from rules.models import ExceptionItem


def added_words(closed: int, left_open: int = 0, items: int = 1) -> str:
    """After adding: how many exceptions there are now, how many alerts were closed, and how many were left, as they
    stand for hits that may not be covered."""
    words = ngettext("Exception added", "%(n)s exceptions added", items) % {"n": items}
    if closed:
        words += ngettext(", 1 alert closed", ", %(n)s alerts closed", closed) % {"n": closed}
    said = [f"{words}."]
    if left_open:
        words = ngettext(
            "1 alert stays open: it also stands for hits that were counted at it.",
            "%(n)s alerts stay open: they also stand for hits that were counted at them.",
            left_open,
        )
        said.append(words % {"n": left_open})
    return " ".join(said)


def changed_words(done: str, changed: TakenBack | Edited | ExceptionItem) -> str:
    """After a change: the act, and whatever followed from it; what did not happen is left out."""
    if isinstance(changed, ExceptionItem):
        return done
    said = ", ".join([*_of_what_it_held(changed), *_of_what_it_closed(changed)])
    return f"{done} {said[0].upper()}{said[1:]}." if said else done


def _of_what_it_held(changed: TakenBack | Edited) -> list[str]:
    raised, over, held, gone = changed.released, changed.over, changed.still_held, changed.gone
    said = (
        (raised, ngettext("1 event it held back is an alert now", "%(n)s events it held back are alerts now", raised)),
        (over, ngettext("1 went over the rule's maximum", "%(n)s went over the rule's maximum", over)),
        (held, ngettext("1 is still held back", "%(n)s are still held back", held)),
        (gone, ngettext("1 is no longer stored", "%(n)s are no longer stored", gone)),
    )
    return [words % {"n": number} for number, words in said if number]


def _of_what_it_closed(changed: TakenBack | Edited) -> list[str]:
    number = len(changed.reopened) if isinstance(changed, TakenBack) else 0
    words = ngettext("1 alert it closed is open again", "%(n)s alerts it closed are open again", number)
    return [words % {"n": number}] if number else []
