"""A rule worth tuning says why its false positives were false."""

from datetime import timedelta

from alerts import triage
from tests.overview.page import csv_of, text_of
from tests.people import sign_in

HOUR = timedelta(hours=1)


def test_a_rule_worth_tuning_says_why_its_false_positives_were_false(soc, now):
    for number in range(12):
        alert = soc.alert(now - 2 * HOUR, rule=soc.rules[0])
        triage.set_status(
            alert_ids=[alert.pk], status="closed", reason="false_positive",
            fault=("rule_logic", "data_wrong", "", "")[number % 4], actor=soc.people.ana, now=now - HOUR,
            team_ids=soc.teams,
        )  # fmt: skip
    mona = sign_in(soc.people.mona)
    assert "false positives: 3 rule logic, 3 data wrong, 6 not said" in text_of(mona)
    told = {row["dimension"]: row for row in csv_of(mona) if row["figure"] == "false positives by rule"}
    assert {name: row["value"] for name, row in told.items()} == {
        "perl, rule logic": "3", "perl, data wrong": "3", "perl, not said": "6",
    }  # fmt: skip
    assert {row["n"] for row in told.values()} == {"12"}
