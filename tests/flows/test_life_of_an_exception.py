"""An event becomes an alert, and an exception written on it silences what it covers and nothing else; no JavaScript."""

import pytest

PERL = "Interactive Terminal Spawned via Perl"
SYSTEM_USER = "Unusual Interactive Shell Launched from System User"

pytestmark = pytest.mark.flow


@pytest.fixture(scope="module", autouse=True)
def history(agent):
    agent.has_a_year_of_history()


def _except_from(visitor, alert: int, **answers: str):
    """Save the exception that the page suggests, closing what it matches."""
    page = visitor.open(f"/alerts/{alert}/?side=exception")
    form = visitor.form(page, f"/alerts/{alert}/exceptions/")
    return visitor.send(form, reason="The backup console opens its shell so.", close="on", **answers)


def test_an_exception_from_an_alert_silences_the_same_and_not_its_near_miss(agent, visitor):
    agent.tell("perl terminal of the backup console")
    alerts = agent.alerts_of(PERL)
    assert len(alerts) == 1, "raised without waiting for the rule's interval"
    page = visitor.open(f"/alerts/{alerts[0]}/")
    assert PERL in page
    assert "Why it fired" in page

    answer = _except_from(visitor, alerts[0])
    assert answer.status_code == 200
    assert agent.ask("SELECT status, reason FROM alerts_alert WHERE id = %s", alerts[0]) == [
        ("closed", "benign_positive")
    ]

    agent.tell("perl terminal of the backup console", seed=2)
    assert agent.alerts_of(PERL) == alerts, "the same again makes no alert"
    agent.tell("perl terminal after a web shell")
    assert len(agent.alerts_of(PERL)) == 2, "what the exception does not cover still fires"


def test_taking_the_exception_back_raises_what_it_held_back(agent, visitor):
    before = len(agent.alerts_of(PERL))
    [(item,)] = agent.ask(
        "SELECT i.id FROM rules_exceptionitem i JOIN rules_rule r ON r.id = i.rule_id WHERE r.name = %s", PERL
    )
    rule = agent.ask("SELECT id FROM rules_rule WHERE name = %s", PERL)[0][0]
    page = visitor.open(f"/rules/{rule}/?tab=exceptions")
    visitor.send(visitor.form(page, f"/alerts/exceptions/{item}/disable/"))
    assert len(agent.alerts_of(PERL)) == before + 1


def test_a_near_miss_and_a_foreign_index_raise_nothing(agent):
    before = agent.alerts_of(PERL)
    agent.tell("perl becomes rsync")
    agent.tell("perl terminal replayed in the lab")
    assert agent.alerts_of(PERL) == before


def test_an_exception_silences_a_new_terms_rule_too(agent, visitor):
    before = agent.alerts_of(SYSTEM_USER)
    agent.tell("a shell for the games account")
    alerts = agent.alerts_of(SYSTEM_USER)
    assert len(alerts) == len(before) + 1
    agent.tell("a shell for the games account")
    assert agent.alerts_of(SYSTEM_USER) == alerts, "what was seen is not new"

    page = visitor.open(f"/alerts/{alerts[-1]}/?side=exception&add=user.name")
    form = visitor.form(page, f"/alerts/{alerts[-1]}/exceptions/")
    form.values = [pair for pair in form.values if pair[0] not in ("field", "operator", "value", "case")]
    form.values += [("field", "user.name"), ("operator", "is"), ("value", "games"), ("case", "")]
    assert visitor.send(form, reason="The games account is a test.").status_code == 200

    agent.tell("a shell for the games account", seed=5)
    assert agent.alerts_of(SYSTEM_USER) == alerts, "the exception covers every program of this account"
    agent.tell("restore test as backup")
    assert len(agent.alerts_of(SYSTEM_USER)) == len(alerts) + 1, "another account still fires"
