"""What a step's words say is to be looked at, for guides whose authors wrote no searches: fourteen kinds of phrase.

Each kind has a pattern for the words of a step and the searches that answer it. The first pattern that fits an earlier
place of the text does not win over a later one: all that fit count, in the order of this table.

What asks for thirty days is answered from the values noted of them (Table.SEEN) and never by a search: over millions of
events a search for a hash takes seconds, and a number has a tenth of one. They are noted for each value and host, and
not together: so which program which user ran on which host is two answers, on how many hosts each of the values is
known, and a search of the week before on this host. Hosts are not noted by name; "Open in search" finds them.
"""

import re
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache

from engine.pivots.template import DAY, WEEK, Search, Span, Table

_HOUR = Span(timedelta(hours=1), timedelta(hours=1))
_MINUTES = Span(timedelta(minutes=5), timedelta(minutes=5))
_WEEK_BEFORE = Span(timedelta(days=7), timedelta(hours=1))
_MONTH_BEFORE = Span(timedelta(days=30), timedelta(hours=1))

# Where Linux, macOS and Windows look for what is to start by itself, and who may sign in.
_PERSISTENCE = " or ".join(
    (
        "/etc/cron*",
        "/var/spool/cron/*",
        "/etc/systemd/system/*",
        "/usr/lib/systemd/system/*",
        "/etc/init.d/*",
        "/etc/rc.local",
        "/etc/profile*",
        "/etc/ld.so.preload",
        "*/.ssh/authorized_keys",
        "*/.bashrc",
        "*/.bash_profile",
        "*/.config/autostart/*",
        "*/LaunchAgents/*",
        "*/LaunchDaemons/*",
        r"*\\Start Menu\\Programs\\Startup\\*",
        r"*\\System32\\Tasks\\*",
    )
)

LOGONS = Search("Logons of {user.name}", "event.category: authentication and user.name: {user.name}")
HOSTS_OF_USER = Search("Hosts used by {user.name}", "user.name: {user.name}", _WEEK_BEFORE, by="host.name")
PARENT = Search("Parent process {process.parent.name}", "process.entity_id: {process.parent.entity_id}")
ANCESTORS_OF = Search(
    "Ancestors of {process.name}", "event.category: process and process.entity_id: {ancestors}", _WEEK_BEFORE
)
# As the process tree counts them: processes, and not what else is known of them, without the one at hand.
BESIDE = Search(
    "Others started by {process.parent.name}",
    "event.category: process and process.parent.entity_id: {process.parent.entity_id} "
    "and not process.entity_id: {process.entity_id}",
)
CHILDREN = Search(
    "Children of {process.name}", "event.category: process and process.parent.entity_id: {process.entity_id}"
)
CONNECTIONS = Search("Connections in this tree", "event.category: network and process.entity_id: {tree}")
RARE_DESTINATIONS = Search(
    "Rare destinations of {host.name}",
    "event.category: network and host.name: {host.name}",
    DAY,
    Table.SEEN,
    by="destination.ip",
)
FILES = Search("Files in this tree", "event.category: file and process.entity_id: {tree}")
PERSISTENCE = Search(
    "Persistence writes, {host.name}",
    f"event.category: file and host.name: {{host.name}} and file.path: ({_PERSISTENCE})",
    _HOUR,
)
ALERTS_OF_HOST = Search("Alerts on {host.name}", "host.name: {host.name}", WEEK, Table.ALERTS)
ALERTS_OF_USER = Search("Alerts of {user.name}", "user.name: {user.name}", WEEK, Table.ALERTS)
ALERTS_OF_HASH = Search("Alerts about this file", "process.hash.sha256: {process.hash.sha256}", WEEK, Table.ALERTS)
HOSTS_OF_HASH = Search("Hosts with this file", "process.hash.sha256: {process.hash.sha256}", _MONTH_BEFORE, Table.SEEN)
HASH_HERE = Search(
    "This file on {host.name}", "host.name: {host.name} and process.hash.sha256: {process.hash.sha256}", _WEEK_BEFORE
)
PROGRAM_HERE = Search(
    "{process.name} on {host.name}", "host.name: {host.name} and process.executable: {process.executable}"
)
SAME_COMMAND = Search(
    "Same command elsewhere",
    "event.category: process and process.command_line: {process.command_line} and not host.name: {host.name}",
)
LOOKUPS = Search("Hosts that asked for {dns.question.name}", "dns.question.name: {dns.question.name}", by="host.name")
LOOKUPS_HERE = Search("Lookups in this tree", "dns.question.name: * and process.entity_id: {tree}")
REGISTRY = Search("Registry on {host.name}", "event.category: registry and host.name: {host.name}", _HOUR)
ACCOUNT_CHANGES = Search(
    "Account changes on {host.name}",
    "host.name: {host.name} and (event.category: iam or "
    "process.name: (useradd or usermod or userdel or groupadd or visudo or passwd or chsh))",
)
CHANGES_BY_USER = Search("Account changes by {user.name}", "event.category: iam and user.name: {user.name}")
HOW_USUAL = Search(
    "Hosts that run {process.name}",
    "process.executable: {process.executable} and user.name: {user.name} and host.name: {host.name}",
    _MONTH_BEFORE,
    Table.SEEN,
)
USUAL_HERE = Search(
    "{process.name} by {user.name} here",
    "host.name: {host.name} and user.name: {user.name} and process.executable: {process.executable}",
    _WEEK_BEFORE,
)
AROUND = Search("All of {host.name}", "host.name: {host.name}", _MINUTES)
AROUND_USER = Search("All of {user.name}", "user.name: {user.name}", _HOUR)


@dataclass(frozen=True, slots=True)
class Phrase:
    """A kind of thing that steps tell to look at, and the searches that show it."""

    name: str
    words: str
    searches: tuple[Search, ...]


PHRASES = (
    Phrase(
        "other alerts",
        r"(other|related|additional|further|previous|similar|associated) (\w+ ){0,3}(alerts|detections)"
        r"|correlat\w+ (\w+ ){0,5}(alerts|events|activit\w+|logs)|same host|alerts (associated|for|on|from|involving)"
        r"|lateral movement|broader (attack|campaign|compromise)",
        (ALERTS_OF_HOST, ALERTS_OF_USER),
    ),
    Phrase(
        "children",
        r"child(ren)?( process(es)?)?\b|descendants?|what (it|the \w+) (ran|started|did)|spawned (by|process)"
        r"|subsequent|follow[- ]on|post-(execution|alert|exploitation)",
        (CHILDREN,),
    ),
    Phrase(
        "parent",
        r"parent\b|ancestors?|process (tree|chain|lineage|ancestry)|execution chain"
        r"|how (it|\w+ \w+) was (started|launched)"
        r"|(who|what) (started|launched|spawned)|(launched|started|spawned|invoked) (it|from|by)",
        (PARENT, ANCESTORS_OF, BESIDE),
    ),
    Phrase(
        "account",
        r"user'?s?\b|accounts?\b|credentials?|identit(y|ies)|log-?[oi]ns?\b|logged (in|on)|sign-?ins?\b|authenticat\w+"
        r"|sessions?\b|principals?\b|actors?\b|caller",
        (LOGONS, HOSTS_OF_USER),
    ),
    Phrase(
        "network",
        r"network|connect(ion|ions|ed|s)\b|outbound|inbound|command[- ]and[- ]control|\bc2\b|exfiltrat\w+"
        r"|data transfer|traffic|destinations?\b|(external|remote) (ip|address|host|server)\w*|downloads?\b|downloaded"
        r"|beacon\w*|egress",
        (CONNECTIONS, RARE_DESTINATIONS),
    ),
    Phrase(
        "files",
        r"files?\b|dropp(ed|er)|director(y|ies)|folders?\b|artifacts?\b|payloads?\b|scripts?\b|librar(y|ies)|modules?\b",
        (FILES,),
    ),
    Phrase(
        "persistence",
        r"persisten\w+|scheduled (task|job)s?|cron\w*|services?\b(?! (account|principal))"
        r"|start-?up|systemd|autorun|launch ?(agent|daemon)s?"
        r"|boot\b|init scripts?|authorized_keys",
        (PERSISTENCE,),
    ),
    Phrase(
        "binary",
        r"hash(es)?\b|binar(y|ies)|executables?\b|code signature|signatures?\b|signed|prevalence|reputation|malware",
        (HOSTS_OF_HASH, HASH_HERE, ALERTS_OF_HASH),
    ),
    Phrase(
        "command",
        r"command[- ]?lines?|arguments?\b|\bargs\b|commands?\b|parameters?\b|flags\b|process (name|execution|details)",
        (PROGRAM_HERE, SAME_COMMAND),
    ),
    Phrase("names", r"\bdns\b|domains?\b|hostnames?\b|resol(ve|ution)\w*", (LOOKUPS, LOOKUPS_HERE)),
    Phrase("registry", r"registry|\bhk(lm|cu|ey\w*)\b", (REGISTRY,)),
    Phrase(
        "account changes",
        r"(account|user|permission|privilege|group|role|member|polic)\w* (\w+ ){0,3}"
        r"(chang|creat|modif|add|escalat|grant)\w*"
        r"|(chang|creat|modif|add|grant)\w+ (\w+ ){0,3}(account|user|permission|privilege|group|role|member|polic)\w*"
        r"|privilege escalation|new accounts?|sudo(ers)?\b",
        (ACCOUNT_CHANGES, CHANGES_BY_USER),
    ),
    Phrase(
        "usual",
        r"baseline|expected|usual\b|normal\b|legitimate|known good|histor(y|ical)\w*|routine|typical\w*|authori[sz]ed"
        r"|benign|unusual|anomal\w+",
        (HOW_USUAL, USUAL_HERE, HOSTS_OF_USER),
    ),
    Phrase(
        "timeline",
        r"time ?line|around (the|that|this) (time|alert|event|minute)|surrounding|same time"
        r"|(shortly|minutes?) (before|after)"
        r"|time of the (event|alert)|timestamp|preceding|prior to|\bhosts?\b|endpoints?\b|systems?\b|machine",
        (AROUND, AROUND_USER),
    ),
)
_PATTERNS = tuple((re.compile(phrase.words, re.IGNORECASE), phrase) for phrase in PHRASES)
_LONGEST = 4_000


@lru_cache(maxsize=2_000)
def searches_in_words(text: str) -> tuple[Search, ...]:
    """The searches of every phrase in the text: the first of each phrase first, then the second ones."""
    found = [phrase.searches for pattern, phrase in _PATTERNS if pattern.search(text[:_LONGEST])]
    firsts = [searches[0] for searches in found]
    return tuple(dict.fromkeys([*firsts, *(one for searches in found for one in searches[1:])]))
