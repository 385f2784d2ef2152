import re

import pytest

from engine.attack import NAMES, SUBTECHNIQUE_OF, TACTICS, name_of, url_of


def test_tactics_go_in_the_order_of_an_intrusion():
    names = list(TACTICS.values())
    assert (names[0], names[-1], len(names)) == ("Reconnaissance", "Impact", 14)


def test_every_sub_technique_has_its_technique():
    assert set(SUBTECHNIQUE_OF.values()) <= set(NAMES)
    assert all(re.fullmatch(r"TA\d{4}|T\d{4}(\.\d{3})?", name) for name in NAMES)


@pytest.mark.parametrize(
    ("attack_id", "name", "url"),
    [
        ("T1059.006", "Command and Scripting Interpreter: Python", "https://attack.mitre.org/techniques/T1059/006/"),
        ("T1490", "Inhibit System Recovery", "https://attack.mitre.org/techniques/T1490/"),
        ("TA0040", "Impact", "https://attack.mitre.org/tactics/TA0040/"),
        ("T9999", None, "https://attack.mitre.org/techniques/T9999/"),
        ("T1059/../x", None, None),
    ],
)
def test_an_id_gives_its_name_and_its_page(attack_id, name, url):
    assert (name_of(attack_id), url_of(attack_id)) == (name, url)
