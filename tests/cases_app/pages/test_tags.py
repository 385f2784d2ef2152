"""What the pages of alerts show of cases."""

from typing import Any

from django.db import connection
from django.template import Context, Template
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from alerts.models import Alert
from cases.models import Case
from tests.alerts.pages.world import World
from tests.cases_app.pages.conftest import OpenCase, SignIn


def drawn(person: User, text: str, **context: Any) -> str:
    request = RequestFactory().get("/")
    request.user = person
    return Template("{% load cases_tags %}" + text).render(Context({"request": request, **context}))


def test_an_alert_in_a_case_has_a_chip_that_leads_there(world: World, case: Case, alerts: list[Alert]) -> None:
    chip = drawn(world.ana, "{% case_of_alert number %}", number=alerts[0].pk)
    assert f'href="/cases/{case.pk}/"' in chip
    assert f"CASE-{case.pk}" in chip


def test_one_in_none_has_no_chip_but_a_menu_that_leads_into_one(
    world: World, open_case: OpenCase, alerts: list[Alert]
) -> None:
    case = open_case(title="Take <me>")
    assert drawn(world.ana, "{% case_of_alert number %}", number=alerts[0].pk).strip() == ""
    menu = drawn(world.ana, "{% add_to_case number %}", number=alerts[0].pk)
    assert f'<input type="hidden" name="alert" value="{alerts[0].pk}">' in menu
    assert f'<option value="{case.pk}">CASE-{case.pk} Take &lt;me&gt;</option>' in menu


def test_the_menu_is_gone_once_it_is_in_a_case(world: World, case: Case, alerts: list[Alert]) -> None:
    assert drawn(world.ana, "{% add_to_case number %}", number=alerts[0].pk).strip() == ""


def test_the_bulk_menu_sends_the_ticked_ones_elsewhere(world: World, case: Case) -> None:
    menu = drawn(world.ana, "{% add_to_case_bulk %}")
    assert menu.count('formaction="/cases/add/"') == 2
    assert "<form" not in menu
    assert f'value="{case.pk}"' in menu


def test_who_may_not_is_told_what_he_lacks(world: World, alerts: list[Alert]) -> None:
    for tag in ("{% add_to_case number %}", "{% add_to_case_bulk %}"):
        menu = drawn(world.vera, tag, number=alerts[0].pk)
        assert "disabled" in menu
        assert "Needs the analyst role." in menu


def test_a_case_of_another_team_is_not_named(world: World, case: Case, alerts: list[Alert]) -> None:
    Alert.objects.update(team=world.other)  # moved there since
    assert drawn(world.otto, "{% case_of_alert number %}", number=alerts[0].pk).strip() == ""


def test_many_alerts_cost_one_query(world: World, case: Case, alerts: list[Alert]) -> None:
    text = "{% case_chips alerts as chips %}{% for one in alerts %}{% case_of_alert one.pk %}{% endfor %}"
    with CaptureQueriesContext(connection) as queries:
        chips = drawn(world.ana, text, alerts=alerts)
    assert chips.count("CASE-") == 3
    assert len([query for query in queries if "cases_casealert" in query["sql"]]) == 1


def test_the_toast_leads_to_the_case(sign_in: SignIn, open_case: OpenCase, alerts: list[Alert]) -> None:
    ana: Client = sign_in("ana")
    case = open_case()
    ana.post("/cases/add/", {"alert": alerts[0].pk, "to": "existing", "case": case.pk})
    assert f'<a href="/cases/{case.pk}/">' in ana.get("/alerts/").content.decode()
