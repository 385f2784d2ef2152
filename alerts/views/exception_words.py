"""What a person is told after changing an exception: what became of what it held back, and of what it had closed."""

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from alerts.exceptions import Added, Edited, TakenBack
from alerts.views.act_words import left_open_words
from alerts.views.answers import Spoken
from rules.models import ExceptionItem


def rule_fails() -> str:
    """Why nothing was done where what an exception lets go had to be judged by a rule that is broken."""
    return _("What it held back cannot be judged: the rule itself fails. Nothing was changed.")


def added_words(added: Added) -> str:
    """After adding: how many exceptions there are now, how many alerts were closed or are being closed, and how many
    were left, as they stand for hits that may not be covered."""
    count, closed = len(added.items), len(added.closed)
    words = ngettext("Exception added", "%(n)s exceptions added", count) % {"n": count}
    if closed:
        words += ngettext(", 1 alert closed", ", %(n)s alerts closed", closed) % {"n": closed}
    on_its_way = _("What it covers is being closed.") if added.act else ""
    return " ".join(filter(None, (f"{words}.", on_its_way, left_open_words(len(added.left_open)))))


def spoken_of(added: Added) -> Spoken:
    """The same with its undo, and with the progress of what a worker closes."""
    return Spoken(added_words(added), added.group, act=added.act.pk if added.act else None)


def changed_words(done: str, changed: TakenBack | Edited | ExceptionItem) -> str:
    """After a change: the act, and whatever followed from it; what did not happen is left out."""
    if isinstance(changed, ExceptionItem):
        return done
    said = ", ".join([*_of_what_it_held(changed), *_of_what_it_closed(changed)])
    also = _beside(changed) if isinstance(changed, Edited) else []
    return " ".join(filter(None, (done, f"{said[0].upper()}{said[1:]}." if said else "", *also)))


def _beside(edited: Edited) -> list[str]:
    withdrawn = _("Your change of it that waited for review is withdrawn.") if edited.withdrawn else ""
    return [left_open_words(len(edited.left_open)), withdrawn]


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
    if isinstance(changed, Edited):
        return _of_what_it_closes(changed)
    if changed.act:
        return [_("the alerts it closed are being opened again")]
    number = len(changed.reopened)
    words = ngettext("1 alert it closed is open again", "%(n)s alerts it closed are open again", number)
    return [words % {"n": number}] if number else []


def _of_what_it_closes(edited: Edited) -> list[str]:
    if edited.act:
        return [_("what it covers is being closed")]
    number = len(edited.closed)
    words = ngettext("1 alert is closed", "%(n)s alerts are closed", number) % {"n": number}
    return [words] if number else []
