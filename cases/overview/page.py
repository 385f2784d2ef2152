"""The overview as a page shows it: the sentence, five numbers, three charts, two tables, each with where it leads."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from alerts.fault_words import why_false
from alerts.models import Alert, Severity
from cases.models import Case
from cases.overview.closings import Closings
from cases.overview.drawing import Drawn, ageing, came_and_went, median_times, moments, small_line
from cases.overview.figures import Figures
from cases.overview.headline import Headline, headline, second_sentence
from cases.overview.times import Took
from cases.overview.tuning import FEW_VERDICTS, NoisyRule
from cases.overview.words import change, percent_html, span_html, span_text, within
from soc.web import charts

_WAITING = "?status=waiting&view=all"


@dataclass(frozen=True, slots=True)
class Number:
    """One of the five: name, value, a small line, and what to compare it with."""

    name: str
    value: str | SafeString
    line: SafeString
    beside: str
    bad: bool = False
    url: str = ""


@dataclass(frozen=True, slots=True)
class Share:
    """How many of the closed alerts had a verdict: the class of its colour, name, count, and share of the verdicts."""

    tone: str
    name: str
    count: int
    share: str


@dataclass(frozen=True, slots=True)
class TuningRow:
    """A rule worth tuning, as its row shows it."""

    rule: NoisyRule
    bar: SafeString
    said: str
    why_false: str
    alerts_url: str


@dataclass(frozen=True, slots=True)
class OverviewPage:
    """Everything the page shows. `leads` says whether links into the queue agree with the figures."""

    figures: Figures
    headline: Headline
    second: str
    numbers: list[Number]
    shares: list[Share]
    shares_bar: SafeString
    ageing: Drawn
    came_and_went: Drawn
    times: Drawn
    targets: list[tuple[str, str]]
    tuning: list[TuningRow]
    leads: bool

    @property
    def opened_in_columns(self) -> int:
        """The sum of the columns, which may show more days than the range has."""
        return sum(column.opened for column in self.figures.columns)

    @property
    def closed_in_columns(self) -> int:
        """The same of the closed."""
        return sum(column.closed for column in self.figures.columns)

    @property
    def nothing_in_range(self) -> bool:
        """Nothing came, went or waits: a quiet time, not a mistake."""
        figures = self.figures
        return not (figures.opened or figures.closings.total or figures.waiting.open)


def overview_page(figures: Figures, *, all_teams: bool) -> OverviewPage:
    """Draw the figures. The queue shows the present of all of a person's teams, so only then links lead there."""
    leads = all_teams and not figures.period.is_past
    return OverviewPage(
        figures=figures,
        headline=headline(figures),
        second=second_sentence(figures),
        numbers=_numbers(figures, leads),
        shares=_shares(figures.closings),
        shares_bar=_shares_bar(figures.closings),
        ageing=ageing(figures.waiting),
        came_and_went=came_and_went(figures.columns, figures.period.columns_are_weeks),
        times=median_times(figures),
        targets=[
            (str(Severity(level).label), within(span))
            for level, span in sorted(figures.waiting.targets.items(), reverse=True)
        ],
        tuning=[_tuning(rule, leads) for rule in figures.tuning],
        leads=leads,
    )


def nothing_yet(team_ids: Sequence[int]) -> bool:
    """Whether there never was an alert or a case to speak of. Two queries, each over one row."""
    alerts = Alert.objects.filter(team_id__in=team_ids).exists()
    return not alerts and not Case.objects.filter(team_id__in=team_ids).exists()


def _numbers(figures: Figures, leads: bool) -> list[Number]:
    queue = reverse("alerts:queue")
    waiting, ago = figures.waiting, figures.a_week_ago
    opens = [(one.at, one.open) for one in figures.backlog]
    lates = [(one.at, one.past_target) for one in figures.backlog]
    return [
        Number(
            _("Open alerts"), f"{waiting.open:,}",
            small_line([number for _at, number in opens], moments(opens, _("Open alerts"))),
            change(waiting.open, ago.open), url=queue + _WAITING if leads else "",
        ),
        Number(
            _("Past their target"), f"{waiting.past_target:,}",
            small_line([number for _at, number in lates], moments(lates, _("Past their target"))),
            change(waiting.past_target, ago.past_target), bad=waiting.past_target > 0,
            url=queue + "?past_target=1" if leads and waiting.past_target else "",
        ),
        _time_number(_("Median time to acknowledge"), figures.acknowledge,
                     [week.acknowledge.median for week in figures.weeks]),
        _time_number(_("Median time to resolve"), figures.resolve, [week.resolve.median for week in figures.weeks]),
        _in_vain(figures),
    ]  # fmt: skip


def _time_number(name: str, took: Took, weekly: Sequence[float | None]) -> Number:
    said = ", ".join(span_text(value) for value in weekly)
    line = small_line(weekly, _("%(name)s, twelve weeks: %(said)s") % {"name": name, "said": said})
    if took.median is None:
        return Number(name, "–", line, _("no alert in this range"))
    beside = _("90th percentile %(span)s, of %(n)s") % {"span": span_text(took.ninetieth), "n": f"{took.n:,}"}
    return Number(name, span_html(took.median), line, beside)


def _in_vain(figures: Figures) -> Number:
    closings, name = figures.closings, _("False and benign positives")
    weekly = [None if week.closings.in_vain is None else week.closings.in_vain * 100 for week in figures.weeks]
    said = ", ".join("–" if value is None else f"{value:.0f} %" for value in weekly)
    line = small_line(weekly, _("%(name)s, twelve weeks: %(said)s") % {"name": name, "said": said})
    if closings.verdicts < FEW_VERDICTS:
        words = ngettext("%(n)s verdict is too few", "%(n)s verdicts are too few", closings.verdicts)
        return Number(name, "–", line, words % {"n": closings.verdicts})
    words = ngettext("of %(n)s verdict", "of %(n)s verdicts", closings.verdicts) % {"n": f"{closings.verdicts:,}"}
    return Number(name, percent_html(closings.in_vain), line, words)


def _shares(closings: Closings) -> list[Share]:
    verdicts = closings.verdicts

    def share(tone: str, name: str, count: int) -> Share:
        known = verdicts >= FEW_VERDICTS
        return Share(tone, name, count, f"{round(100 * count / verdicts)} %" if known else "")

    return [
        share("tp", _("True positive"), closings.true_positive),
        share("benign", _("Benign positive"), closings.benign),
        share("fp", _("False positive"), closings.false_positive),
        Share("dup", _("Duplicate"), closings.duplicate, ""),
        Share("", _("Other"), closings.other, ""),
        Share("", _("By an exception"), closings.by_exception, ""),
    ]


def _shares_bar(closings: Closings) -> SafeString:
    return charts.verdict_bar(
        true_positive=closings.true_positive,
        benign=closings.benign,
        false_positive=closings.false_positive,
        duplicate=closings.duplicate,
        width=600,
    )


def _tuning(rule: NoisyRule, leads: bool) -> TuningRow:
    closings = rule.closings
    bar = charts.verdict_bar(
        true_positive=closings.true_positive,
        benign=closings.benign,
        false_positive=closings.false_positive,
        duplicate=closings.duplicate,
        width=110,
    )
    url = format_html("{}?view=all&rule={}", reverse("alerts:queue"), rule.rule_id) if leads else ""
    return TuningRow(rule, bar, _true_of(rule), why_false(rule.faults), url)


def _true_of(rule: NoisyRule) -> str:
    number = rule.closings.verdicts
    if not number:
        return _("no verdicts")
    words = ngettext("%(true)s true of %(n)s verdict", "%(true)s true of %(n)s verdicts", number)
    said = words % {"true": f"{rule.closings.true_positive:,}", "n": f"{number:,}"}
    return _("%(said)s, too few") % {"said": said} if rule.few else said
