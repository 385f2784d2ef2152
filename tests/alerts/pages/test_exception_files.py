"""Exceptions out to a file and in from one: a look first, the guard as for any other, one undo, nobody else's rules."""

from pathlib import Path
from typing import Any

import orjson
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import Change
from alerts.exceptions import files
from alerts.exceptions.files import Sent
from alerts.models import Alert, Reason, Status
from rules import epoch, shared, value_lists
from rules.importing import run_import
from rules.models import ExceptionItem, Rule, SharedList
from soc.web import clock
from tests.alerts.pages.conftest import SignIn
from tests.alerts.pages.world import PERL, World
from tests.rules.importing.conftest import RULE_ID, exported_rule, reference

HOST = {"field": "host.name", "type": "match", "operator": "included", "value": "db-2"}
PAGE, OUT = "/exceptions/import/", "/exceptions/export/"


@pytest.fixture
def rosa(sign_in: SignIn) -> Client:
    return sign_in("rosa")


@pytest.fixture
def rule(world: World) -> Rule:
    return Rule.objects.get(pk=PERL)


def own(rule: Rule, item_id: str = "one", **more: Any) -> dict[str, Any]:
    """An exception of the rule's own list, as an export says it."""
    said = {"list_id": f"watchbill-{rule.pk}", "item_id": item_id, "type": "simple", "name": f"Exception {item_id}"}
    return {**said, "description": "The vendor's menu.", "entries": [HOST], **more}


def text_of(*objects: dict[str, Any]) -> str:
    return "\n".join(orjson.dumps(one).decode() for one in objects)


def look(client: Client, *objects: dict[str, Any]) -> Any:
    file = SimpleUploadedFile("kibana.ndjson", text_of(*objects).encode(), "application/x-ndjson")
    return client.post(PAGE, {"file": file})


def take(client: Client, answer: Any, **more: Any) -> Any:
    told = {"text": answer.context["text"], "name": "kibana.ndjson", "seen": answer.context["looked"].seen}
    return client.post(PAGE, told | more, follow=True)


def test_a_file_is_looked_at_before_anything_is_saved_and_undone_in_one_act(
    rosa: Client, world: World, rule: Rule
) -> None:
    answer = look(rosa, own(rule), {"rule_id": "x", "name": "A rule"}, own(rule, "two", entries="?"))
    page = answer.content.decode()
    assert "2 new, 0 changed" in page
    assert "kibana.ndjson:2" in page
    assert "only exceptions are imported here" in page
    assert "kept off" in page
    assert not ExceptionItem.objects.exists()
    done = take(rosa, answer)
    assert "2 exceptions are new." in done.content.decode()
    assert dict(ExceptionItem.objects.values_list("item_id", "enabled")) == {"one": True, "two": False}
    made = Change.objects.filter(object_type="exception", verb="create")
    assert {(one.door, one.actor_name != "") for one in made} == {("page", True)}
    rosa.post(reverse("alerts:undo", args=[made[0].group]))
    assert not ExceptionItem.objects.filter(removed_at=None).exists()


def test_what_one_exports_imports_again_and_changes_nothing(rosa: Client, rule: Rule) -> None:
    take(rosa, look(rosa, own(rule), own(rule, "two", name="Second")))
    first = ExceptionItem.objects.get(item_id="one")
    whole, some = rosa.get(f"{OUT}?rule={rule.pk}").content, rosa.get(f"{OUT}?chosen=1&id={first.pk}").content
    objects = [orjson.loads(line) for line in whole.splitlines()]
    assert [one.get("item_id") for one in objects] == [None, "one", "two", None]
    assert [orjson.loads(line).get("item_id") for line in some.splitlines()] == [None, "one", None]
    assert whole == rosa.get(OUT).content
    again = look(rosa, *objects)
    assert "2 unchanged" in again.content.decode()
    assert again.context["looked"].writes == 0
    assert rosa.get(f"{OUT}?chosen=1").status_code == 303


def test_an_exception_that_hides_a_true_positive_stays_out_without_a_reason(
    rosa: Client, world: World, rule: Rule
) -> None:
    alert = world.send([world.perl(1)])[0]
    Alert.objects.filter(pk=alert.pk).update(status=Status.CLOSED, reason=Reason.TRUE_POSITIVE)
    host = own(rule, entries=[{**HOST, "value": alert.host_name}])
    answer = look(rosa, host, own(rule, "two", entries=[{**HOST, "value": "elsewhere"}]))
    assert f"AL-{alert.pk}" in answer.content.decode()
    assert "1 refused" in answer.content.decode()
    take(rosa, answer)
    assert list(ExceptionItem.objects.values_list("item_id", flat=True)) == ["two"]
    take(rosa, look(rosa, host), override="Rehearsed, and agreed.")
    assert ExceptionItem.objects.get(item_id="one").enabled
    assert Change.objects.filter(note__contains="Rehearsed, and agreed.", verb="create").exists()


def test_what_would_do_something_else_by_now_is_shown_again_and_not_saved(rosa: Client, rule: Rule) -> None:
    answer = look(rosa, own(rule))
    take(rosa, look(rosa, own(rule, name="Somebody else's")))
    late = take(rosa, answer)
    assert late.status_code == 409
    assert "Look again" in late.content.decode()
    assert late.context["looked"].changed == 1
    assert ExceptionItem.objects.get().name == "Somebody else's"
    edited = take(rosa, look(rosa, own(rule)), text=text_of(own(rule, name="Slipped in")))
    assert edited.status_code == 409


def test_a_narrower_exception_raises_what_it_held_back(rosa: Client, world: World, rule: Rule) -> None:
    take(rosa, look(rosa, own(rule)))
    world.send([world.perl(number) for number in range(1, 7)])
    raised = Alert.objects.count()
    done = take(rosa, look(rosa, own(rule, entries=[{**HOST, "value": "nowhere"}])))
    assert "1 says something else now" in done.content.decode()
    assert Alert.objects.count() > raised


def test_nobody_writes_on_rules_of_a_team_that_he_is_not_in(rosa: Client, world: World, rule: Rule) -> None:
    Rule.objects.filter(pk=rule.pk).update(team=world.people["otto"].teams.first())
    answer = look(rosa, own(rule))
    assert "no rule here references" in answer.content.decode()
    take(rosa, answer)
    assert not ExceptionItem.objects.exists()


def test_shared_lists_come_along_and_are_told(rosa: Client) -> None:
    named = {"list_id": "vendors", "type": "detection", "name": "Vendors", "description": "Known."}
    answer = look(rosa, named)
    assert "exception list" in answer.content.decode()
    assert not SharedList.objects.exists()
    done = take(rosa, answer)
    assert "1 shared list is made." in done.content.decode()
    assert SharedList.objects.get().name == "Vendors"


def test_a_list_of_rules_of_another_team_is_not_told_as_new(rosa: Client, world: World, tmp_path: Path) -> None:
    (tmp_path / "rules.ndjson").write_text(text_of(exported_rule(exceptions_list=[reference("theirs")])))
    run_import(paths=[tmp_path], source="theirs", actor=None, now=clock.now())
    Rule.objects.filter(pk=RULE_ID).update(team=world.people["otto"].teams.first())
    answer = look(rosa, {"list_id": "theirs", "type": "detection", "name": "Theirs"})
    assert answer.context["looked"].lists == 0
    take(rosa, answer)
    assert not SharedList.objects.exists()


def test_an_export_of_too_many_bytes_is_refused(rosa: Client, rule: Rule, monkeypatch: pytest.MonkeyPatch) -> None:
    take(rosa, look(rosa, own(rule, comments=[{"comment": "c" * 3_000}])))
    assert rosa.get(OUT).status_code == 200
    monkeypatch.setattr(files, "MOST_OUT_BYTES", 3_000)
    assert "MB of exceptions" in rosa.get(OUT, follow=True).content.decode()
    assert rosa.get("/api/v1/exceptions/export").status_code == 422


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        (b"x" * (files.MOST_BYTES + 10), "up to 2 MB"),
        (b"{}\n" * (files.MOST_LINES + 5), "up to 5,000 lines"),
        (b"\xff\xfe", "UTF-8"),
        (b"", "Choose a file"),
        (b'{"list_id": "a", "item_id": "b", "entries": [', "is not JSON"),
    ],
    ids=["too large", "too long", "no text", "nothing", "no JSON"],
)
def test_a_file_that_does_not_hold_is_refused_with_the_reason(rosa: Client, sent: bytes, said: str) -> None:
    answer = rosa.post(PAGE, {"file": SimpleUploadedFile("x.ndjson", sent)})
    assert said in answer.content.decode()


def test_only_an_engineer_imports_and_everybody_takes_along(ana: Client, rule: Rule) -> None:
    assert ana.get(PAGE).status_code == 403
    assert ana.get(OUT).status_code == 200
    assert "Needs the engineer role" in ana.get("/exceptions/").content.decode()


def test_the_api_takes_files_out_and_in(rosa: Client, rule: Rule) -> None:
    told = {"ndjson": text_of(own(rule)), "dry_run": True}
    post: dict[str, Any] = {"path": "/api/v1/exceptions/import", "content_type": "application/json"}
    looked = rosa.post(data=told, **post)
    assert (looked.status_code, looked.json()["new"], ExceptionItem.objects.count()) == (200, 1, 0)
    done = rosa.post(data=told | {"dry_run": False}, **post).json()
    assert (done["new"], done["lines"][0]["path"], bool(done["undo"])) == (1, "line.ndjson:1", True)
    item = ExceptionItem.objects.get()
    whole = rosa.get(f"/api/v1/exceptions/export?id={item.pk}")
    assert whole.headers["Content-Type"] == "application/x-ndjson"
    assert len(whole.content.splitlines()) == 3
    assert rosa.post(data=told | {"ndjson": "x\n" * 6_000}, **post).status_code == 422


def test_the_service_imports_without_a_look_for_machines(world: World, rule: Rule) -> None:
    sent = Sent(text_of(own(rule)).encode())
    rosa = world.people["rosa"]
    teams = [team.pk for team in rosa.teams.all()]
    done = files.take(sent=sent, seen=None, actor=rosa, now=clock.now(), team_ids=teams)
    assert (done.new, done.changed, done.group is not None) == (1, 0, True)


@pytest.mark.parametrize("when", ["9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00", "2300-01-01T00:00:00Z"])
@pytest.mark.parametrize("key", ["expires", "review"])
def test_a_date_at_the_edge_of_the_calendar_keeps_an_exception_off_and_every_page_up(
    rosa: Client, rule: Rule, when: str, key: str
) -> None:
    dated = own(rule, expire_time=when) if key == "expires" else own(rule, meta={"watchbill": {"review_at": when}})
    answer = look(rosa, dated)
    assert "lies before 1970 or after 2200" in answer.content.decode()
    take(rosa, answer)
    item = ExceptionItem.objects.get()
    assert (item.enabled, item.expires_at, item.review_at) == (False, None, None)
    assert [rosa.get(page).status_code for page in ("/exceptions/", OUT, f"/rules/{rule.pk}/")] == [200] * 3


def test_of_a_list_only_what_an_export_needs_is_kept_with_its_exceptions(rosa: Client, rule: Rule) -> None:
    listed = {"list_id": f"watchbill-{rule.pk}", "type": "rule_default", "name": "Ours", "junk": "x" * 100_000}
    long = {**listed, "description": "d" * 400_000, "tags": ["t" * 300_000]}
    take(rosa, look(rosa, listed, own(rule)))
    assert ExceptionItem.objects.get().imported["list"] == {key: listed[key] for key in ("list_id", "type", "name")}
    take(rosa, look(rosa, long, own(rule, "two")))
    kept = ExceptionItem.objects.get(item_id="two").imported["list"]
    assert (len(kept["description"]), "tags" in kept, kept["name"]) == (2_000, False, "Ours")
    answer = look(rosa, own(rule, "three", comments=[{"comment": "c" * 400_000}]))
    assert "is over 300 kB" in answer.content.decode()


def test_what_would_be_written_on_many_rules_is_bound_as_a_whole(
    rosa: Client, rule: Rule, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "MOST_WRITTEN_BYTES", 1_000_000)
    large = [own(rule, f"i{number}", comments=[{"comment": "c" * 200_000}]) for number in range(6)]
    assert "over 1 MB of exceptions" in look(rosa, *large).content.decode()


def test_a_second_line_with_the_same_ids_is_refused_even_where_the_first_was(
    rosa: Client, world: World, rule: Rule
) -> None:
    alert = world.send([world.perl(1)])[0]
    Alert.objects.filter(pk=alert.pk).update(status=Status.CLOSED, reason=Reason.TRUE_POSITIVE)
    bad, fine = (own(rule, entries=[{**HOST, "value": value}]) for value in (alert.host_name, "elsewhere"))
    answer = look(rosa, bad, fine)
    assert "the same list_id and item_id stand in kibana.ndjson:1 already" in answer.content.decode()
    assert take(rosa, answer).status_code == 200
    assert not ExceptionItem.objects.exists()


def test_the_guard_reads_the_true_positives_of_a_rule_once_for_a_whole_file(
    rosa: Client, world: World, rule: Rule, monkeypatch: pytest.MonkeyPatch
) -> None:
    alert = world.send([world.perl(number) for number in range(1, 4)])[0]
    Alert.objects.filter(rule=rule).update(status=Status.CLOSED, reason=Reason.TRUE_POSITIVE)
    many = [own(rule, f"i{number}", entries=[{**HOST, "value": f"v{number}"}]) for number in range(60)]
    hides = own(rule, "bad", entries=[{**HOST, "value": alert.host_name}])
    with CaptureQueriesContext(connection) as queries:
        answer = look(rosa, *many, hides)
    assert len(queries) < 40
    assert answer.context["looked"].guarded == 1
    with CaptureQueriesContext(connection) as queries:
        assert take(rosa, answer).status_code == 200
    asked = [one["sql"] for one in queries]
    bumped = next(at for at, sql in enumerate(asked) if "INSERT INTO rules_epoch" in sql)
    assert not any("alerts_alertevent" in sql or ("document" in sql and "alerts_" in sql) for sql in asked[bumped:])
    assert ExceptionItem.objects.count() == 60
    monkeypatch.setattr(files, "MOST_SECONDS", 0)
    assert "Split the file" in look(rosa, own(rule, "more", entries=[{**HOST, "value": "x"}])).content.decode()


def test_a_value_list_that_is_changed_between_the_guard_and_the_save_is_looked_at_again(
    rosa: Client, world: World, rule: Rule, monkeypatch: pytest.MonkeyPatch
) -> None:
    alert = world.send([world.perl(1)])[0]
    Alert.objects.filter(pk=alert.pk).update(status=Status.CLOSED, reason=Reason.TRUE_POSITIVE)
    by: dict[str, Any] = {"list_id": "known", "actor": world.rosa, "now": clock.now()}
    value_lists.create_list(name="Known", type="keyword", lines=["elsewhere"], **by)
    asks = {"field": "host.name", "type": "list", "operator": "included", "list": {"id": "known", "type": "keyword"}}
    answer = look(rosa, own(rule, entries=[asks]))
    assert answer.context["looked"].guarded == 0
    bump = epoch.bump

    def changed_first() -> None:
        monkeypatch.setattr(epoch, "bump", bump)
        value_lists.append_values(lines=[str(alert.host_name)], **by)
        bump()

    monkeypatch.setattr(epoch, "bump", changed_first)
    assert "This would do something else now" in take(rosa, answer).content.decode()
    assert not ExceptionItem.objects.exists()


def test_undo_takes_back_what_an_import_changed_unless_it_was_changed_since(
    rosa: Client, world: World, rule: Rule
) -> None:
    take(rosa, look(rosa, own(rule), own(rule, "two")))
    other = [own(rule, name, entries=[{**HOST, "value": "other"}]) for name in ("one", "two")]
    done = take(rosa, look(rosa, *other, own(rule, "three")))
    assert "2 say something else now" in done.content.decode()
    ExceptionItem.objects.filter(item_id="two").update(version=9)
    group = Change.objects.filter(object_type="exception", verb="edit")[0].group
    back = rosa.post("/api/v1/alerts/undo", {"group": str(group)}, content_type="application/json").json()
    assert (back["changed_back"], back["left"]) == (1, 1)
    said = dict(ExceptionItem.objects.filter(removed_at=None).values_list("item_id", "entries"))
    assert said == {"one": [HOST], "two": other[1]["entries"]}
    assert look(rosa, other[0]).context["looked"].changed == 1


def test_an_import_that_only_changes_is_undone_once(rosa: Client, rule: Rule) -> None:
    take(rosa, look(rosa, own(rule)))
    take(rosa, look(rosa, own(rule, name="Renamed")))
    group = Change.objects.filter(object_type="exception", verb="edit")[0].group
    page = rosa.post(reverse("alerts:undo", args=[group]), follow=True).content.decode()
    assert "Undone. 1 exception is as before." in page
    assert ExceptionItem.objects.get().name == "Exception one"
    again = rosa.post("/api/v1/alerts/undo", {"group": str(group)}, content_type="application/json")
    assert again.status_code == 409


VENDORS = {"list_id": "vendors", "type": "detection", "name": "Vendors", "description": "Known."}


def undo_last(client: Client) -> str:
    group = Change.objects.filter(object_type="shared list", verb="create").latest("pk").group
    return client.post(reverse("alerts:undo", args=[group]), follow=True).content.decode()


def test_undo_takes_the_shared_lists_that_an_import_made_along(rosa: Client, rule: Rule, tmp_path: Path) -> None:
    (tmp_path / "rules.ndjson").write_text(text_of(exported_rule(exceptions_list=[reference("vendors")])))
    run_import(paths=[tmp_path], source="theirs", actor=None, now=clock.now())
    take(rosa, look(rosa, VENDORS, {**own(rule), "list_id": "vendors"}))
    assert list(SharedList.objects.get().rules.values_list("pk", flat=True)) == [RULE_ID]
    assert "Undone. 1 exception is gone. 1 shared list is gone." in undo_last(rosa)
    assert not SharedList.objects.exists()
    told = Change.objects.get(object_type="shared list", verb="undid")
    assert (told.before["name"], told.before["rules"]) == ("Vendors", [RULE_ID])
    assert look(rosa, VENDORS).context["looked"].lists == 1


@pytest.mark.parametrize("used", ["renamed", "given a rule", "given an exception"])
def test_a_list_that_is_used_since_stays_when_the_import_that_made_it_is_undone(
    rosa: Client, world: World, rule: Rule, used: str
) -> None:
    take(rosa, look(rosa, VENDORS))
    by: dict[str, Any] = {"list_id": "vendors", "actor": world.rosa, "now": clock.now()}
    if used == "renamed":
        shared.edit_list(version=1, name="Ours", description="", **by)
    else:
        shared.add_rules(rules=[rule], **by)
    if used == "given an exception":
        shared.add_item(name="Ours", entries=[HOST], reason="Known", **by)
    assert "1 stays" in undo_last(rosa)
    assert SharedList.objects.exists()


def test_an_import_that_only_made_a_list_is_undone_once(rosa: Client) -> None:
    take(rosa, look(rosa, VENDORS))
    assert "Undone. 1 shared list is gone." in undo_last(rosa)
    assert "1 shared list is gone" not in undo_last(rosa)
    take(rosa, look(rosa, VENDORS))
    assert SharedList.objects.get().name == "Vendors"


def test_what_undo_took_comes_with_the_same_file_again(rosa: Client, rule: Rule, tmp_path: Path) -> None:
    (tmp_path / "rules.ndjson").write_text(text_of(exported_rule(exceptions_list=[reference("vendors")])))
    run_import(paths=[tmp_path], source="theirs", actor=None, now=clock.now())
    file = VENDORS, {**own(rule), "list_id": "vendors"}, own(rule, "two")
    for _ in range(2):
        looked = look(rosa, *file)
        assert [line.status for line in looked.context["looked"].report.lines] == ["new"] * 3
        take(rosa, looked)
        there = ExceptionItem.objects.filter(removed_at=None, enabled=True)
        assert list(there.order_by("item_id").values_list("item_id", "rule")) == [("one", RULE_ID), ("two", rule.pk)]
        assert list(SharedList.objects.get().rules.values_list("pk", flat=True)) == [RULE_ID]
        assert "Undone. 2 exceptions are gone. 1 shared list is gone." in undo_last(rosa)
    take(rosa, look(rosa, VENDORS))
    assert list(SharedList.objects.get().rules.values_list("pk", flat=True)) == [RULE_ID]


def test_what_somebody_removed_stays_so_after_the_import_was_undone(
    rosa: Client, world: World, rule: Rule, tmp_path: Path
) -> None:
    (tmp_path / "rules.ndjson").write_text(text_of(exported_rule(exceptions_list=[reference("vendors")])))
    run_import(paths=[tmp_path], source="theirs", actor=None, now=clock.now())
    file = VENDORS, {**own(rule), "list_id": "vendors"}, own(rule, "two")
    take(rosa, look(rosa, *file))
    removed = ExceptionItem.objects.get(item_id="one")
    rosa.post(reverse("alerts:exception_undo", args=[removed.pk]), {"version": removed.version})
    assert "Undone. 1 exception is gone. 1 shared list is gone." in undo_last(rosa)
    looked = look(rosa, *file)
    told = {line.id: line.status for line in looked.context["looked"].report.lines}
    assert told == {"vendors": "new", "one": "kept", "two": "new"}
    take(rosa, looked)
    assert list(ExceptionItem.objects.filter(removed_at=None).values_list("item_id", flat=True)) == ["two"]
    assert list(SharedList.objects.get().rules.values_list("pk", flat=True)) == [RULE_ID]
