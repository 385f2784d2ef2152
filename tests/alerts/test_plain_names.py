"""Words for fields, columns and targets: what an evidence line and a sentence say instead of names of columns."""

import pytest

from alerts.evidence_line import _deed
from alerts.plain_names import came_to, different
from alerts.selectors.deeds import what
from engine import Document


@pytest.mark.parametrize(
    ("column", "value", "told"),
    [
        ("Esql.process_command_line_count_distinct", "6", "6 different command lines"),
        ("Esql.patterns_count_distinct", "4", "4 different patterns"),
        ("Esql.host_name_values", "3 values", "3 different hosts"),
        ("Esql.event_count", "1", "1 event"),
        ("Esql.time_window", "noon", "time window noon"),
        ("user.name", "root", "user.name root"),
    ],
)
def test_what_a_query_made_is_told_in_words(column: str, value: str, told: str) -> None:
    assert "".join(came_to(column, value)) == told


def test_different_values_have_words_where_the_field_has() -> None:
    assert (different("process.name"), different("user.domain")) == ("programs", "values of user.domain")


def iam(**fields: object) -> Document:
    event = {"category": ["iam"], "action": "user.mfa.factor.deactivate", "outcome": "success"}
    return Document({"event": event, "user": {"name": "desk@corp.example", **fields}})


def test_it_is_told_whose_factor_was_removed_unless_it_is_ones_own() -> None:
    theirs, own = iam(target={"name": "lee@corp.example"}), iam(target={"name": "Desk@corp.example"})
    assert _deed(theirs) == "desk@corp.example user.mfa.factor.deactivate → lee@corp.example success"
    assert _deed(own) == "desk@corp.example user.mfa.factor.deactivate success"
    said = "".join(part.text for part in what(theirs))
    assert said == "performed user.mfa.factor.deactivate upon lee@corp.example"
    assert "upon" not in "".join(part.text for part in what(own))


def test_a_connection_tells_how_much_went_over_it_as_exactly_as_its_fold_does() -> None:
    def flow(volume: int) -> str:
        return _deed(
            Document(
                {
                    "event": {"category": ["network"]},
                    "process": {"name": "curl"},
                    "destination": {"ip": "203.0.113.9", "port": 445},
                    "network": {"bytes": volume},
                }
            )
        )

    assert flow(12_345_678) == flow(98_765_432) == "curl → 203.0.113.9:445 over 10 MB"
    assert flow(999) == "curl → 203.0.113.9:445"
