"""A value list, a table and a shared list that are used, for what looks at their pages."""

from typing import Any

from rules import shared, value_lists
from rules.exceptions import create_item
from rules.models import Rule
from tests.alerts.pages.world import PERL, World


def everything(world: World, long: str = "A long word") -> dict[str, str]:
    """The addresses of the pages, by name."""
    told: dict[str, Any] = {"actor": world.rosa, "now": world.now}
    addresses = ["192.0.2.7", "198.51.100.0/24", "203.0.113.10-203.0.113.20", "2001:db8::/32"]
    made = [f"10.{number}.0.0/16" for number in range(140)]
    value_lists.create_list(
        list_id="scanners", name="Vulnerability scanners", type="ip_range", lines=[*addresses, *made],
        description="Ours, and those of the yearly test.", **told,
    )  # fmt: skip
    value_lists.create_list(list_id="long", name=long[:200], type="keyword", lines=[long, "web-1"], **told)
    rows = ["host.name:keyword,owner:keyword,since:date", "db-1,Rosa,2026-11-01", f'web-1,"{long}",', "web-2,,"]
    value_lists.create_list(list_id="owners", name="Owners of hosts", type="table", lines=rows, **told)
    rule = Rule.objects.get(pk=PERL)
    asked = {"field": "source.ip", "type": "list", "operator": "included", "list": {"id": "scanners"}}
    create_item(rule=rule, entries=[asked], reason="They scan.", name="Scanners of ours", **told)
    listed = shared.create_list(
        name="Build hosts", description="Where builds run.", rules=[rule], list_id="builds", **told
    )
    entries = [{"field": "host.name", "type": "match_any", "operator": "included", "value": ["ci-1", long[:300]]}]
    shared.add_item(list_id=listed.pk, entries=entries, reason="Builds do this.", name="Builds", **told)
    value_lists.append_values(list_id="long", lines=[long[:90] + "y"], **told)
    gone = shared.create_list(name=long[:200], rules=[rule], list_id="gone", **told)
    shared.edit_list(list_id=listed.pk, version=None, name="Build hosts", description="Where builds run now.", **told)
    shared.remove_list(list_id=gone.pk, version=None, **told)
    return {
        "lists": "/settings/lists/",
        "list": "/settings/lists/scanners/",
        "list, one value found": "/settings/lists/scanners/?q=192.0.2.7",
        "list, long values": "/settings/lists/long/",
        "table": "/settings/lists/owners/",
        "list, new": "/settings/lists/new/",
        "shared list": "/settings/shared-lists/builds/",
        "shared list, new": "/settings/shared-lists/new/",
    }
