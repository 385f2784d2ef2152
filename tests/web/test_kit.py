"""The shared kit: paging, counts, markdown, times, charts, answers."""

from datetime import UTC, datetime, timedelta

import pytest
from django.template import Context, Template
from django.test import RequestFactory
from django.utils import timezone
from django_htmx.middleware import HtmxMiddleware

from accounts.models import Team
from soc.web import charts, clock, counts, markdown, paging, when
from soc.web.htmx import wants_part

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def _request(**headers):
    request = RequestFactory().get("/alerts/", headers=headers)
    HtmxMiddleware(lambda r: r)(request)
    return request


def test_htmx_gets_only_the_part():
    assert wants_part(_request(**{"HX-Request": "true"}))


@pytest.mark.parametrize("extra", [{}, {"HX-Request": "true", "HX-Boosted": "true"}])
def test_browsers_and_boosted_links_get_the_whole_page(extra):
    assert not wants_part(_request(**extra))


def test_the_back_button_gets_the_whole_page():
    assert not wants_part(_request(**{"HX-Request": "true", "HX-History-Restore-Request": "true"}))


def test_a_page_key_survives_its_journey():
    token = paging.sign_key([3, "2026-11-20T12:00:00+00:00", 42], "queue")
    assert paging.read_key(token, "queue") == paging.After((3, "2026-11-20T12:00:00+00:00", 42))


@pytest.mark.parametrize("damage", [lambda t: t[:-1], lambda t: "x" + t, lambda t: t * 500, lambda _: "é:\0"])
def test_a_damaged_page_key_leads_to_the_first_page_with_a_notice(damage):
    after = paging.read_key(damage(paging.sign_key([1], "queue")), "queue")
    assert after.values is None
    assert after.notice


def test_a_page_key_of_another_list_is_not_believed():
    assert paging.read_key(paging.sign_key([1], "queue"), "search").values is None


def test_no_page_key_is_no_reason_for_a_notice():
    assert paging.read_key(None, "queue") == paging.After(None, "")


def test_the_last_page_has_no_next_key():
    assert paging.cut([1, 2], 2, lambda n: [n], "x").next_key is None
    page = paging.cut([1, 2, 3], 2, lambda n: [n], "x")
    assert page.items == [1, 2]
    assert paging.read_key(page.next_key, "x").values == (2,)
    assert paging.cut([], 2, lambda n: [n], "x").next_key is None


def test_counts_stop_at_the_cap(db):
    Team.objects.bulk_create(Team(name=f"t{n}", slug=f"t{n}") for n in range(5))
    assert str(counts.capped(Team.objects.all(), cap=3)) == "3+"
    assert str(counts.capped(Team.objects.all(), cap=5)) == "5"
    assert str(counts.of(10_001)) == "10,000+"
    assert not counts.of(0)


@pytest.mark.parametrize(
    ("hostile", "never"),
    [
        ("<script>alert(1)</script>", "<script"),
        ("[x](javascript:alert(1))", 'href="javascript'),
        ("[x](data:text/html,a)", 'href="data'),
        ("![x](https://evil.example/pixel.png)", "<img"),
        ("<img src=x onerror=alert(1)>", "<img"),
        ('<https://a.example/" onclick=x>', "onclick=x>"),
        ("# <svg onload=alert(1)>", "<svg"),
        ("<style>*{}</style>", "<style"),
        ("> " * 500 + "deep", "<script"),
    ],
)
def test_markdown_renders_nothing_that_runs_or_calls_home(hostile, never):
    assert never not in markdown.render(hostile)


def test_markdown_draws_what_turns_text_round_or_parts_a_word():
    html = markdown.render("run `x\u202egnp.exe` of pay\u200bpal\n\n\U0001f468\u200d\U0001f469")
    assert "x⟨U+202E⟩gnp.exe" in html
    assert "pay⟨U+200B⟩pal" in html
    assert "\U0001f468\u200d\U0001f469" in html  # a joiner makes one picture of two


def test_markdown_keeps_what_a_guide_needs():
    html = markdown.render("# Triage\n\n1. **Look** at `cmd`\n\n| a |\n|---|\n| b |\n\n[doc](https://example.org)")
    assert "<h3>Triage</h3>" in html
    assert "<strong>Look</strong>" in html
    assert "<table>" in html
    assert 'rel="noopener noreferrer nofollow"' in html


def test_markdown_that_is_too_long_is_cut_and_says_so():
    html = markdown.render("a" * markdown.LONGEST + "never")
    assert "never" not in html
    assert "The rest of this text is left out" in html
    assert "left out" not in markdown.render("a" * markdown.LONGEST)


def test_headings_written_as_text_stay_text():
    assert "<h3>" not in markdown.render("a `<h1>` b")


@pytest.mark.parametrize(
    ("age", "words"),
    [
        (timedelta(seconds=2), "now"),
        (timedelta(seconds=40), "40 s ago"),
        (timedelta(minutes=12), "12 m ago"),
        (timedelta(hours=23), "23 h ago"),
        (timedelta(days=3), "17 Nov"),
        (timedelta(days=400), "16 Oct 2025"),
        (timedelta(hours=-3), "in 3 h"),
        (timedelta(days=-90), "18 Feb 2027"),
    ],
)
def test_times_are_relative_within_a_day(age, words):
    assert when.spoken(NOON - age, NOON) == words


def test_a_time_shows_utc_and_the_local_time_in_its_title():
    with timezone.override("Asia/Singapore"):
        html = when.element(NOON, "now")
    assert 'datetime="2026-11-20T12:00:00.000Z"' in html
    assert "2026-11-20 12:00:00 UTC" in html
    assert "20:00:00" in html


def test_the_date_is_that_of_the_person_s_zone():
    late = datetime(2026, 11, 10, 20, 0, tzinfo=UTC)
    with timezone.override("Asia/Singapore"):
        assert when.spoken(late, NOON) == "11 Nov"


def test_lists_use_the_now_of_their_view_and_ask_no_database():
    html = Template("{% when moment %}").render(Context({"moment": NOON, "now": NOON + timedelta(minutes=3)}))
    assert ">3 m ago<" in html


def test_the_clock_is_the_database_s_and_aware(db):
    assert clock.now().tzinfo is UTC


def test_charts_escape_and_carry_no_styles():
    columns = [charts.Column((3, 0, 1, 0), 'a"<b>', "/alerts/?from=1&to=2"), charts.Column((0, 0, 0, 0), "none")]
    html = charts.histogram(columns, summary='4 alerts "now"', ticks=[(0, "<00:00>")])
    assert "<b>" not in html
    assert "style" not in html
    assert "&amp;to=2" in html
    assert html.count("<rect") == 2
    assert charts.histogram([], summary="nothing")


def test_the_verdict_bar_says_what_it_shows():
    assert "2 true positive, 5 benign positive" in charts.verdict_bar(true_positive=2, benign=5, false_positive=0)
    assert "no verdicts yet" in charts.verdict_bar(true_positive=0, benign=0, false_positive=0)


def test_too_few_verdicts_are_faded_and_said_to_be_too_few():
    bar = charts.verdict_bar(true_positive=0, benign=1, false_positive=0, few=True)
    assert 'class="minibar few"' in bar
    assert "too few to say" in bar
    assert charts.sparkline([]) == ""
    assert charts.sparkline([1.0, 1.0])
