"""A good request for every operation, so that whoever may call it is let in and changes something."""

from datetime import timedelta
from typing import Any

from tests.api.world import ENTRIES, Site


def good_bodies(site: Site) -> dict[str, dict[str, Any]]:
    """The bodies by operation; those without one take none."""
    seen = {"id": site.named["alert_id"], "version": _version(site)}
    later = (site.world.now + timedelta(days=20)).isoformat()
    written = {"entries": ENTRIES[1:], "reason": "cron", "expires_at": later}
    analyst = site.people["ana"].pk
    return {
        "alert_set_status": {"status": "closed", "reason": "duplicate", "version": seen["version"]},
        "alerts_set_status": {"alerts": [seen], "status": "open"},
        "alert_assign": {"assignee": analyst, "version": seen["version"]},
        "alerts_assign": {"alerts": [seen], "assignee": None},
        "alert_comment": {"text": "Looked at it."},
        "alert_escalate": {"team": site.other.pk, "note": "Yours.", "version": seen["version"]},
        "alerts_escalate": {"alerts": [seen], "team": site.other.pk, "note": "Yours."},
        "alerts_undo": {"group": site.named["group"]},
        "exception_edit": {**written, "version": 1},
        "exception_preview_edit": {"entries": ENTRIES},
        "exception_disable": {"version": 1},
        "exception_enable": {"version": 1},
        "exceptions_import": {"ndjson": "{}", "dry_run": True},
        "exception_take_back": {"version": 1},
        "exception_preview": {"entries": ENTRIES},
        "exception_add": written,
        "draft_write": written,
        "draft_change": {**written, "version": 1},
        "events_esql": {"query": "FROM logs-* | LIMIT 1"},
        "events_eql": {"query": "process where true"},
        "draft_approve": {"version": 1},
        "draft_return": {"version": 1, "note": "Say which host."},
        "draft_withdraw": {"version": 1},
        "rule_override": {"severity": "low", "max_signals": 20},
        "list_create": {"list_id": "hosts", "type": "keyword", "values": ["web-1"]},
        "list_append": {"values": ["192.0.2.8"]},
        "list_replace": {"values": ["192.0.2.9"], "version": 1},
        "list_remove_values": {"values": ["192.0.2.7"]},
        "target_set": {"seconds": 7200, "version": 1},
        "letters_send_again": {},
        "key_create": {"name": "new", "team": site.team.pk, "scopes": ["events:write"]},
        "key_replace": {},
        "notices_read": {},
        "case_open": {"team": site.team.pk, "title": "A call", "owner": analyst},
        "case_change": {"version": _case_version(site), "next_step": "Ask.", "owner": analyst},
        "case_add_alerts": {"alerts": [site.named["alert_id"]]},
        "case_remove_alert": {},
        "case_write": {"text": "Hello."},
        "case_add_task": {"text": "Call them"},
        "case_change_task": {"version": 1, "state": "done"},
        "case_take_steps": {"keys": ["nothing"]},
        "case_close": {"version": _case_version(site), "outcome": "duplicate", "drop_tasks": True},
        "case_reopen": {"version": _case_version(site)},
    }


def query_of(operation_id: str, site: Site) -> str:
    """What must stand in the query string."""
    return {"cases_of_alerts": f"?alert={site.named['in_case']}"}.get(operation_id, "")


def _version(site: Site) -> int:
    from alerts.models import Alert

    return Alert.objects.get(pk=site.named["alert_id"]).version


def _case_version(site: Site) -> int:
    from cases.models import Case

    return Case.objects.get(pk=site.named["case_id"]).version
