"""Rules by the thousand: folders and zips of rule files, and Kibana's exports with their exception lists."""

from rules.importing.bounds import Bounds, Verdict
from rules.importing.report import ImportReport, Line
from rules.importing.running import run_exceptions_import, run_import

__all__ = ["Bounds", "ImportReport", "Line", "Verdict", "run_exceptions_import", "run_import"]
