"""What people set on a rule beside its file, on its page and over the API; and who may."""

from datetime import timedelta

import pytest

from accounts.models import Change
from rules import quarantine
from rules.listing import ListFilters, Show, counts, rule_list
from rules.models import CandidateBlock, Rule, RuleRun, Settling
from soc.web import clock
from tests.people import People, people, sign_in
from tests.rules.conftest import NOW, PERL, Load, rule_text

__all__ = ["people"]

PAGE = f"/rules/{PERL}/"
OTHER = "11111111-0000-4000-8000-000000000009"
QUERY = "sequence by host.id with maxspan=5m [any where a == 1] [any where b == 1]"
EQL = {"type": "eql", "language": "eql", "query": QUERY}


def text_of(response) -> str:
    assert response.status_code == 200, response.status_code
    return " ".join(response.content.decode().split())


def typed(**values):
    return {"severity": "", "risk_score": "", "interval": "", "looks_back": "", "max_signals": "", **values}


class TestPage:
    def test_what_is_set_holds_beside_the_file_and_says_what_the_file_says(self, rule: Rule, people: People) -> None:
        rosa = sign_in(people.rosa)
        form = typed(severity="low", looks_back="30m", max_signals="7", tags_added="Ours, Lab", enabled="0", note="Lab")
        answer = rosa.post(f"{PAGE}local/", form | {"tags_removed": ["OS: Linux"]})
        assert (answer.status_code, answer["Location"]) == (303, f"{PAGE}?tab=local")
        rule.refresh_from_db()
        assert (rule.severity, rule.enabled) == ("low", False)
        assert rule.tags == ["Domain: Endpoint", "Ours", "Lab"]
        page = text_of(rosa.get(answer["Location"]))
        assert f"Saved. {rule.name} is judged with it from now on." in page
        assert "looks back <b>30 m</b>, at most <b>7</b> alerts" in page
        assert '<s><span class="visually-hidden">instead of </span>high</s>' in page
        change = Change.objects.filter(verb="override", object_id=PERL).get()
        assert (change.actor, change.note) == (people.rosa, "Lab")

    def test_an_emptied_field_goes_back_to_the_file(self, rule: Rule, people: People) -> None:
        rosa = sign_in(people.rosa)
        rosa.post(f"{PAGE}local/", typed(severity="low"))
        rosa.post(f"{PAGE}local/", typed())
        rule.refresh_from_db()
        assert (rule.severity, rule.overrides) == ("high", {})

    @pytest.mark.parametrize(
        "form",
        [{"looks_back": "soon"}, {"interval": "0x"}, {"risk_score": "101"}, {"max_signals": "0"}, {"severity": "odd"}],
    )
    def test_what_no_file_could_say_is_refused_beside_its_field(self, rule: Rule, people: People, form) -> None:
        answer = sign_in(people.rosa).post(f"{PAGE}local/", typed(**form))
        page = answer.content.decode()
        assert answer.status_code == 422
        assert page.count('class="xs bad" role="alert"') == 1
        rule.refresh_from_db()
        assert rule.overrides == {}

    def test_an_analyst_reads_it_and_may_not_change_it(self, rule: Rule, people: People) -> None:
        ana = sign_in(people.ana)
        page = text_of(ana.get(f"{PAGE}?tab=local"))
        assert "<fieldset disabled>" in page
        assert ana.post(f"{PAGE}local/", typed(severity="low")).status_code == 403


class TestApi:
    URL = f"/api/v1/rules/{PERL}/overrides"

    def patch(self, person, body):
        return sign_in(person).patch(self.URL, body, content_type="application/json")

    def test_what_is_named_is_set_and_null_takes_it_back(self, rule: Rule, people: People) -> None:
        answer = self.patch(people.rosa, {"severity": "critical", "from": "now-2h", "note": "Busy."}).json()
        assert answer["rule"]["severity"] == "critical"
        assert answer["rule"]["overrides"]["from"] == "now-2h"
        assert answer["rule"]["overrides"]["interval"] is None
        answer = self.patch(people.rosa, {"severity": None}).json()
        assert (answer["rule"]["severity"], answer["rule"]["overrides"]["from"]) == ("high", "now-2h")
        whole = sign_in(people.ana).get(f"/api/v1/rules/{PERL}").json()
        assert whole["schedule"]["looks_back"] == "2 h"
        assert whole["plan"] is None

    def test_what_cannot_be_is_told_by_its_field(self, rule: Rule, people: People) -> None:
        answer = self.patch(people.rosa, {"from": "yesterday"})
        assert answer.status_code == 422
        assert list(answer.json()["error"]["fields"]) == ["from"]
        assert self.patch(people.rosa, {"query": "*"}).status_code == 400
        assert self.patch(people.ana, {"severity": "low"}).status_code == 403


def test_a_rule_that_joins_says_how_it_stands(load: Load, people: People) -> None:
    load(rule_text(**EQL))
    rule, now = Rule.objects.select_related("revision").get(pk=PERL), clock.now()
    Settling.objects.create(rule=rule, due_at=now + timedelta(seconds=50), settled_at=now, error="A lost connection.")
    CandidateBlock.objects.create(
        rule_id=PERL, logic_hash=b"", team_id=1, part="1", first_at=now, last_at=now, count=42, data=b"",
        created_at=now, arrived_at=now,
    )  # fmt: skip
    ana = sign_in(people.ana)
    page = text_of(ana.get(PAGE))
    assert "Joined within <b>5 s</b> of new candidates, at the latest every <b>5 m</b>" in page
    assert "42 candidates" in page
    assert "A lost connection." in page
    assert "2 events in order, all within 5 m. All with the same <code>host.id</code>" in page
    told = ana.get(f"/api/v1/rules/{PERL}").json()
    assert told["joining"]["candidates"] == 42
    assert [step["number"] for step in told["plan"]["steps"]] == [1, 2]


def test_a_look_back_shorter_than_the_sequence_is_found_by_the_linter(load: Load, people: People) -> None:
    load(rule_text(**EQL | {"query": QUERY.replace("5m", "15m")}))
    ana = sign_in(people.ana)
    assert "Hardly meant" in text_of(ana.get(PAGE))
    assert [one["code"] for one in ana.get(f"/api/v1/rules/{PERL}").json()["findings"]] == ["lookback_below_maxspan"]


def test_runs_say_window_counts_cost_and_when_the_maximum_was_reached(rule: Rule, people: People) -> None:
    assert rule.revision is not None
    now = clock.now()
    RuleRun.objects.create(
        rule=rule, revision=rule.revision, kind=RuleRun.Kind.SETTLING, at=now, start=now - timedelta(minutes=9),
        end=now, events=1_000, hits=120, alerts=100, suppressed=7, excepted=8, over_cap=5, milliseconds=321,
    )  # fmt: skip
    ana = sign_in(people.ana)
    page = text_of(ana.get(f"{PAGE}?tab=runs"))
    for said in ("events joined", ">120<", ">100<", ">7<", ">8<", "321 ms", "In 1 run of these it reached its maximum"):
        assert said in page, said
    (run,) = ana.get(f"/api/v1/rules/{PERL}/runs").json()["items"]
    assert (run["kind"], run["suppressed"], run["over_cap"]) == ("settling", 7, 5)


def test_a_quarantined_rule_says_what_its_last_run_cost(rule: Rule, people: People) -> None:
    assert rule.revision is not None
    RuleRun.objects.create(
        rule=rule, revision=rule.revision, kind=RuleRun.Kind.SETTLING, at=NOW, start=NOW, end=NOW, events=9, hits=1,
        alerts=0, milliseconds=5_432,
    )  # fmt: skip
    quarantine.quarantine(rule_id=PERL, reason="Joining took over 5 seconds.", now=NOW)
    page = text_of(sign_in(people.ana).get(PAGE))
    assert "Joining took over 5 seconds." in page
    assert "Its last run before that took 5,432 ms over 9 events." in page


def test_a_rule_that_stands_back_names_the_one_it_stands_back_for(load: Load, people: People) -> None:
    load(rule_text(), rule_text(rule_id=OTHER, name="Upstream"))
    Rule.objects.filter(pk=PERL).update(superseded_by=OTHER)
    ana, now = sign_in(people.ana), clock.now()
    page = text_of(ana.get(PAGE))
    assert "It judges nothing while" in page
    assert f"/rules/{OTHER}/" in page
    assert "It takes the place of" in text_of(ana.get(f"/rules/{OTHER}/"))
    listed = rule_list(user=people.ana, filters=ListFilters(show=Show.SUPERSEDED), now=now)
    assert [(row.rule.pk, row.state.title) for row in listed.rows] == [(PERL, "Stands back")]
    assert (counts(people.ana).on, counts(people.ana).superseded) == (1, 1)
    answer = ana.get("/api/v1/rules?show=superseded").json()["items"]
    assert [row["rule"]["superseded_by"] for row in answer] == [OTHER]
    Rule.objects.filter(pk=OTHER).update(enabled=False)
    assert "is not in force, so this one goes on" in text_of(ana.get(PAGE))
    assert counts(people.ana).on == 1
