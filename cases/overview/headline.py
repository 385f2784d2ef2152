"""The sentence at the top: the first true statement of an ordered list, and what it leads to. No model writes it."""

from collections.abc import Callable
from dataclasses import dataclass

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from alerts.models import Severity
from cases.overview.figures import Figures
from cases.overview.period import Period
from cases.overview.words import run_of, within

_FEW = 0.2  # past their target: up to a fifth of what is open is an exception, not the state of the queue


@dataclass(frozen=True, slots=True)
class Headline:
    """A sentence in three parts; `wrong` is what needs somebody, `url` where that is."""

    before: str
    wrong: str = ""
    after: str = "."
    url: str = ""

    def __str__(self) -> str:
        return f"{self.before}{self.wrong}{self.after}"


def headline(figures: Figures) -> Headline:
    """The most important thing that is so."""
    return next(said for rule in _RULES if (said := rule(figures)) is not None)


def _critical_unowned(figures: Figures) -> Headline | None:
    number = figures.waiting.of(Severity.CRITICAL).unowned
    if not number:
        return None
    wrong = ngettext("%(n)s critical alert has no owner", "%(n)s critical alerts have no owner", number) % {"n": number}
    return Headline("", wrong, ".", reverse("alerts:queue") + "?severity=critical&assignee=nobody")


def _past_target(figures: Figures) -> Headline | None:
    waiting = figures.waiting
    number = waiting.past_target
    if not number:
        return None
    worst = sum(waiting.of(level).past_target for level in (Severity.CRITICAL, Severity.HIGH))
    words = (
        ngettext("%(n)s high or critical alert has waited past its target",
                 "%(n)s high or critical alerts have waited past their target", number)
        if worst == number
        else ngettext("%(n)s alert has waited past its target", "%(n)s alerts have waited past their target", number)
    )  # fmt: skip
    calm = number <= _FEW * waiting.open and not figures.growing
    before = _("The queue is under control, except that ") if calm else ""
    return Headline(before, words % {"n": f"{number:,}"}, ".", reverse("alerts:queue") + "?past_target=1")


def _growing(figures: Figures) -> Headline | None:
    if not figures.growing:
        return None
    numbers = {"before": f"{figures.lately[0].open:,}", "now": f"{figures.lately[-1].open:,}"}
    return Headline(
        _("Everything is within its target, but "),
        _("the backlog has grown for three days"),
        _(", from %(before)s open alerts to %(now)s.") % numbers,
        reverse("alerts:queue"),
    )


def _quarantined(figures: Figures) -> Headline | None:
    number = len(figures.quarantined)
    if not number:
        return None
    rule_id = figures.quarantined[0][0]
    one = number == 1
    words = ngettext("%(n)s rule is quarantined", "%(n)s rules are quarantined", number) % {"n": number}
    url = reverse("rules:detail", args=[rule_id]) if one else reverse("rules:list") + "?show=quarantined"
    return Headline(
        _("The queue is under control, but "), words, _(" and finds nothing.") if one else _(" and find nothing."), url
    )


def _nothing(_figures: Figures) -> Headline:
    return Headline(_("Nothing needs you"))


_RULES: tuple[Callable[[Figures], Headline | None], ...] = (
    _critical_unowned,
    _past_target,
    _growing,
    _quarantined,
    _nothing,
)


def second_sentence(figures: Figures) -> str:
    """What came and went, and the one trend worth a word."""
    said = [_came_and_went(figures)]
    number, rises = run_of([week.resolve.median for week in figures.weeks])
    if number >= 3 and rises:
        said.append(_("The median time to resolve has risen for %(n)s weeks.") % {"n": number})
    if figures.cases.overdue:
        words = ngettext("%(n)s case is overdue.", "%(n)s cases are overdue.", figures.cases.overdue)
        said.append(words % {"n": f"{figures.cases.overdue:,}"})
    return " ".join(said)


def _came_and_went(figures: Figures) -> str:
    numbers = {"opened": f"{figures.opened:,}", "closed": f"{figures.closings.total:,}", "time": _time(figures.period)}
    if not figures.opened and not figures.closings.total:
        return _("No alert came or went %(time)s.") % numbers
    return _("%(opened)s alerts were opened and %(closed)s closed %(time)s.") % numbers


def _time(period: Period) -> str:
    if period.name == "today":
        return _("since midnight")
    if period.name == "custom":
        return _("in that time")
    words = _("in the %(span)s to then") if period.is_past else _("in the last %(span)s")
    return words % {
        "span": _("quarter") if period.name == "quarter" else within(period.at - period.start).replace(" d", " days")
    }
