"""Everything that agents, rule authors and colleagues can write is full of malice, and every page is visited.

No dialog opens, nothing is reported by the content policy, no request leaves the server, and no page is pushed apart.
"""

from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit
from uuid import uuid4

import orjson
import pytest
from playwright.sync_api import Dialog, Request, Response

from accounts import saved
from accounts.models import ApiKey, Notice, Team, User
from accounts.notices import notify
from alerts import exceptions
from alerts.models import Alert, AlertEvent, BulkAct, ExceptionDraft, SavedView
from alerts.notes import comment
from cases import opening, todo, writing
from events.models import DeadLetter, SavedSearch
from rules import shared, value_lists
from rules.loading import load_rules
from rules.models import ExceptionItem, Rule
from rules.pages import TABS
from tests.alerts.pages import joined, rows
from tests.alerts.pages.world import World
from tests.browser.conftest import DESK, PHONE, Visit, Visitor

SCRIPT = "<script>alert(1)</script>"
WORDS = {
    "script": f'{SCRIPT}<img src="https://evil.example/x.png" onerror="alert(1)">',
    "attribute": "\" onmouseover=\"alert(1)\" style='position:fixed' x='`\\",
    "link": "javascript:alert(1) [here](javascript:alert(1)) ![i](https://evil.example/i.png) <https://evil.example>",
    "template": "{{ 7|add:7 }}{% load static %}{# c #}${7*7}#{7*7}",
    "turned": "invoice\u202egnp.exe\u2066 pay\u200bpal\u2028 next \ue000forged\ue001 \x1b[2J\x07",
    "long": "w" * 3_000,
    "combined": "Z" + "\u0335\u0336\u0489" * 300 + " \U0001f468\u200d\U0001f469\u200d\U0001f467",
    "markdown": "# Title\n- [ ] x\n```js\nalert(1)\n```\n<details open ontoggle=alert(1)><svg/onload=alert(1)>",
}
HOSTILE = " ".join(WORDS.values())
UNSEEN_SIGNS = "\u2067of\u2060event"
NAMES = (WORDS["script"], f"x{UNSEEN_SIGNS}gnp.exe", "w" * 200, '"onmouseover="alert(1)')
RULE = "a11ce000-0000-4000-8000-0000000000bb"
FILE = """
[metadata]
creation_date = "2026/11/20"
maturity = "production"

[rule]
rule_id = {id}
name = {name}
description = {text}
author = [{name}]
license = "Apache-2.0"
type = "query"
language = "kuery"
index = ["logs-*"]
severity = "high"
risk_score = 73
from = "now-9m"
interval = "5m"
tags = [{name}]
references = [{name}, "javascript:alert(1)"]
false_positives = [{text}]
note = {note}
setup = {text}
query = {query}

[[rule.threat]]
framework = "MITRE ATT&CK"
[rule.threat.tactic]
id = "TA0002"
name = {name}
reference = "javascript:alert(1)"
[[rule.threat.technique]]
id = "T1059"
name = {name}
reference = "javascript:alert(1)"
"""
GROUPS = "FROM * | STATS n = COUNT(*), VALUES(message) BY user.name, process.args"
SEQUENCE = "sequence by user.name [process where true] [process where true]"
NOTE = f"""## Triage and analysis

{HOSTILE}

### Possible investigation steps

- {WORDS["script"]} in `process.name`
- {WORDS["link"]} child processes `host.name`
- {{{{pivot: {WORDS["attribute"]} | host.name: *}}}} {WORDS["turned"]}

### False positive analysis

- {WORDS["markdown"]}

### Response and remediation

- {WORDS["script"]} {WORDS["long"]}
"""


def hostile_event(world: World, number: int) -> dict[str, Any]:
    """An event whose every text is hostile but those by which it is found."""

    def spoilt(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: spoilt(one) for name, one in value.items()}
        if isinstance(value, list):
            return [HOSTILE, *value, *WORDS.values(), UNSEEN_SIGNS]
        return f"{UNSEEN_SIGNS}{HOSTILE} {value}"[:6_000] if isinstance(value, str) else value

    plain = world.perl(number)
    kept = {name: plain.pop(name) for name in ("@timestamp", "data_stream")}
    found: dict[str, Any] = {**spoilt(plain), **kept, "message": HOSTILE, "tags": list(WORDS.values())}
    found["event"] |= {"category": ["process"], "type": ["start"], "id": f"hostile-{number}"}
    found["host"]["os"]["type"] = "linux"
    found["process"] |= {"entity_id": f"e-{number}-{WORDS['attribute']}", "name": f"{WORDS['script']}{number}"}
    found["labels"] = dict.fromkeys(NAMES, HOSTILE)
    found["process"]["parent"]["entity_id"] = f"e-{number - 1}-{WORDS['attribute']}"
    return found


@pytest.fixture
def alerts(world: World, tmp_path: Path) -> list[Alert]:
    """Alerts of a hostile rule over hostile events, in a team and among people with hostile names."""
    told = {
        "id": RULE, "name": f"{UNSEEN_SIGNS}{WORDS['script']} {WORDS['turned']}"[:230],
        "text": f"{UNSEEN_SIGNS}{HOSTILE}", "note": f"{NOTE}{UNSEEN_SIGNS}",
        "query": 'host.os.type : "linux" and event.type : "start" and process.name : *script*',
    }  # fmt: skip
    path = tmp_path / "hostile.toml"
    path.write_text(FILE.format(**{name: orjson.dumps(text).decode() for name, text in told.items()}))
    report = load_rules(paths=[path], source=WORDS["attribute"], actor=None, now=world.now, enable=True)
    assert report.errors == (), report.errors
    Team.objects.filter(pk=world.team.pk).update(name=f"{UNSEEN_SIGNS}{WORDS['script']}"[:80])
    ApiKey.objects.update(name=WORDS["attribute"][:80])
    User.objects.filter(username="ana").update(
        first_name=f"{UNSEEN_SIGNS}{WORDS['script']}"[:140], last_name=WORDS["turned"][:140]
    )
    User.objects.filter(username__in=("rosa", "adam")).update(first_name=UNSEEN_SIGNS, last_name=WORDS["turned"][:140])
    for person in world.people.values():
        person.refresh_from_db()
    return world.send([hostile_event(world, number) for number in range(1, 5)])


@pytest.fixture
def several(world: World, monkeypatch: pytest.MonkeyPatch) -> list[Alert]:
    """Alerts of sequences, counts, indicators, new terms, groups and rows, all of hostile events."""
    plain = joined.document
    monkeypatch.setattr(joined, "document", lambda *args, **fields: spoilt_document(plain(*args, **fields)))
    made = list(joined.everything(world).values())
    rows.load()
    commands = [*rows.COMMANDS, *(words.replace("\n", " ") for words in WORDS.values())]
    made += [rows.group(world, commands), rows.row(world, user=HOSTILE), rows.window(world)]
    for alert in made:
        alert.facts = _named_otherwise(alert.facts)
        alert.save(update_fields=["facts"])
    Alert.objects.filter(pk__in=[alert.pk for alert in made]).update(name=f"{WORDS['script']} {WORDS['turned']}"[:250])
    return made


def spoilt_document(document: dict[str, Any]) -> dict[str, Any]:
    """The same with hostile texts where no rule of a test looks."""
    told: dict[str, Any] = {"message": UNSEEN_SIGNS, "process.command_line": f"{UNSEEN_SIGNS}{HOSTILE}"}
    told |= {"process.args": [*WORDS.values(), UNSEEN_SIGNS]}
    told |= {"user.name": WORDS["script"], "process.parent.name": WORDS["attribute"], "file.path": WORDS["long"]}
    indicator = document.get("threat.indicator")
    if indicator:
        told["threat.indicator"] = indicator | {"description": HOSTILE, "provider": WORDS["script"]}
    return document | told


def _named_otherwise(facts: Any) -> Any:
    """What the alert's kind tells, with the values by which it was joined made hostile."""
    if isinstance(facts, dict):
        return {name: HOSTILE[:900] if name == "value" and isinstance(one, str) else _named_otherwise(one)
                for name, one in facts.items()}  # fmt: skip
    return [_named_otherwise(one) for one in facts] if isinstance(facts, list) else facts


@pytest.fixture
def places(world: World, alerts: list[Alert], several: list[Alert]) -> list[str]:
    """Every kind of page, on what is hostile."""
    assert {alert.rule_id for alert in alerts} == {RULE}
    case = around(world, alerts)
    kept(world, case)
    world.close(alerts[3:], "true_positive")
    item, letter = ExceptionItem.objects.latest("pk"), DeadLetter.objects.latest("pk")
    uid = bytes(AlertEvent.objects.filter(alert=alerts[0])[0].uid).hex()
    alert, words = f"/alerts/{alerts[0].pk}/", quote(HOSTILE[:1_500])
    return [
        "/alerts/", "/alerts/?view=all", f"/alerts/?q={words}", f"/alerts/?host={words}&user={words}&tag={words}",
        f"/alerts/?at={alerts[1].pk}", alert,
        *(f"{alert}?side={side}" for side in ("guide", "fp", "respond", "related", "activity", "exception")),
        *(f"{alert}?facts={facts}" for facts in ("all", "raw")),
        f"{alert}?side=exception&add=message&add=process.args", f"{alert}escalate/",
        "/exceptions/", f"/exceptions/{item.pk}/", f"/alerts/exceptions/{item.pk}/",
        "/rules/", f"/rules/?q={words}", *(f"/rules/{RULE}/?tab={tab}" for tab in TABS),
        "/search/?q=process.name:*", f"/search/?q={words}", f"/search/?lang=esql&q={words}",
        f"/search/?lang=esql&q={quote('FROM * | STATS n = COUNT(*), VALUES(message) BY host.name, process.args')}",
        f"/search/event/{uid}/", f"/search/event/{uid}/why-not/?rule={RULE}", f"/search/event/{uid}/why-not/?q={words}",
        *beyond_events(uid, words),
        *(f"/alerts/{one.pk}/" for one in several), *(f"/alerts/{one.pk}/?side=exception" for one in several[:4]),
        f"/alerts/bulk/{BulkAct.objects.latest('created_at').pk}/", "/exceptions/import/",
        "/settings/lists/", "/settings/lists/hostile/", "/settings/lists/hostile-rows/",
        f"/settings/lists/hostile/?q={words}", "/settings/shared-lists/hostile/", f"/go/?q={words}", "/go/?q=script",
        "/search/dead-letters/", f"/search/dead-letters/{letter.pk}/",
        "/cases/", f"/cases/?q={words}", f"/cases/{case}/", f"/cases/{case}/edit/", f"/cases/{case}/close/",
        f"/cases/{case}/alerts/", f"/cases/{case}/report/?show=1", f"/cases/new/?alert={alerts[1].pk}",
        "/overview/", "/health/", "/health/agents/", "/notices/",
        "/settings/you/", "/settings/users/", f"/settings/users/{world.ana.pk}/", "/settings/teams/",
        f"/settings/teams/{world.team.pk}/", "/settings/keys/", "/settings/audit/", f"/settings/audit/?q={words}",
    ]  # fmt: skip


def beyond_events(uid: str, words: str) -> list[str]:
    """What a search and an event lead to."""
    row = quote(orjson.dumps([[HOSTILE[:300]], [WORDS["script"]]]).decode())
    one = (
        f"lang=esql&q={quote(GROUPS)}&columns={quote(orjson.dumps([HOSTILE[:300], 'process.args']).decode())}&row={row}"
    )
    return [
        f"/search/?lang=esql&q={quote(GROUPS)}", f"/search/row/?{one}", f"/cases/note-row/?{one}",
        f"/search/?lang=eql&q={quote(SEQUENCE)}", f"/search/?lang=eql&q={words}",
        "/search/fields/?field=message", f"/search/fields/?find={words}", "/search/fields/?field=process.args",
        f"/search/rule/?q={words}", f"/search/rule/?event={uid}", f"/search/rule/?event={uid}&of=event&q={words}",
        f"/search/exception/?add={words}&value={words}&q={words}", f"/search/exception/?add=message&event={uid}",
        f"/rules/{RULE}/exceptions/new/?add=message&event={uid}", f"/alerts/of-event/{uid}/",
        f"/cases/note-event/{uid}/",
    ]  # fmt: skip


def kept(world: World, case: int) -> None:
    """Lists, a saved view and a saved search, and an act on all that match, with hostile names and values."""
    told: dict[str, Any] = {"actor": world.rosa, "now": world.now}
    name, lines = WORDS["script"], [one.replace("\n", " ") for one in WORDS.values()]
    described: dict[str, Any] = {"name": name, "description": HOSTILE[:1_900]}
    value_lists.create_list(list_id="hostile", type="keyword", lines=lines, **described, **told)
    cells = ['"' + line.replace('"', '""') + '"' for line in lines]
    table = ["host.name:keyword,said:keyword", *(f"{one},{one}" for one in cells)]
    value_lists.create_list(list_id="hostile-rows", type="table", lines=table, **described, **told)
    listed = shared.create_list(list_id="hostile", rules=[Rule.objects.get(pk=RULE)], **described, **told)
    entries = [{"field": "message", "type": "match_any", "operator": "included", "value": lines}]
    shared.add_item(list_id=listed.pk, entries=entries, reason=HOSTILE[:1_900], name=name, **told)
    mine: dict[str, Any] = {"actor": world.adam, "now": world.now, "team": None, "team_ids": [world.team.pk]}
    saved.create(SavedView, name=SCRIPT[:60], query=f"host={quote(name)}", **mine)
    saved.create(SavedSearch, name=SCRIPT[:60], query=f"q={quote(name)}", **mine)
    asked = {"filters": {"q": [HOSTILE[:900]]}, "folds": [], "along": True, "covering": [], "left_open": 0}
    BulkAct.objects.create(
        id=uuid4(), actor=world.adam, verb="case", as_of=world.now, created_at=world.now, total=7, up_to_id=1,
        query=f"q={quote(HOSTILE[:900])}", arguments=asked | {"case": case},
    )  # fmt: skip


def around(world: World, alerts: list[Alert]) -> int:
    """Comments, exceptions, a draft, a case, a notice and a refused event, all hostile; the case's number."""
    by: dict[str, Any] = {"actor": world.ana, "now": world.now, "team_ids": [world.team.pk]}
    entries: list[dict[str, Any]] = [
        {"field": "message", "type": "match_any", "operator": "included", "value": list(WORDS.values())},
        {"field": "user.name", "type": "match", "operator": "included", "value": f"{HOSTILE}nobody"},
    ]
    comment(alert_id=alerts[0].pk, text=HOSTILE, **by)
    added = exceptions.add(alert=alerts[0], entries=entries, reason=HOSTILE[:1_900], **by | {"actor": world.rosa})
    exceptions.draft(alert=alerts[1], entries=entries[1:], reason=HOSTILE[:1_900], **by)
    exceptions.draft_change(
        item=added.item, version=1, entries=entries[:1], more=[entries[1:]], reason=HOSTILE[1:1_900],
        name=HOSTILE[:250], **by,
    )  # fmt: skip
    case = opening.open_case(
        title=HOSTILE[:190], severity=3, alert_ids=[alerts[1].pk], next_step=HOSTILE[:190], team=world.team,
        owner=world.ana, tags=[WORDS["attribute"][:40]], **by,
    )  # fmt: skip
    todo.add_task(case_id=case.pk, text=HOSTILE[:400], **by)
    writing.write(case_id=case.pk, text=HOSTILE, kind="note", **by)
    notify(
        people=[world.adam], kind=Notice.Kind.MENTIONED, text=HOSTILE[:290], path="/alerts/", key="h",
        actor=world.ana, now=world.now,
    )  # fmt: skip
    DeadLetter.objects.create(
        team=world.team, api_key=world.keys[world.team.pk], at=world.now, reason="not_json",
        detail=HOSTILE, host=HOSTILE[:200], body=HOSTILE.encode(), body_bytes=9,
    )  # fmt: skip
    assert ExceptionDraft.objects.exists()
    return case.pk


# Where a sign of an event that cannot be seen stands in what is read, and not in what is sent: it has to be drawn.
UNSEEN = """() => [...document.querySelectorAll("body *:not(textarea)")].filter((one) => one.checkVisibility() &&
    [...one.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && /[\\u2067\\u2060]/.test(node.data)))
    .map((one) => `${one.localName}.${one.className} in ${one.parentElement.className}`)"""

# The innermost element without which the page would not be too wide, for whoever has to mend it.
WIDEST = """() => {
    const root = document.documentElement, wide = () => root.scrollWidth > innerWidth;
    const matters = (one) => {
        const was = one.style.display;
        one.style.display = "none";
        const found = !wide();
        one.style.display = was;
        return found;
    };
    let here = document.body, next = here;
    while (next) { here = next; next = [...here.children].find(matters); }
    return `${here.localName}.${here.className} in ${here.parentElement.localName}.${here.parentElement.className}`;
}"""


class Witness:
    """Hears what no page may do."""

    def __init__(self, visitor: Visitor) -> None:
        self.visitor = visitor
        self.seen: list[str] = []
        visitor.page.on("dialog", self._opened)
        visitor.page.on("request", self._asked)
        visitor.page.on("response", self._answered)

    def _opened(self, dialog: Dialog) -> None:
        self.seen.append(f"a dialog: {dialog.message}")
        dialog.dismiss()

    def _asked(self, request: Request) -> None:
        if urlsplit(request.url).netloc != urlsplit(self.visitor.base).netloc and not request.url.startswith("data:"):
            self.seen.append(f"a request to {request.url}")

    def _answered(self, response: Response) -> None:
        if response.request.is_navigation_request() and response.status not in {200, 422}:
            self.seen.append(f"no page: {response.status}")

    def visit(self, address: str, width: int) -> list[str]:
        """What was wrong with a page."""
        self.seen.clear()
        self.visitor.complaints.clear()
        self.visitor.open(address)
        return self.wrong(width)

    def wrong(self, width: int) -> list[str]:
        """What is wrong with the page that is open."""
        page = self.visitor.page
        page.wait_for_timeout(40)  # for what handlers of errors and loads would do
        wide = page.evaluate("document.documentElement.scrollWidth")
        made = page.evaluate(
            "document.querySelectorAll('img[src^=\"http\"], [onerror], [onmouseover], [onload]').length"
        )
        wrong = [f"scrolls sideways: {wide} px wide, {page.evaluate(WIDEST)}"] if wide > width else []
        wrong += [f"{made} elements made of what was written"] if made else []
        wrong += [f"what cannot be seen, in {place}" for place in page.evaluate(UNSEEN)]
        told = [one for one in self.visitor.complaints if "status of 4" not in one]
        return [*wrong, *self.seen, *told]


@pytest.mark.parametrize("phone", [False, True], ids=["desk", "phone"])
def test_no_page_obeys_what_is_written_on_it(visit: Visit, places: list[str], phone: bool) -> None:
    witness = Witness(visit("adam", phone=phone, dark=phone))
    width = (PHONE if phone else DESK)["width"]
    found = {address[:120]: witness.visit(address, width) for address in places}
    assert {address: wrong for address, wrong in found.items() if wrong} == {}


def test_no_file_of_exceptions_is_obeyed(visit: Visit, alerts: list[Alert]) -> None:
    entry = {"field": "message", "type": "match", "operator": "included", "value": HOSTILE[:900]}
    listed = {"list_id": WORDS["attribute"], "name": WORDS["script"], "description": HOSTILE, "type": "detection"}
    item = {"type": "simple", "list_id": WORDS["attribute"], "item_id": WORDS["link"], "name": WORDS["markdown"]}
    lines = [listed, item | {"entries": [entry]}, item | {"name": WORDS["turned"], "entries": [HOSTILE]}, HOSTILE]
    witness = Witness(visit("adam"))
    page = witness.visitor.open("/exceptions/import/")
    page.locator("textarea[name=text]").fill("\n".join(orjson.dumps(line).decode() for line in lines))
    page.get_by_role("button", name="See what it changes").click()
    page.locator(".importing").wait_for()
    assert "&lt;script" in page.content()
    assert witness.wrong(DESK["width"]) == []
