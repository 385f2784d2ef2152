"""The exception panel in words: what it silences, what the guard says, and what its buttons will do."""

from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.access import reason_against
from accounts.roles import Permission
from alerts import exceptions
from alerts.models import Kind
from alerts.views.panel import Panel
from soc.web.evidence import plain

MOST_NAMED = 10  # true positives
AT_ONCE_MS = 10


@dataclass(slots=True)
class Composer(Panel):
    """The panel as its templates show it."""

    @property
    def where(self) -> str:
        """For which rules, in the panel's head."""
        if self.scope and self.scope.shared:
            return _("for the list %(name)s, %(n)s rules") % {
                "name": plain(self.scope.shared.name),
                "n": len(self.rules),
            }
        words = ngettext("for this rule only", "for %(n)s rules", len(self.rules))
        return words % {"n": len(self.rules)}

    @property
    def cut_short(self) -> str:
        """Said when there was no time for every alert."""
        if not self.preview or not self.preview.late:
            return ""
        if self.opening:
            return _("These are the newest of the true positives and alerts, not all of them. Saving it looks at all.")
        if positives := self.preview.positives_beyond:
            words = ngettext(
                "There was no time for 1 true positive, nor for what is older. Saving it looks at all.",
                "There was no time for %(n)s true positives, nor for what is older. Saving it looks at all.",
                positives,
            )
            return words % {"n": _capped(positives)}
        words = ngettext(
            "There was no time for 1 older alert. Every true positive was looked at. Saving it looks at all.",
            "There was no time for %(n)s older alerts. Every true positive was looked at. Saving it looks at all.",
            self.preview.beyond,
        )
        return words % {"n": _capped(self.preview.beyond)}

    @property
    def goes_on(self) -> bool:
        """Whether the preview that came with the panel is worth another look with more time."""
        return self.opening and bool(self.cut_short)

    @property
    def told_of(self) -> str:
        """Of which alerts the preview is."""
        if self.preview and self.preview.late:
            return _("Preview, the newest alerts")
        if len(self.rules) > 1:
            return _("Preview, every alert of %(n)s rules") % {"n": len(self.rules)}
        return _("Preview, every alert of this rule")

    @property
    def not_named(self) -> int:
        """How many more of them there are than the ten that are named, in the person's own teams."""
        return max(self.preview.by_verdict.get("true_positive", 0) - MOST_NAMED, 0) if self.preview else 0

    @property
    def ask_whom(self) -> str:
        """Whom to ask for what the person's role may not."""
        named = _(" or ").join(self.overriders)
        return f"{reason_against(Permission.OVERRIDE_GUARD)} {_('Ask %(who)s.') % {'who': named}}" if named else ""

    @property
    def checked(self) -> str:
        """How long the preview took."""
        took = self.preview.examined_ms if self.preview else 0
        if took < AT_ONCE_MS:
            return _("checked at once")
        if took < 1_000:
            return _("checked in %(n)s ms") % {"n": took}
        return _("checked in %(n)s s") % {"n": f"{took / 1000:.1f}"}

    @property
    def headline(self) -> str:
        """The one sentence of the preview."""
        if not self.preview:
            return ""
        shown = {"silenced": self.preview.silenced, "total": self.preview.total}
        start = ngettext(
            "Silences %(silenced)s of %(total)s alert", "Silences %(silenced)s of %(total)s alerts", shown["total"]
        )
        return start % shown + self._about_true_positives()

    def _about_true_positives(self) -> str:
        hidden = self.preview.by_verdict.get("true_positive", 0) if self.preview else 0
        if not hidden and self.preview and (self.preview.positives_beyond or (self.opening and self.preview.late)):
            return _(", and no true positive of those that were looked at.")
        if not self.guarded:
            return _(", and no true positive.")
        return ngettext(", %(n)s of them a true positive.", ", %(n)s of them true positives.", hidden) % {"n": hidden}

    @property
    def guard_sentence(self) -> str:
        """What the guard says."""
        words = ngettext("Would have hidden 1 true positive.", "Would have hidden %(n)s true positives.", self.hidden)
        elsewhere = self.preview.true_positives_elsewhere if self.preview else 0
        more = ngettext(" 1 of them in another team.", " %(n)s of them in other teams.", elsewhere) if elsewhere else ""
        return words % {"n": self.hidden} + more % {"n": elsewhere}

    @property
    def misses_source(self) -> str:
        """Said when the conditions do not cover the alert they were written on."""
        if not self.alert or not self.preview or not self.preview.misses:
            return ""
        if self.preview.source_of_kept:
            return self._of_kept(self.alert.pk)
        miss = self.preview.misses[0]
        shown = {
            "id": self.alert.pk,
            "field": miss.field,
            "asked": plain(miss.asked),
            "had": plain(", ".join(miss.found)),
        }
        if not miss.found:
            return _("This does not match AL-%(id)s, the alert you came from: it has no %(field)s.") % shown
        if self.alert.kind in (Kind.GROUP, Kind.THRESHOLD) and miss.field not in self.made:
            words = _(
                "This leaves enough events of AL-%(id)s, the alert you came from, to raise it: "
                "of one of them %(field)s is “%(had)s”, you ask that it %(asked)s."
            )
            return words % shown
        words = _(
            "This does not match AL-%(id)s, the alert you came from: "
            "its %(field)s is “%(had)s”, you ask that it %(asked)s."
        )
        return words % shown

    @staticmethod
    def _of_kept(alert_id: int) -> str:
        words = _(
            "This may not cover AL-%(id)s, the alert you came from: it rests on more events than were kept with it. "
            "Of the kept events this takes out all, but the others may still raise it."
        )
        return words % {"id": alert_id}

    @property
    def joined(self) -> str:
        """How an exception works on an alert of several events; empty for any other."""
        if not self.alert:
            return ""
        words = {
            Kind.SEQUENCE: _("It takes out single events, before they are joined: without one of them, no sequence."),
            Kind.SAMPLE: _("It takes out single events, before they are joined: without one of them, no sample."),
            Kind.THRESHOLD: _("It takes out single events, before they are counted: what is left may be too few."),
            Kind.BLOCK: _("It takes out this event, and with it every sequence that needs it."),
            Kind.GROUP: _(
                "On fields of the events alone it takes out single events, before the query runs: what is left may not "
                "come to a row. With one column that the query makes it takes out whole rows instead."
            ),
        }
        return words.get(Kind(self.alert.kind), "")

    @property
    def asked_of(self) -> str:
        """Of what the conditions are asked, where the rule's query makes columns of its own; else empty."""
        named = [row.field for row in self.filled if row.field in self.made]
        if not self.made or not self.filled:
            return ""
        if not named:
            return _("Asked of each event, before the query runs over what is left.")
        shown = {"fields": plain(", ".join(dict.fromkeys(named)))}
        words = ngettext(
            "Asked of each row that the query makes, since it makes %(fields)s.",
            "Asked of each row that the query makes, since it makes %(fields)s.",
            len(named),
        )
        return words % shown

    @property
    def close_label(self) -> str:
        """The label of the closing checkbox."""
        count = self.open_count
        words = ngettext("Close the 1 open alert it matches as", "Close the %(n)s open alerts it matches as", count)
        return words % {"n": count} if count else _("No open alert to close.")

    @property
    def button(self) -> str:
        """The words on the button, with what it will do."""
        if self.item:
            return _("Save exception, close %(n)s") % {"n": self.closes} if self.closes else _("Save exception")
        return _("Add exception, close %(n)s") % {"n": self.closes} if self.closes else _("Add exception")


def _capped(number: int) -> str:
    return f"{number:,}{'+' if number >= exceptions.MOST_COUNTED else ''}"
