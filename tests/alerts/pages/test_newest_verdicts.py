"""A rule's precision is of its newest verdicts, beside an alert and on the rules' pages alike."""

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
    told = [("true_positive", "")] * older
    told += [("benign_positive", ""), ("false_positive", "data_wrong")] * (NEWEST_VERDICTS // 2)
    same = {"status": "closed", "closed_at": world.now, "fold": None}
    Alert.objects.bulk_create(
        [like(pattern, number, reason=reason, fault=fault, **same) for number, (reason, fault) in enumerate(told, 1)]
    )
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


def test_a_rule_whose_closed_alerts_have_no_verdict_says_so(ana: Client, world: World) -> None:
    alert = world.send([world.perl()])[0]
    assert "No alert of it has been closed yet." in ana.get(f"/rules/{alert.rule_id}/").content.decode()
    world.close([alert], "duplicate")
    assert "None of its closed alerts has a verdict." in ana.get(f"/rules/{alert.rule_id}/").content.decode()
