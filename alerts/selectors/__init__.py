"""Reads about alerts: nouns only, nothing here changes anything."""

from alerts.selectors.beside import neighbours
from alerts.selectors.briefs import briefs_of
from alerts.selectors.counting import (
    last_alert_at,
    new_since,
    newest_id,
    raised_as,
    rule_choices,
    view_counts,
)
from alerts.selectors.grouping import Group, Groups, groups
from alerts.selectors.lookup import alert_for, with_rule
from alerts.selectors.over_time import histogram
from alerts.selectors.page import alert_page
from alerts.selectors.queue_page import queue
from alerts.selectors.sentence import summary_sentence
from alerts.selectors.shapes import (
    AlertBrief,
    AlertPage,
    Entry,
    Faults,
    FieldGroup,
    FieldRow,
    Histogram,
    NewTerms,
    Part,
    QueueFilters,
    QueuePage,
    QueueRow,
    Verdicts,
)
from alerts.selectors.verdicts import faults_of, past_verdicts
from alerts.selectors.views import WAITING, filters_of_views
from alerts.selectors.whereabouts import from_alert, page_with

__all__ = [
    "WAITING",
    "AlertBrief",
    "AlertPage",
    "Entry",
    "Faults",
    "FieldGroup",
    "FieldRow",
    "Group",
    "Groups",
    "Histogram",
    "NewTerms",
    "Part",
    "QueueFilters",
    "QueuePage",
    "QueueRow",
    "Verdicts",
    "alert_for",
    "alert_page",
    "briefs_of",
    "faults_of",
    "filters_of_views",
    "from_alert",
    "groups",
    "histogram",
    "last_alert_at",
    "neighbours",
    "new_since",
    "newest_id",
    "page_with",
    "past_verdicts",
    "queue",
    "raised_as",
    "rule_choices",
    "summary_sentence",
    "view_counts",
    "with_rule",
]
