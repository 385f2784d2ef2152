"""What the page says of a SOC with little in it: nothing yet, what needs somebody, and what is too little to tell."""

from datetime import timedelta
from urllib.parse import quote

from alerts import triage
from rules.models import Rule
from rules.quarantine import quarantine, release
from tests.overview.page import text_of
from tests.people import sign_in

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def test_before_the_first_alert_the_page_says_so(soc):
    said = text_of(sign_in(soc.people.mona))
    assert "No alert has been raised yet." in said
    assert "Definitions" in said


def test_the_sentence_leads_to_what_is_wrong(soc, now):
    soc.alert(now - HOUR, severity=4)
    said = text_of(sign_in(soc.people.mona))
    assert "1 critical alert has no owner" in said
    assert "/alerts/?severity=critical&amp;assignee=nobody" in said


def test_what_is_late_is_named_with_its_severity(soc, now):
    for hours in (5, 6, 1):
        soc.alert(now - hours * HOUR, severity=3)
    assert "2 high or critical alerts have waited past their target" in text_of(sign_in(soc.people.mona))


def test_a_quarantined_rule_is_said_when_nothing_worse_is(soc, now):
    soc.alert(now - MINUTE, severity=1)
    quarantine(rule_id="perl", reason="broken", now=now - 10 * MINUTE)
    assert "1 rule is quarantined" in text_of(sign_in(soc.people.mona))
    release(rule=Rule.objects.get(pk="perl"), actor=None, now=now - 5 * MINUTE)
    assert "Nothing needs you" in text_of(sign_in(soc.people.mona))
    then = quote((now - 7 * MINUTE).isoformat())
    Rule.objects.update(created_at=now - DAY)
    assert "1 rule is quarantined" in text_of(sign_in(soc.people.mona), f"/overview/?at={then}")


def test_few_verdicts_are_no_share(soc, now):
    alert = soc.alert(now - HOUR)
    triage.set_status(
        alert_ids=[alert.pk], status="closed", reason="false_positive", actor=soc.people.ana, now=now - MINUTE,
        team_ids=soc.teams,
    )  # fmt: skip
    said = text_of(sign_in(soc.people.mona))
    assert "1 verdict is too few" in said
    assert "0 true of 1 verdict, too few" in said
