"""Rules by the thousand: folders and zips of rule files, and Kibana's exports with their exception lists."""

from rules.importing.applying import apply_exceptions
from rules.importing.bounds import Bounds, Verdict
from rules.importing.planning import ExceptionsPlan
from rules.importing.report import ImportReport, Line
from rules.importing.running import plan_of_export, run_import
from rules.importing.sources import Found, collect_export

__all__ = [
    "Bounds",
    "ExceptionsPlan",
    "Found",
    "ImportReport",
    "Line",
    "Verdict",
    "apply_exceptions",
    "collect_export",
    "plan_of_export",
    "run_import",
]
