"""Every page, as people meet it: on a desk by day, on a phone by night, and without scripts.

One load serves axe, the width and the complaints alike; a page that fails is named with what is wrong.
"""

from typing import Any
from uuid import UUID, uuid4

import pytest

from accounts import access_requests, saved
from accounts.models import Notice
from accounts.notices import notify
from alerts.models import Alert, AlertEvent, BulkAct, SavedView
from cases import closing, opening, todo, writing
from cases.models import Case
from events.folding import fold
from events.models import Batch, DeadLetter
from rules.pages import TABS
from tests.alerts.pages import joined, lists, rows
from tests.alerts.pages.world import PERL, World
from tests.browser.axe import violations
from tests.browser.conftest import DESK, PHONE, Visit, Visitor

NAME = "Interactive Terminal Spawned via Perl"
ONE_ROW = (
    "lang=esql&q=FROM+*|STATS+n=COUNT(*)+BY+host.name&columns=[%22n%22,%22host.name%22]&row=[[%223%22],[%22db-1%22]]"
)
CASE = "Shells on the databases"
LONG = "perl -e " + "x" * 600  # a word without a place to break
EXPECTED = (
    "status of 403",
    "status of 404",
    "status of 405",
    "status of 422",
)  # what Chromium itself says of an error page


@pytest.fixture
def pages(world: World) -> dict[str, tuple[str, str]]:
    """Address and main heading of each page, on a site where every page has something to show."""
    alerts = world.send(
        [world.perl(1, process__command_line=LONG), *(world.perl(number) for number in range(2, 7))],
    )
    world.close(alerts[4:], "true_positive")
    uid = bytes(AlertEvent.objects.filter(alert=alerts[0])[0].uid).hex()
    letter = DeadLetter.objects.create(
        team=world.team, api_key=world.keys[world.team.pk], at=world.now, reason="not_json",
        detail="It is no JSON.", body=b"<b>\xff" + b"y" * 300, body_bytes=304,
    )  # fmt: skip
    notify(
        people=[world.adam], kind=Notice.Kind.ASSIGNED, text=LONG, path="/alerts/", key="k", actor=None, now=world.now
    )
    alert = f"/alerts/{alerts[0].pk}/"
    access_requests.ask(user=world.otto, team=world.team, path=f"{alert}?q={'x' * 200}", now=world.now)
    in_trouble(world)
    several = joined.everything(world)
    made = rows.everything(world)
    worked_on, closed = cases_of(world, alerts)
    case = f"/cases/{worked_on.pk}/"
    return {
        "queue": ("/alerts/", "Alerts"),
        "queue, closed": ("/alerts/?view=closed", "Alerts"),
        "queue, unfolded": ("/alerts/?fold=off&since=2026-01-01T00:00Z", "Alerts"),
        "queue, one fold": (f"/alerts/?fold={bytes(alerts[0].fold or b'').hex()}", "Alerts"),
        "queue, saved view": (f"/alerts/?host=db-1&saved={saved_view(world)}", "Alerts"),
        "queue, mistaken": ("/alerts/?q=host.name:%20(", "Alerts"),
        "groups": ("/alerts/groups/", "Alerts"),
        "groups, by host": ("/alerts/groups/?by=host&view=all", "Alerts"),
        "groups, by user": ("/alerts/groups/?by=user&host=db-1", "Alerts"),
        "groups, mistaken": ("/alerts/groups/?by=what&q=host.name:%20(", "Alerts"),
        "groups, nothing fits": ("/alerts/groups/?host=nowhere", "Alerts"),
        "queue, nothing fits": ("/alerts/?host=nowhere", "Alerts"),
        "alert": (alert, NAME),
        "exception": (f"{alert}?side=exception", NAME),
        "alert, false positives": (f"{alert}?side=fp", NAME),
        "alert, response": (f"{alert}?side=respond", NAME),
        "alert, related": (f"{alert}?side=related", NAME),
        "alert, activity": (f"{alert}?side=activity", NAME),
        "alert, all fields": (f"{alert}?facts=all", NAME),
        "alert, raw": (f"{alert}?facts=raw", NAME),
        **{f"alert, {kind}": (f"/alerts/{one.pk}/", one.name) for kind, one in several.items()},
        "exception, sequence": (f"/alerts/{several['sequence'].pk}/?side=exception", several["sequence"].name),
        **{f"alert, {kind}": (f"/alerts/{one.pk}/", one.name) for kind, one in made.items()},
        "exception, group": (f"/alerts/{made['group'].pk}/?side=exception&add=host.name", made["group"].name),
        "exception, made column": (f"/alerts/{made['row'].pk}/?side=exception&add=Esql.length", made["row"].name),
        "queue, group": (f"/alerts/?at={made['group'].pk}", "Alerts"),
        "rule, groups": (f"/rules/{rows.SEED}/", made["group"].name),
        "rule, groups, set here": (f"/rules/{rows.SEED}/?tab=local", made["group"].name),
        "rule, rows": (f"/rules/{rows.ROW}/", made["row"].name),
        "rule, needs a model": (f"/rules/{rows.MODEL}/", "What a model thinks of commands"),
        "rules in ES|QL": ("/rules/?type=esql", "Rules"),
        "rule, sequence": (f"/rules/{joined.SEQUENCE}/", several["sequence"].name),
        "cases": ("/cases/", "Cases"),
        "cases, board": ("/cases/?show=board", "Cases"),
        "cases, nothing fits": ("/cases/?q=nowhere", "Cases"),
        "case": (case, CASE),
        "case, closed": (f"/cases/{closed.pk}/", "Ended"),
        "case, new": (f"/cases/new/?alert={alerts[3].pk}", "New case"),
        "case, new from all": ("/cases/new/?all=1&from=status%3Dopen", "New case"),
        "acts on all, one running": (f"/alerts/bulk/{begun(world, 'case', case=worked_on.pk)}/", "Into a case"),
        "acts on all, of an exception": (f"/alerts/bulk/{begun(world, 'close covered')}/", "Closing what an exception"),
        "case, edit": (f"{case}edit/", "Edit the case"),
        "case, close": (f"{case}close/", "Close the case"),
        "case, add alerts": (f"{case}alerts/", "Add alerts"),
        "case, report": (f"{case}report/?show=1", "Report"),
        "rules": ("/rules/", "Rules"),
        "exceptions": ("/exceptions/", "Exceptions"),
        "exceptions, none fits": ("/exceptions/?q=nothing&show=mine", "Exceptions"),
        "exceptions, import": ("/exceptions/import/", "Import exceptions"),
        "exception, on a rule": (f"/rules/{PERL}/exceptions/new/?add=user.name&add=host.name", "New exception"),
        "escalate": (f"{alert}escalate/", "Escalate this alert"),
        "targets": ("/settings/targets/", "Settings"),
        "past target": ("/alerts/?past_target=1", "Alerts"),
        **{f"rule, {tab}": (f"/rules/{PERL}/?tab={tab}", NAME) for tab in TABS},
        "search": ("/search/?q=host.name:db-*", "Search"),
        "search, mistaken": ("/search/?q=host.name:(", "Search"),
        "search, rows": ("/search/?lang=esql&q=FROM+*+|+WHERE+host.name+IS+NOT+NULL", "Search"),
        "search, groups": (
            "/search/?lang=esql&q=FROM+*|STATS+n=COUNT(*),v=VALUES(process.command_line)+BY+host.name",
            "Search",
        ),
        "search, no query": ("/search/?lang=esql", "Search"),
        "search, mistaken rows": ("/search/?lang=esql&q=FROM+*%0A|+WHERE+(", "Search"),
        "search, sequences": (
            "/search/?lang=eql&q=sequence+by+host.name+with+maxspan%3D1d+[process+where+true]+![file+where+true]+[process+where+true]",
            "Search",
        ),
        "search, EQL to begin with": ("/search/?lang=eql", "Search"),
        "search, mistaken EQL": ("/search/?lang=eql&q=process+where%0A++process.name+%3D+1", "Search"),
        "search, alerts": ("/search/?in=alerts", "Search"),
        "search, columns": ("/search/?cols=host.name,process.command_line,kibana.alert.rule.name", "Search"),
        "search, nothing found": ("/search/?q=host.name:nowhere", "Search"),
        "search, fields": ("/search/fields/?field=process.name", "Fields"),
        "search, one row": (f"/search/row/?{ONE_ROW}", "Row"),
        "row, on a case": (f"/cases/note-row/?{ONE_ROW}", "Note a row"),
        "search, a rule of an event": (f"/search/rule/?event={uid}&q=host.name:db-1&of=event", "Make a rule"),
        "search, a rule of it": ("/search/rule/?q=host.name:db-1", "Make a rule"),
        "alerts of an event": (f"/alerts/of-event/{uid}/", "Alerts of an event"),
        "event, on a case": (f"/cases/note-event/{uid}/", "Note an event"),
        "event": (f"/search/event/{uid}/", "Event of"),
        "why, of an event": (f"/search/event/{uid}/why-not/?rule={PERL}", "fire"),
        "exception, which rule": ("/search/exception/?add=process.name&value=perl", "which rule"),
        "why not, which rule": (f"/search/event/{uid}/why-not/?q=shell", "Why it did not fire"),
        "why not, which event": (f"/search/why-not/?rule={PERL}", "Why it did not fire"),
        "dead letters": ("/search/dead-letters/", "Refused events"),
        "dead letter": (f"/search/dead-letters/{letter.pk}/", "Refused event"),
        "keys": ("/settings/keys/", "Settings"),
        **{name: (address, "Settings") for name, address in lists.everything(world, LONG).items()},
        "you": ("/settings/you/", "Settings"),
        "notices": ("/notices/", "Notices"),
        "users": ("/settings/users/", "Settings"),
        "user": (f"/settings/users/{world.rosa.pk}/", "Settings"),
        "invite": ("/settings/users/new/", "Settings"),
        "teams": ("/settings/teams/", "Settings"),
        "team": (f"/settings/teams/{world.team.pk}/", "Settings"),
        "roles": ("/settings/roles/", "Settings"),
        "audit": ("/settings/audit/", "Settings"),
        "audit, nothing fits": ("/settings/audit/?verb=nothing&since=yesterday", "Settings"),
        "security": ("/settings/security/", "Settings"),
        "go": ("/go/", "Go to"),
        "go, found": ("/go/?q=perl", "Go to"),
        "health": ("/health/", "Health"),
        "agents": ("/health/agents/", "Agents"),
        "agents, none fits": ("/health/agents/?q=nowhere", "Agents"),
        "overview": ("/overview/", "Overview"),
        "overview, of the past": ("/overview/?range=quarter&at=2026-01-02T03:04Z", "Overview"),
        "error": ("/alerts/999999999/", "Nothing here"),
        "wrong method": (f"{alert}status/", "Nothing to look at here"),
    }


def begun(world: World, verb: str, **arguments: Any) -> UUID:
    """An act of the administrator's that waits for a worker."""
    told = {"actor": world.adam, "as_of": world.now, "created_at": world.now, "query": "", "total": 7, "up_to_id": 1}
    kept = {"filters": {}, "folds": [], "along": True, "covering": [], "left_open": 0, **arguments}
    return BulkAct.objects.create(id=uuid4(), verb=verb, arguments=kept, **told).pk


def saved_view(world: World) -> int:
    """A view of the engineer's, whose name is one long word."""
    told: dict[str, Any] = {"actor": world.rosa, "now": world.now, "team_ids": [world.team.pk]}
    return saved.create(SavedView, name="x" * 60, query="host=db-2", team=world.team, **told).pk


def in_trouble(world: World) -> None:
    """Arrivals of a host with a long name, and events that were set aside with a long error."""
    world.send([{"host": {"name": "x" * 200}, "agent": {"type": LONG, "version": LONG}}])
    fold()
    told = {"team": world.team, "ingested_at": world.now, "days": [], "events": 1, "done_at": world.now}
    Batch.objects.create(**told, state=Batch.State.QUARANTINED, error=LONG)


def cases_of(world: World, alerts: list[Alert]) -> tuple[Case, Case]:
    """A case that is worked on, with everything in it, and one that is closed."""
    by: dict[str, Any] = {"actor": world.ana, "now": world.now, "team_ids": [world.team.pk]}
    words: dict[str, Any] = {
        "team": world.team,
        "owner": world.ana,
        "due_at": world.now,
        "tags": ["web"],
    }
    worked_on = opening.open_case(
        title=CASE, severity=3, alert_ids=[alerts[0].pk, alerts[1].pk], next_step=LONG[:200], **words, **by
    )
    todo.add_task(case_id=worked_on.pk, text=LONG[:400], owner=world.ana, due_at=world.now, **by)
    done = todo.add_task(case_id=worked_on.pk, text="Look", **by)
    todo.change_task(task_id=done.pk, version=1, changes={"state": "done"}, **by)
    writing.write(case_id=worked_on.pk, text=f"See AL-{alerts[0].pk}, @ana\n\n    {LONG}", kind="note", **by)
    ended = opening.open_case(title="Ended", severity=1, alert_ids=[alerts[2].pk], team=world.team, **by)
    closing.close(case_id=ended.pk, version=None, outcome="benign_positive", note="An exercise", **by)
    return worked_on, ended


def wrong_with(visitor: Visitor, address: str, width: int) -> list[str]:
    """What axe, the width and the browser's console have against a page."""
    visitor.complaints.clear()
    page = visitor.open(address)
    visitor.settle()
    found = violations(page, visitor.judged)
    wrong = [f"{one['id']}: {node['html'][:160]}" for one in found for node in one["nodes"]]
    wide = page.evaluate("document.documentElement.scrollWidth")
    if wide > width:
        wrong.append(f"scrolls sideways: {wide} px wide")
    return wrong + [said for said in visitor.complaints if not any(known in said for known in EXPECTED)]


@pytest.mark.parametrize(("phone", "dark"), [(False, False), (True, True)], ids=["desk-light", "phone-dark"])
def test_no_page_has_a_fault(visit: Visit, pages: dict[str, tuple[str, str]], phone: bool, dark: bool) -> None:
    width = (PHONE if phone else DESK)["width"]
    adam = visit("adam", phone=phone, dark=dark)
    found = {name: wrong_with(adam, address, width) for name, (address, _) in pages.items()}
    found["login"] = wrong_with(visit("", phone=phone, dark=dark), "/login/", width)
    found["no access"] = wrong_with(visit("otto", phone=phone, dark=dark), pages["alert"][0], width)
    assert {name: wrong for name, wrong in found.items() if wrong} == {}


def test_every_page_says_what_it_is_without_scripts(visit: Visit, pages: dict[str, tuple[str, str]]) -> None:
    adam = visit("adam", scripts=False)
    headings = {name: adam.open(address).locator("h1").first.inner_text() for name, (address, _) in pages.items()}
    wrong = {name: said for name, said in headings.items() if pages[name][1] not in said}
    assert wrong == {}
    assert visit("", scripts=False).open("/login/").locator("h1").inner_text() == "Watchbill"


# All at once, since a preview that comes in between takes the panel away and puts another in its place.
BOXES = "all => all.map(one => document.querySelector(one).getBoundingClientRect().toJSON())"


@pytest.mark.parametrize("typed", [False, True], ids=["as opened", "after an edit"])
def test_the_exceptions_button_stays_at_the_foot_of_its_panel(
    visit: Visit, pages: dict[str, tuple[str, str]], typed: bool
) -> None:
    rosa = visit("rosa")
    alert = Alert.objects.filter(rule_id=PERL).exclude(status="closed").latest("pk")
    page = rosa.open(f"/alerts/{alert.pk}/?side=exception&add=user.name")
    if typed:
        page.get_by_label("Value of condition 1", exact=False).fill("postgres*")
        page.get_by_label("Operator of condition 1").select_option("matches")
    page.get_by_text("Would have hidden 2 true positives.").wait_for()
    panel, foot, why = page.evaluate(BOXES, ["#side", "#exception-foot", "#id_reason"])
    assert foot["y"] + foot["height"] == pytest.approx(panel["y"] + panel["height"], abs=1)
    assert why["y"] < foot["y"] or page.locator(".side-body.exc").evaluate("it => it.scrollHeight > it.clientHeight")
    assert page.locator("#exception-form > *:last-child").get_attribute("id") == "exception-foot"
