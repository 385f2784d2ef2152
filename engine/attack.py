"""The names of ATT&CK's tactics and techniques, for pages that have only an id.

The table is engine/data/attack.toml. What a rule says about its own mapping comes from its file, not from here.
"""

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

_TABLE = tomllib.loads((Path(__file__).parent / "data" / "attack.toml").read_text(encoding="utf-8"))
_ID = re.compile(r"TA[0-9]{4}|T[0-9]{4}(?:\.[0-9]{3})?")

TACTICS: Mapping[str, str] = MappingProxyType(_TABLE["tactics"])
"""Name by id, in the order in which an intrusion goes."""

NAMES: Mapping[str, str] = MappingProxyType({**_TABLE["tactics"], **_TABLE["techniques"]})
"""Name by id, of tactics, techniques and sub-techniques."""

SUBTECHNIQUE_OF: Mapping[str, str] = MappingProxyType(
    {name: name.split(".")[0] for name in _TABLE["techniques"] if "." in name}
)
"""The technique that each listed sub-technique belongs to."""


def name_of(attack_id: str) -> str | None:
    """The full name of a tactic or technique, `Parent: Sub-technique` for the latter; None when it is not listed."""
    name = NAMES.get(attack_id)
    parent = NAMES.get(attack_id.split(".")[0]) if name and "." in attack_id else None
    return f"{parent}: {name}" if parent else name


def url_of(attack_id: str) -> str | None:
    """The page of a tactic or technique at MITRE; None for what is not an id."""
    if not _ID.fullmatch(attack_id):
        return None
    kind = "tactics" if attack_id.startswith("TA") else "techniques"
    return f"https://attack.mitre.org/{kind}/{attack_id.replace('.', '/')}/"
