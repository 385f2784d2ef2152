"""A rule's precision is of its newest verdicts, beside an alert and on the rules' pages alike."""

from datetime import timedelta

import pytest
from django.test import Client

from alerts import selectors
from alerts.models import Alert
from alerts.selectors.shapes import NEWEST_VERDICTS
from tests.alerts.pages.test_folds import like
from tests.alerts.pages.world import World


def closed(world: World, older: int) -> Alert:
    """An open alert of a rule whose newest verdicts are half false positives with a fault; all before were true."""
    pattern = world.send([world.perl()])[0]
    for number in range(NEWEST_VERDICTS + older):
        new = number >= older
        told = (
            ("false_positive", "data_wrong")
            if new and number % 2
            else ("benign_positive" if new else "true_positive", "")
        )
        told_of = {"status": "closed", "reason": told[0], "fault": told[1], "fold": None}
        Alert.objects.bulk_create([like(pattern, number + 1, closed_at=world.now + timedelta(number), **told_of)])
    return pattern


@pytest.mark.parametrize("older", [0, 3])
def test_the_rules_pages_tell_of_the_newest_verdicts_as_an_alert_does(ana: Client, world: World, older: int) -> None:
    alert, half = closed(world, older), NEWEST_VERDICTS // 2
    told = selectors.past_verdicts([alert.rule_id, "none"], [world.team.pk])
    assert (told[alert.rule_id].benign_positive, told[alert.rule_id].false_positive) == (half, half)
    assert (told[alert.rule_id].true_positive, told[alert.rule_id].newest) == (0, bool(older))
    assert told["none"].total == 0
    listed, page = (ana.get(address).content.decode() for address in ("/rules/?q=perl", f"/rules/{alert.rule_id}/"))
    words = "newest " if older else ""
    assert f"<b>0 %</b> of {words}{NEWEST_VERDICTS}<" in listed
    assert f"0 true positives in {'the ' if older else ''}{words}{NEWEST_VERDICTS} verdicts." in page
    assert f"False positives: {half} data wrong" in page
    assert "Open the 1<" in page


def test_the_verdicts_of_other_teams_are_not_counted(world: World) -> None:
    alert = closed(world, 1)
    assert selectors.past_verdicts([alert.rule_id], [world.team.pk + 1])[alert.rule_id].total == 0
    assert selectors.faults_of(alert.rule_id, 2, [world.team.pk + 1]).data_wrong == 0
