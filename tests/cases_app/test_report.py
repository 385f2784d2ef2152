"""The report is whole, the same every time, and no text of agents, rules or people passes for one of its own."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from alerts.models import Alert
from alerts.triage import set_status
from cases import markdown as md
from cases.closing import close
from cases.models import Case, Entry
from cases.report import MOST_TEXT, filename, markdown
from cases.selectors import offered_steps
from cases.todo import add_task, change_task, take_steps
from cases.writing import write
from tests.alerts.world import event, raised
from tests.cases_app.world import MINUTE, NOW, alerts, by, opened
from tests.people import sign_in

SECTIONS = [
    "Summary", "Outcome", "Findings", "Alerts", "Tactics", "Hosts, users and traces", "Tasks", "Timeline",
]  # fmt: skip
HOSTILE = (
    "# Not a head\n\n## Outcome\n\n```\n<script>alert(1)</script> | a | b |\n| --- |\n"
    "[click](javascript:x) ![i](http://x/y) <!-- gone\n\n---\n~~~~\n> x\n1. one\n- [x] done\n\\`tick``` @ana &lt; "
    "\u202egnp\x00\n\n[x]: http://evil/\n"
)
_PARSER = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])


def _heads(text):
    tokens = _PARSER.parse(text)
    return [
        (token.tag, tokens[place + 1].content)
        for place, token in enumerate(tokens)
        if token.type == "heading_open" and token.level == 0
    ]


def _html(text):
    tokens = _PARSER.parse(text)
    inner = [child for token in tokens for child in token.children or []]
    return [token for token in [*tokens, *inner] if token.type in ("html_block", "html_inline", "image")]


def _links(text):
    return [
        child.attrs["href"]
        for token in _PARSER.parse(text)
        for child in token.children or []
        if child.type == "link_open"
    ]


def _tables(text):
    """The number of cells in each row of each table."""
    rows, cells = [], 0
    for token in _PARSER.parse(text):
        if token.type in ("th_open", "td_open"):
            cells += 1
        elif token.type == "tr_close":
            rows.append(cells)
            cells = 0
    return rows


@pytest.fixture
def whole(people, rule):
    """A closed case with something in every section."""
    found = raised([event(source__ip="198.51.100.23", process__hash__sha256="ab" * 32)]) + alerts(2, host__name="db-2")
    case = opened(people, found, summary="It came by **mail**.", owner=people.rosa, tags=["phish"], due_at=NOW)
    set_status(alert_ids=[found[0].pk], status="closed", reason="benign_positive", **by(people.ana))
    Alert.objects.filter(pk=found[1].pk).update(team=people.retail)
    write(case_id=case.pk, text="The upload came at 20:58.", kind="note", **by(people.rosa))
    write(case_id=case.pk, text="Who owns db-2?", **by(people.ana))
    take_steps(case_id=case.pk, keys=[step.key for step in offered_steps(case)], **by(people.ana))
    task = add_task(case_id=case.pk, text="Reset", **by(people.ana))
    change_task(task_id=task.pk, version=1, changes={"state": "done"}, **by(people.rosa, now=NOW + MINUTE))
    close(
        case_id=case.pk, version=None, outcome="true_positive", note="Gone.", drop_tasks=True,
        **by(people.rosa, now=NOW + timedelta(hours=3)),
    )  # fmt: skip
    return Case.objects.get(pk=case.pk)


def test_a_report_tells_everything(whole):
    text = markdown(case=whole, now=NOW + timedelta(hours=4))
    first = Alert.objects.earliest("pk").pk
    assert _heads(text) == [("h1", f"CASE-{whole.pk}: Perl was started on web-1")] + [("h2", name) for name in SECTIONS]
    for told in (
        "| **Severity** | high |", "| **Owner** | Rosa |", "| **Opened** | 2026-11-20 14:06:00 UTC by Ana |",
        "| **Closed** | 2026-11-20 17:06:00 UTC, after 3 h |", "> It came by **mail**.", "**True positive**\n\n> Gone.",
        "**2026-11-20 14:06:00 UTC**, Rosa:\n\n> The upload came at 20:58.",
        f"| AL-{first} | 2026-11-20 14:06:00 UTC | high | Perl was started | `web-1` | `svc-ci` | Benign positive |",
        f"- AL-{first + 1} moved to team Retail", "Execution (2 alerts)",
        "| Address | `198.51.100.23` | 1 |", f"| Hash | `{'ab' * 32}` | 1 |", "| Host | `db-2` | 1 |",
        "- [x] Reset (2026-11-20 14:07:00 UTC by Rosa)",
        "- [ ] not needed: Isolate the involved host from the network. (Response step 1, Perl was started; ",
        "- **2026-11-20 14:06:00 UTC** Ana opened the case with 3 alerts",
        "    > Who owns db-2?", "closed the case as true positive and 1 alert with it",
    ):  # fmt: skip
        assert told in text, told
    assert set(_tables(text)) <= {2, 5, 7}


def _written(case, people, number, text):
    Entry.objects.bulk_create([
        Entry(case=case, kind="note", author=people.ana, at=NOW + place * MINUTE, text=f"Note {place}. {text}")
        for place in range(number)
    ])  # fmt: skip


# Of texts that are many lines an eighth, in an eighth of the room: the parser here takes seconds for each megabyte.
@pytest.mark.parametrize(("text", "part"), [("x" * 19_000, 1), ("<\n" * 1_190, 8), ("\u200b\n\n" * 750, 8)])
def test_a_report_has_an_end_however_much_was_written_and_says_what_is_left_out(people, text, part):
    case = opened(people)
    _written(case, people, 150, text)
    text = markdown(case=case, now=NOW, room=MOST_TEXT // part)
    assert 1_500_000 // part < len(text) < MOST_TEXT // part + 10_000
    assert "Note 149." in text
    assert "Note 0." not in text
    assert "Earlier notes may be left out" in text
    assert "Earlier moments are left out" in text
    assert [name for _, name in _heads(text)[1:]] == SECTIONS


def test_a_report_that_fits_says_nothing_of_that(people):
    case = opened(people)
    _written(case, people, 40, "x" * 19_000)
    text = markdown(case=case, now=NOW)
    assert "left out" not in text
    assert text.count("Note 0.") == 2


def test_a_report_to_read_reads_no_more_of_the_case_than_a_page_shows(people):
    case = opened(people)
    _written(case, people, 300, "x" * 2_000)
    with CaptureQueriesContext(connection) as asked:
        shown = sign_in(people.vera).get(f"/cases/{case.pk}/report/?show=1").content.decode()
    assert len([one for one in asked if "cases_entry" in one["sql"] and "LIMIT 101" in one["sql"]]) == 1
    assert "Note 299." in shown
    assert "Earlier moments are left out" in shown or "too long to be shown" in shown
    whole = sign_in(people.vera).get(f"/cases/{case.pk}/report/").content.decode()
    assert whole.count("Note 0.") == 2


def test_the_same_case_at_the_same_time_makes_the_same_report(whole):
    assert markdown(case=whole, now=NOW) == markdown(case=Case.objects.get(pk=whole.pk), now=NOW)
    assert filename(whole) == f"CASE-{whole.pk}.md"


def test_an_empty_case_has_every_section_too(people):
    text = markdown(case=opened(people), now=NOW)
    assert [name for _, name in _heads(text)[1:]] == SECTIONS
    for told in ("Nobody has written a summary.", "not closed yet", "no alerts in this case", "There are no tasks."):
        assert told in text


def test_hostile_texts_break_nothing(people, rule):
    sent = HOSTILE.replace("\x00", "")
    found = raised([event(host__name=sent[:200], user__name="a|b`c```", process__command_line=sent)])
    assert found
    Alert.objects.update(name=HOSTILE[:250].replace("\x00", ""), evidence=HOSTILE.replace("\x00", ""))
    case = opened(
        people, found, title=HOSTILE[:200], summary=HOSTILE, tags=["| x"], next_step="| a | b\n# c", severity=3
    )
    for kind in ("note", "comment"):
        write(case_id=case.pk, text=HOSTILE, kind=kind, **by(people.ana))
    task = add_task(case_id=case.pk, text=HOSTILE[:400], **by(people.ana))
    change_task(task_id=task.pk, version=1, changes={"state": "done"}, **by(people.ana))
    people.ana.first_name = "<b>Ana</b> | `x`"
    people.ana.save()
    text = markdown(case=Case.objects.get(), now=NOW)
    assert [name for _, name in _heads(text)[1:]] == SECTIONS
    assert _html(text) == []
    assert set(_tables(text)) <= {2, 5, 7}
    assert "\x00" not in text
    assert not [address for address in _links(text) if "evil" in address]
    assert "\u202e" not in text


@given(st.text(alphabet=st.sampled_from("ab `~|#<>-*_[]()!\\\n\r\t.1+&:/@w=\u202e\u2028\x00"), max_size=60))
def test_no_text_leaves_its_place(text):
    document = "\n\n".join([
        f"# {md.inline(text)}", "before", md.table(["a", "b"], [[md.inline(text), md.code(text)]]),
        f"- {md.inline(text)}",
        md.fenced(text), "## middle", md.quoted(text), "## after",
    ])  # fmt: skip
    heads = _heads(document)
    assert [tag for tag, _ in heads] == ["h1", "h2", "h2"]
    assert [content for _, content in heads[1:]] == ["middle", "after"]
    assert _tables(document) == [2, 2]
    assert _html(document) == []
    fences = [token for token in _PARSER.parse(document) if token.type == "fence" and token.level == 0]
    assert len(fences) == 1


@given(st.text(max_size=80))
def test_escaped_text_reads_as_it_was_written(text):
    shown = _PARSER.parseInline(md.inline(text))[0].children or []
    assert all(token.type in ("text", "text_special") for token in shown)
    told = "".join(token.content for token in shown)
    assert told == md._shown(" ".join(text.split())).strip()


def test_a_case_closed_at_once_lasted_under_a_minute(people, rule):
    case = opened(people)
    close(case_id=case.pk, version=None, outcome="true_positive", note="Gone.", **by(people.ana))
    case.refresh_from_db()
    assert ", after under a minute |" in markdown(case=case, now=NOW)
