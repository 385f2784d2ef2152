"""How common a value is here: on how many hosts it was seen, and since when, without a scan.

Values are kept as hashes, a row a value and host (SeenValue), written by events/prevalence_notes.py a minute or so
after their events. Hosts are counted to a bound, beyond which "more" is all that anybody asks.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from hashlib import blake2b
from typing import Any

from django.db import connection

from engine.folding import fold
from events.models import ValuesLearnt
from events.searching import fetch

FIELDS: Mapping[str, int] = {
    "process.name": 1, "process.executable": 2, "process.parent.name": 3, "process.parent.executable": 4,
    "process.command_line": 5, "process.hash.sha256": 6, "user.name": 7, "dns.question.name": 8, "destination.ip": 9,
    "file.path": 10, "event.action": 11, "user_agent.original": 12, "source.ip": 13, "process.args": 14,
    "process.parent.args": 15, "process.pe.original_file_name": 16, "event.code": 17,
}  # fmt: skip
"""The fields whose values are kept, by the number that their rows have: a number is never given to another field.

Each costs rows: of ordinary work some 0.3 an event in all, 220 bytes each, most of them paths and command lines that
come once.
"""
HOSTS = 0
"""The number under which every host is kept, with a value of zeros."""
NOWHERE = bytes(8)
ANY_VALUE = bytes(16)
MOST_HOSTS = 2_000
_LONGEST = 4_000  # characters of a value that tell it apart
_MOST_ASKED = 200

# Each value is an index range of its own, read to the bound and no further.
# A host is one, in however many of the teams it is; of one team its rows are counted, which needs no sorting.
_COMMON = """
SELECT asked.field, asked.value, seen.hosts, seen.first_day, seen.last_day, seen.days, own.first_day,
    (SELECT max(at) FROM events_valueslearnt), seen.rows
FROM unnest(%(fields)s::smallint[], %(values)s::bytea[]) AS asked (field, value)
CROSS JOIN LATERAL (
    SELECT count({of_hosts}) FILTER (WHERE host <> %(nowhere)s) AS hosts, count(*) AS rows,
        min(first_day) AS first_day, max(last_day) AS last_day,
        max(days) AS days
    FROM (
        SELECT host, first_day, last_day, days FROM events_seenvalue kept
        WHERE kept.team_id = ANY(%(teams)s) AND kept.field = asked.field AND kept.value = asked.value LIMIT %(most)s
    ) AS bounded
) AS seen
LEFT JOIN LATERAL (
    SELECT min(first_day) AS first_day FROM events_seenvalue kept
    WHERE kept.team_id = ANY(%(teams)s) AND kept.field = asked.field AND kept.value = asked.value
        AND kept.host = %(host)s
) AS own ON true
"""

# Of each value no more rows are read than tell that it is on more hosts than few; a host has one in each of its teams.
_FEW = """
SELECT asked.value, (SELECT count(DISTINCT host) FROM (
    SELECT host FROM events_seenvalue kept
    WHERE kept.team_id = ANY(%(teams)s) AND kept.field = %(field)s AND kept.value = asked.value LIMIT {few}
) AS bounded WHERE host <> %(nowhere)s)
FROM unnest(%(values)s::bytea[]) AS asked (value)
UNION ALL
SELECT %(any)s::bytea, (SELECT count(DISTINCT host) FROM (
    SELECT host FROM events_seenvalue kept
    WHERE kept.team_id = ANY(%(teams)s) AND kept.field = %(hosts)s AND kept.value = %(any)s LIMIT {most}
) AS bounded)
"""
RARE = 100
"""What at most one host in so many has is rare, and what one host alone has is rare anywhere."""


@dataclass(frozen=True, slots=True)
class Common:
    """Where a value was seen: on `hosts` of `of_hosts` (0: only in events that name no host), from `first_day` on.

    `days` is how many days it was seen on the host that saw it on most; `here_since` is since when it is known on the
    host that was asked for, None when it is not, or no host was. `more`: there are more hosts than are counted.
    `known_from` is the first day of which anything is known, `noted_until` the moment up to which events were noted.
    """

    hosts: int
    of_hosts: int
    first_day: date
    last_day: date
    days: int = 1
    here_since: date | None = None
    more: bool = False
    known_from: date | None = None
    noted_until: datetime | None = None


def common(
    team_ids: Sequence[int], values: Iterable[tuple[str, str]], *, host: str = ""
) -> dict[tuple[str, str], Common]:
    """How common these values of fields are in events of these teams; what was never noted is not in the answer.

    One query, some milliseconds. Fields whose values are not kept are passed over.
    """
    asked = {(FIELDS[field], hash_of(value)): (field, value) for field, value in values if field in FIELDS}
    if not asked or not team_ids:
        return {}
    keys = [*list(asked)[:_MOST_ASKED], (HOSTS, ANY_VALUE)]
    with connection.cursor() as cursor:
        cursor.execute(
            _COMMON.format(of_hosts="DISTINCT host" if len(team_ids) > 1 else "*"),
            {
                "fields": [number for number, _ in keys], "values": [value for _, value in keys],
                "teams": list(team_ids), "most": MOST_HOSTS, "nowhere": NOWHERE, "host": host_hash(host),
            },
        )  # fmt: skip
        rows = {(number, bytes(value)): rest for number, value, *rest in cursor.fetchall() if rest[1] is not None}
    total, known_from = rows.pop((HOSTS, ANY_VALUE), [0, None])[:2]
    return {asked[key]: _told(found, total, known_from, bool(host)) for key, found in rows.items()}


def rare_ones(
    team_ids: Sequence[int], field: str, values: Sequence[str], *, seconds: float
) -> tuple[list[tuple[str, int]], int] | None:
    """Those of a field's values that few hosts had in thirty days, with on how many, the rarest first, and how many
    hosts there are; None where it took longer than it may. One query.

    What was not noted yet is on no host that is known of, and so is an address that its agent spells in its own way.
    """
    hashes, teams = {hash_of(value): value for value in values}, max(1, len(team_ids))
    asked: dict[str, Any] = {
        "field": FIELDS[field], "values": list(hashes), "any": ANY_VALUE, "hosts": HOSTS, "teams": list(team_ids),
        "nowhere": NOWHERE,
    }  # fmt: skip
    few = max(1, MOST_HOSTS // RARE) + 2  # one more than are few, and the row of events that name no host
    rows = fetch(_FEW.format(few=few * teams, most=MOST_HOSTS * teams), asked, seconds)
    if rows is None:
        return None
    known = {bytes(value): number for value, number in rows}
    total = known.pop(ANY_VALUE)
    most = max(1, min(total, MOST_HOSTS) // RARE)
    found = [(hashes[key], number) for key, number in known.items() if number <= most]
    return sorted(found, key=lambda one: (one[1], one[0])), total


def _told(found: Sequence[Any], total: int, known_from: date | None, asked_here: bool) -> Common:
    hosts, first, last, days, here, until, read = found
    return Common(
        hosts, max(total, hosts), first, last, days, here if asked_here else None, read >= MOST_HOSTS, known_from,
        until,
    )  # fmt: skip


def noted_until() -> datetime | None:
    """Up to when events were noted; None before the first was. One query."""
    return ValuesLearnt.objects.values_list("at", flat=True).filter(pk=1).first()


@lru_cache(maxsize=65_536)
def hash_of(value: str) -> bytes:
    """Sixteen bytes for a value; upper and lower case are alike."""
    return blake2b(fold(value[:_LONGEST]).encode(errors="surrogatepass"), digest_size=16).digest()


@lru_cache(maxsize=16_384)
def host_hash(name: str) -> bytes:
    """Eight bytes for a host's name; zeros for none."""
    return blake2b(fold(name).encode(errors="surrogatepass"), digest_size=8).digest() if name else NOWHERE
