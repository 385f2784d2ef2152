"""What a preview calls silenced is what is missing when the rule really runs with the exception in force.

Small random worlds go through the product twice: stored, judged, joined and raised, once without the exception and once
with it. An alert is known by the events it rests on; a count or a group by what it is a group of. PREVIEW_EXAMPLES asks
for more worlds a rule than the usual few.
"""

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alerts.exceptions import preview
from alerts.exceptions.covering import alerts_of, judge_alerts
from alerts.exceptions.groups import parse_groups
from alerts.models import Alert, AlertEvent, Kind
from events.partitions import forget_days
from rules.exceptions import create_item
from rules.models import Rule
from rules.ruleset import forget
from rules.value_lists import create_list
from tests.alerts import world
from tests.alerts.pipelines import world as piped
from tests.alerts.settling import world as joined
from tests.alerts.settling.world import MINUTE, NOW, SOON, eql, named, settle, threat_match, threshold

pytestmark = pytest.mark.django_db
Entry = dict[str, Any]

SEQUENCE = """
sequence by host.name with maxspan=1m
  [process where process.name == "a"]
  [process where process.name == "b"]
until [process where process.name == "c"]
"""
SAMPLE = 'sample by host.name [process where process.name == "a"] [process where process.name == "b"]'
BAD = "198.51.100.7"
GROUPS = """
FROM logs-endpoint.events.*
| WHERE process.name in ("a", "b", "c")
| STATS Esql.count = COUNT(*), Esql.users = VALUES(user.name) BY host.name
| WHERE Esql.count >= 2
"""
FEW = settings(
    max_examples=int(os.environ.get("PREVIEW_EXAMPLES", "5")),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    derandomize=True,
)

events = st.lists(
    st.fixed_dictionaries(
        {
            "name": st.sampled_from("aabbc"),
            "host": st.sampled_from(["h1", "h2"]),
            "user": st.sampled_from(["root", "ci", None]),
            "args": st.sampled_from([["x"], ["x", "y"], None]),
            "answers": st.sampled_from(
                [None, [{"name": "x", "type": "A"}, {"name": "y", "type": "B"}], [{"name": "x", "type": "B"}]]
            ),
            "address": st.sampled_from([BAD, "192.0.2.1", None]),
        }
    ),
    min_size=1,
    max_size=9,
)
conditions = st.one_of(
    st.builds(
        lambda field, value, no: entry(field, "match", no, value=value),
        st.sampled_from(["user.name", "host.name", "process.name"]),
        st.sampled_from(["root", "ci", "h1", "a", "b"]),
        st.booleans(),
    ),
    st.builds(lambda no: entry("user.name", "exists", no), st.booleans()),
    st.builds(lambda no: entry("process.args", "match_any", no, value=["y", "z"]), st.booleans()),
    st.builds(lambda no: entry("host.name", "wildcard", no, value="h*1"), st.booleans()),
    st.builds(lambda no: entry("user.name", "match_any", no, value=["root", "nobody"]), st.booleans()),
    st.builds(
        lambda no, strict: entry("user.name", "match", no, value="CI", case_sensitive=strict),
        st.booleans(),
        st.booleans(),
    ),
    st.builds(lambda no: entry("user.name", "list", no, list={"id": "people", "type": "keyword"}), st.booleans()),
    st.builds(
        lambda name, kind: {
            "field": "dns.answers",
            "type": "nested",
            "entries": [entry("name", "match", False, value=name), entry("type", "match", False, value=kind)],
        },
        st.sampled_from("xy"),
        st.sampled_from("AB"),
    ),
)
groups = st.lists(st.lists(conditions, min_size=1, max_size=2), min_size=1, max_size=2)


def entry(field: str, kind: str, excluded: bool, **more: Any) -> Entry:
    return {"field": field, "type": kind, "operator": "excluded" if excluded else "included", **more}


def happen(some: Sequence[dict[str, Any]]) -> None:
    """The events, five seconds apart, stored, judged and joined."""
    known_bad = world.event(NOW - MINUTE, _index="logs-ti_x-default", threat__indicator__ip=BAD)
    told = [
        named(
            one["name"], 5 * at, host__name=one["host"], user__name=one["user"], process__args=one["args"],
            dns__answers=one["answers"], source__ip=one["address"],
        )
        for at, one in enumerate(some)
    ]  # fmt: skip
    joined.told(known_bad, *told, now=NOW + MINUTE)
    settle(NOW + MINUTE + SOON)


def known() -> dict[int, Any]:
    """The alerts by number, each by the times of what it rests on: no two events happen at once."""
    found: dict[int, Any] = {}
    for alert in Alert.objects.exclude(kind=Kind.BLOCK):
        times = AlertEvent.objects.filter(alert=alert).order_by("position").values_list("time", flat=True)
        facts = alert.facts or {}
        if alert.kind == Kind.THRESHOLD:
            found[alert.pk] = str(facts["terms"])
        elif alert.kind == Kind.GROUP:
            found[alert.pk] = str([one for one in facts["columns"] if one["name"] in facts["by"]])
        else:
            found[alert.pk] = (tuple(times), str(alert.new_terms and alert.new_terms["values"]))
    return found


def differs(load: Callable[[], Rule], some: Sequence[dict[str, Any]], asked: list[list[Entry]]) -> None:
    """Both runs, and the preview between them."""
    rule = load()
    with transaction.atomic():
        happen(some)
        without, teams = known(), list(Alert.objects.values_list("team_id", flat=True).distinct())
        said = preview(rule=rule, entries=asked[0], more=asked[1:], team_ids=teams, now=NOW)
        every = alerts_of(rule, teams).values_list("pk", "team_id")
        covered = {without[one.alert_id] for one in judge_alerts(every, parse_groups(asked)) if one.covered}
        _taken_back()
    with transaction.atomic():
        for number, entries in enumerate(asked):
            create_item(rule=rule, entries=entries, reason="a", name=str(number), actor=None, now=NOW - MINUTE)
        forget()
        happen(some)
        left = set(known().values())
        _taken_back()
    assert covered == set(without.values()) - left
    assert said.silenced == len(covered)
    assert sum(one.adds for one in said.groups) == said.silenced


def _taken_back() -> None:
    transaction.set_rollback(True)
    forget()
    forget_days()


def on_single_events(folder: Path) -> Rule:
    return world.load(folder, query="process.name:(a or b)")


def sequence(folder: Path) -> Rule:
    return joined.load(folder, eql(SEQUENCE))


def count(folder: Path) -> Rule:
    return joined.load(folder, threshold(2, "host.name", cardinality=("process.name", 2)))


def new_terms(folder: Path) -> Rule:
    return world.load(folder, query="process.name:(a or b)", new_terms=["user.name", "process.name"])


def pipeline(folder: Path) -> Rule:
    return piped.load(folder, GROUPS)


def sample(folder: Path) -> Rule:
    return joined.load(folder, eql(SAMPLE))


def indicators(folder: Path) -> Rule:
    return joined.load(folder, threat_match())


EVERY = pytest.mark.parametrize("load", [on_single_events, sequence, count, new_terms, pipeline, sample, indicators])


@EVERY
def test_each_rule_finds_something_in_such_a_world(tmp_path: Path, load: Callable[[Path], Rule]) -> None:
    load(tmp_path)
    more = {"answers": None, "address": BAD}
    happen([{"name": name, "host": "h1", "user": "ci", "args": ["x"], **more} for name in "ab"])
    assert known()


@EVERY
@FEW
@given(some=events, asked=groups)
def test_the_preview_is_the_difference(
    tmp_path: Path, load: Callable[[Path], Rule], some: list[dict[str, Any]], asked: list[list[Entry]]
) -> None:
    with transaction.atomic():
        create_list(list_id="people", type="keyword", lines=["ci"], name="People", actor=None, now=NOW - MINUTE)
        differs(lambda: load(tmp_path), some, asked)
        _taken_back()
