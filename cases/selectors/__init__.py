"""Reads about cases: nouns only, nothing here changes anything."""

from cases.selectors.about import case_about
from cases.selectors.alerts import alert_counts, alerts_in, chain
from cases.selectors.entities import entities
from cases.selectors.listing import GROUPS, listing
from cases.selectors.lookup import (
    case_for,
    case_of_alerts,
    open_cases,
    task_for,
    tasks_of,
)
from cases.selectors.shapes import (
    AlertRow,
    CaseFilters,
    CasePage,
    CaseRow,
    Entities,
    Entity,
    FieldChange,
    Moment,
)
from cases.selectors.steps import OfferedStep, offered_steps, steps_of
from cases.selectors.timeline import KINDS, timeline, timeline_counts, timeline_page

__all__ = [
    "GROUPS",
    "KINDS",
    "AlertRow",
    "CaseFilters",
    "CasePage",
    "CaseRow",
    "Entities",
    "Entity",
    "FieldChange",
    "Moment",
    "OfferedStep",
    "alert_counts",
    "alerts_in",
    "case_about",
    "case_for",
    "case_of_alerts",
    "chain",
    "entities",
    "listing",
    "offered_steps",
    "open_cases",
    "steps_of",
    "task_for",
    "tasks_of",
    "timeline",
    "timeline_counts",
    "timeline_page",
]
