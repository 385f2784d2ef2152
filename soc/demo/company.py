"""The demo company: its machines and people, the same for the same seed.

Everything here is made up. What the machines do is in `background.py` (ordinary work) and `stories/` (what rules
look for).
"""

import hashlib
import random
from dataclasses import dataclass, field
from enum import StrEnum

DOMAIN = "tidewater.example"


class Os(StrEnum):
    """The operating systems of the company, as ECS `host.os.type` names them."""

    LINUX = "linux"
    WINDOWS = "windows"
    MACOS = "macos"


class Duty(StrEnum):
    """What a machine is for; ordinary work differs by it."""

    WEB = "web"
    DATABASE = "database"
    CI = "ci"
    CLUSTER = "cluster"
    BASTION = "bastion"
    STORAGE = "storage"
    DEVELOPER = "developer"
    OFFICE = "office"
    DIRECTORY = "directory"


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who works at the company; `home` is the address he usually signs in from."""

    login: str
    name: str
    uid: int
    home: str
    country: str

    @property
    def email(self) -> str:
        """The address he signs in to cloud services with."""
        return f"{self.login}@{DOMAIN}"


@dataclass(frozen=True, slots=True)
class Machine:
    """A host with an agent on it."""

    name: str
    os: Os
    duty: Duty
    ip: str
    owner: Person | None = None
    tags: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        """A stable host id."""
        return stable_id("host", self.name)

    @property
    def agent_id(self) -> str:
        """The id of the agent that runs on it."""
        return stable_id("agent", self.name)


@dataclass(frozen=True, slots=True)
class Company:
    """Machines and people, by duty and by login."""

    people: tuple[Person, ...]
    machines: tuple[Machine, ...]
    by_name: dict[str, Machine] = field(default_factory=dict)

    def of(self, *duties: Duty) -> list[Machine]:
        """The machines with one of these duties."""
        return [machine for machine in self.machines if machine.duty in duties]

    def person(self, login: str) -> Person:
        """The person with this login."""
        return next(person for person in self.people if person.login == login)


def stable_id(*parts: object) -> str:
    """A 32-digit id that depends on its parts only, so that the same telemetry sent twice is recognised as such."""
    return hashlib.blake2b("\x1f".join(map(str, parts)).encode(), digest_size=16).hexdigest()


_PEOPLE = (
    ("abergstrom", "A. Bergstrom", "SE"),
    ("bokafor", "B. Okafor", "GB"),
    ("cmoreau", "C. Moreau", "FR"),
    ("dlindqvist", "D. Lindqvist", "SE"),
    ("epark", "E. Park", "GB"),
    ("fhaddad", "F. Haddad", "FR"),
    ("gnowak", "G. Nowak", "PL"),
    ("hsato", "H. Sato", "GB"),
    ("ijovanovic", "I. Jovanovic", "PL"),
    ("jquist", "J. Quist", "NL"),
    ("kmbeki", "K. Mbeki", "GB"),
    ("lferrari", "L. Ferrari", "IT"),
    ("mdevries", "M. de Vries", "NL"),
    ("nbrandt", "N. Brandt", "DE"),
    ("oryan", "O. Ryan", "IE"),
    ("psilva", "P. Silva", "PT"),
)
_SERVERS: tuple[tuple[str, Duty, int, tuple[str, ...]], ...] = (
    ("web-prod", Duty.WEB, 4, ("production",)),
    ("web-stage", Duty.WEB, 1, ("staging",)),
    ("db-prod", Duty.DATABASE, 2, ("production",)),
    ("db-stage", Duty.DATABASE, 1, ("staging",)),
    ("ci-runner", Duty.CI, 4, ("ci", "ephemeral")),
    ("k8s-node", Duty.CLUSTER, 3, ("production",)),
    ("bastion", Duty.BASTION, 1, ("production",)),
    ("nas", Duty.STORAGE, 1, ("production",)),
)


def found(seed: int) -> Company:
    """Build the company. The seed varies addresses only; names stay, so that guides and screenshots can name them."""
    rng = random.Random(f"company {seed}")
    people = tuple(
        Person(login, name, 1000 + number, f"198.51.100.{rng.randrange(2, 250)}", country)
        for number, (login, name, country) in enumerate(_PEOPLE)
    )
    machines = (*_servers(rng), *_desks(rng, people))
    return Company(people, machines, {machine.name: machine for machine in machines})


def _servers(rng: random.Random) -> list[Machine]:
    machines = [
        Machine(f"{stem}-{number:02}", Os.LINUX, duty, _address(rng, 20), tags=tags)
        for stem, duty, count, tags in _SERVERS
        for number in range(1, count + 1)
    ]
    machines += [
        Machine(name, Os.WINDOWS, Duty.DIRECTORY, _address(rng, 21), tags=("production",))
        for name in ("dc-01", "dc-02")
    ]
    return [*machines, Machine("files-01", Os.WINDOWS, Duty.STORAGE, _address(rng, 21), tags=("production",))]


def _desks(rng: random.Random, people: tuple[Person, ...]) -> list[Machine]:
    """Five developers on Linux, two on macOS, the rest of the office on Windows."""
    systems = [Os.LINUX] * 5 + [Os.MACOS] * 2 + [Os.WINDOWS] * (len(people) - 7)
    return [
        Machine(
            f"{'ws' if system is Os.WINDOWS else 'dev'}-{person.login}",
            system,
            Duty.OFFICE if system is Os.WINDOWS else Duty.DEVELOPER,
            _address(rng, 30),
            owner=person,
        )
        for person, system in zip(people, systems, strict=True)
    ]


def _address(rng: random.Random, net: int) -> str:
    return f"10.{net}.{rng.randrange(0, 8)}.{rng.randrange(2, 250)}"
