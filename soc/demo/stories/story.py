"""A story is what happens on the company's machines in one scene: an attack, a look-alike, or a near miss.

An attack and a look-alike both fire the rule they are about; only what people find out afterwards differs. A near miss
is as close as it gets and must not fire.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from soc.demo.company import Company, Duty, Machine, Os, Person
from soc.demo.ecs import ROOT, Account, Document, Process, account_of, init_of

_UPTIME = timedelta(days=40)


class Outcome(StrEnum):
    """What a story is, which is also what an analyst would find."""

    ATTACK = "attack"
    LOOKALIKE = "look-alike"
    NEAR_MISS = "near miss"


@dataclass(frozen=True, slots=True)
class Scene:
    """Where and when a story happens; everything random in it comes from `rng`."""

    company: Company
    rng: random.Random
    at: datetime

    def pick(self, *duties: Duty, os: Os | None = None) -> Machine:
        """One of the machines with these duties (and this operating system)."""
        machines = [machine for machine in self.company.of(*duties) if os in (None, machine.os)]
        return self.rng.choice(machines)

    def somebody(self) -> Person:
        """One of the people."""
        return self.rng.choice(self.company.people)

    def service(
        self, machine: Machine, executable: str, *args: str, user: Account = ROOT, started: datetime | None = None
    ) -> Process:
        """A long-running process directly under the machine's first one; it keeps its identity over the weeks."""
        since = started or boot_of(machine)
        init = init_of(machine, since - timedelta(minutes=1))
        return Process(machine, executable, args or (executable,), user, since, init)

    def under(
        self,
        parent: Process,
        executable: str,
        *args: str,
        after: float = 0.0,
        user: Account | None = None,
        directory: str | None = None,
        interactive: bool = False,
    ) -> Process:
        """A process started in this scene, `after` seconds into it, by one that may have run for weeks."""
        offset = (self.at - parent.started).total_seconds() + after
        return parent.child(executable, *args, after=offset, user=user, directory=directory, interactive=interactive)

    def shell_of(self, person: Person, machine: Machine, after: float = 0.0) -> Process:
        """The interactive shell of a person who is logged on to a machine."""
        door = self.service(machine, "/usr/sbin/sshd", "sshd: /usr/sbin/sshd -D")
        session = self.under(door, "/usr/sbin/sshd", f"sshd: {person.login}", after=after)
        return session.child(
            "/bin/bash", "-bash", user=account_of(person), directory=f"/home/{person.login}", interactive=True
        )


@dataclass(frozen=True, slots=True)
class Story:
    """One thing that happens, and the rule it is about."""

    name: str
    rule: str
    outcome: Outcome
    tell: Callable[[Scene], Sequence[Document]]

    @property
    def fires(self) -> bool:
        """Whether the rule must fire on it."""
        return self.outcome is not Outcome.NEAR_MISS


def boot_of(machine: Machine) -> datetime:
    """When the machine booted: fixed, so that its services keep their entity ids over days of telemetry."""
    return datetime.fromisoformat("2026-01-05T04:00:00+00:00") + _UPTIME * (int(machine.id[:4], 16) / 65_536)


def from_elsewhere(documents: Sequence[Document], index: str = "logs-lab.replay-default") -> list[Document]:
    """The same documents as another source would send them: into an index that no rule reads."""
    return [
        document
        | {
            "_index": index,
            "_id": f"{document['_id']}-replay",
            "data_stream": {"type": "logs", "dataset": "lab.replay", "namespace": "default"},
        }
        for document in documents
    ]
