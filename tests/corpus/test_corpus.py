"""Every rule of the corpus compiles, fires on what it must and on nothing else; every query finds its events."""

import json
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from engine.rule_types.esql import NEEDS_MODEL
from engine.running import EventFields, event_of, read_events, run, run_eql, told_of_event
from tests.corpus.where import FOLDER, corpus, documents_of, firing, json_lines, needs_corpus, rule_of, rule_paths

pytestmark = needs_corpus

# Rules and groups on which we differ, each with the reason.
DISAGREEMENTS: dict[tuple[str, int], str] = {}


def test_every_rule_in_a_language_that_is_evaluated_compiles() -> None:
    for rule_id in rule_paths():
        rule = rule_of(rule_id)
        asks_model = rule.compiled.reason_not_evaluated == NEEDS_MODEL
        assert rule.compiled.evaluated or rule.definition.type == "machine_learning" or asks_model, rule_id


@pytest.mark.parametrize("entry", firing(), ids=lambda entry: entry["rule_id"])
def test_a_rule_fires_on_what_it_must_and_on_no_confirmed_negative(entry: dict[str, Any]) -> None:
    rule, documents = rule_of(entry["rule_id"]), documents_of(entry)
    for group in entry["groups"]:
        expected, number = group["expected_match"], group["group"]
        events = [event_of(line, document) for line, document in enumerate(documents[number])]
        fired = list(run([rule], events))
        if expected is not None and (entry["rule_id"], number) not in DISAGREEMENTS:
            assert bool(fired) is expected, (number, group["kind"])
        if expected is not None and "expected_alerts" in group:
            assert len(fired) == group["expected_alerts"]
        random.Random(number).shuffle(events)
        assert set(map(repr, run([rule], events))) == set(map(repr, fired))
        for event in events:
            told = told_of_event(rule, event)
            assert ("why_not" in told) is not told["matched"] or "steps" in told


def test_a_sample_of_them_fires_through_the_command_line(tmp_path: Path) -> None:
    """One call with all rules of the sample over all their documents: a rule fires on a document of its own in the
    same way as alone, for those that judge single events."""
    chosen = [entry for entry in firing() if entry["subtype"] == "event" and entry["type"] in ("query", "eql")][::10]
    lines: list[str] = []
    wanted = set()
    for entry in chosen:
        documents = documents_of(entry)
        for group in entry["groups"]:
            for document in documents[group["group"]]:
                if group["expected_match"]:
                    wanted.add((entry["rule_id"], len(lines)))
                lines.append(json.dumps(document))
    events = tmp_path / "events.ndjson"
    events.write_text("\n".join(lines))
    paths = [str(rule_paths()[entry["rule_id"]]) for entry in chosen]
    done = subprocess.run(
        [sys.executable, "-m", "engine", "run", "--rules", *paths, "--events", str(events)],
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
    )
    hits = {(hit["rule_id"], hit["events"][0]) for hit in map(json.loads, done.stdout.splitlines())}
    assert wanted <= hits


@pytest.mark.parametrize("kind", ["sequence", "new_terms", "threshold"])
def test_groups_of_stateful_rules_fire_through_the_command_line(kind: str, tmp_path: Path) -> None:
    chosen = [entry for entry in firing() if kind in (entry["type"], entry["subtype"])][::12]
    for entry in chosen:
        documents = documents_of(entry)
        for group in entry["groups"]:
            events = tmp_path / "events.ndjson"
            events.write_text("\n".join(map(json.dumps, documents[group["group"]])))
            rule = str(rule_paths()[entry["rule_id"]])
            call = [sys.executable, "-m", "engine", "run", "--rules", rule, "--events", str(events)]
            done = subprocess.run(call, capture_output=True, text=True, check=True, timeout=60)
            assert group["expected_match"] is None or bool(done.stdout) is group["expected_match"]


def queries() -> list[dict[str, Any]]:
    return list(json_lines("eql", "es_test_queries.jsonl")) if FOLDER else []


@pytest.mark.parametrize("case", queries(), ids=lambda case: case["name"])
def test_a_query_finds_its_events(case: dict[str, Any]) -> None:
    with corpus("eql", case["data"]).open("rb") as lines:
        events = list(read_events(lines))
    ids = {event.line: event.document.raw[case["id_field"]] for event in events}
    fields = EventFields(case["event_category_field"], "timestamp", case["tiebreaker_field"])
    found = run_eql(case["query"], events, fields)
    assert [ids[line] for lines_ in found for line in lines_ if line is not None] == case["expected_event_ids"]
