"""Imports of our own making."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest

from rules.importing import ImportReport, Line, run_import
from tests.rules.conftest import NOW

RULE_ID = "33333333-0000-4000-8000-000000000001"

Import = Callable[..., ImportReport]


def exported_rule(**more: Any) -> dict[str, Any]:
    """A rule as Kibana exports it."""
    return {
        "id": "9f0c0000-0000-4000-8000-00000000000a",
        "rule_id": RULE_ID,
        "name": "Perl Opens a Shell",
        "description": "From another place.",
        "type": "query",
        "language": "kuery",
        "query": "process.name: perl",
        "index": ["logs-*"],
        "severity": "high",
        "risk_score": 73,
        "enabled": True,
        "interval": "5m",
        "from": "now-9m",
        "updated_at": "2026-11-20T08:00:00.000Z",
        "revision": 4,
        "actions": [],
        "exceptions_list": [],
        **more,
    }


def reference(list_id: str, kind: str = "detection") -> dict[str, Any]:
    """What a rule says of a list it uses."""
    return {"id": f"so-{list_id}", "list_id": list_id, "type": kind, "namespace_type": "single"}


def exported_list(list_id: str, kind: str = "detection") -> dict[str, Any]:
    """A list as Kibana exports it."""
    return {
        "list_id": list_id,
        "type": kind,
        "name": f"List {list_id}",
        "description": "A list.",
        "namespace_type": "single",
        "os_types": [],
        "tags": [],
        "created_at": "2026-11-01T00:00:00.000Z",
    }


def exported_item(list_id: str, item_id: str, **more: Any) -> dict[str, Any]:
    """An item as Kibana exports it."""
    return {
        "list_id": list_id,
        "item_id": item_id,
        "type": "simple",
        "name": "Backup",
        "description": "The nightly backup.",
        "namespace_type": "single",
        "comments": [{"comment": "Agreed with the owner.", "created_by": "elastic"}],
        "os_types": [],
        "tags": [],
        "entries": [
            {"field": "process.command_line", "type": "wildcard", "operator": "included", "value": "*backup*"},
            {"field": "user.name", "type": "match", "operator": "included", "value": "backup"},
        ],
        "updated_at": "2026-11-02T00:00:00.000Z",
        **more,
    }


@pytest.fixture
def import_objects(db: None, tmp_path: Path) -> Import:
    """Write an export and import it."""

    def run(*objects: dict[str, Any], **more: Any) -> ImportReport:
        summary = {"exported_count": len(objects), "exported_rules_count": 1}
        file = tmp_path / "export.ndjson"
        file.write_bytes(b"\n".join(map(orjson.dumps, [*objects, summary])))
        settings = {"source": "kibana", "actor": None, "now": NOW} | more
        return run_import(paths=[file], **settings)

    return run


def told(report: ImportReport) -> list[tuple[str, str]]:
    """The lines in short: kind and status."""
    return [(line.kind, str(line.status)) for line in report.lines]


def only(report: ImportReport) -> Line:
    """The only line."""
    (line,) = report.lines
    return line
