"""What an ES|QL query consists of, as it was written: commands, and the expressions in them.

Nodes say nothing of types or of which columns there are; that is worked out when a pipeline is compiled
(engine/pipelines/). Every node knows its place in the text, so that whatever is wrong with it can be underlined.
Source: Elasticsearch's ES|QL reference.
"""

from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias


class Place(NamedTuple):
    """A stretch of the query's text: [start, end) in characters."""

    start: int
    end: int


NOWHERE = Place(0, 0)


@dataclass(frozen=True, slots=True)
class Node:
    """Anything with a place. Two nodes are equal when they say the same, wherever they stand.

    `depth` is how many nodes stand in one another from here down; the parser bounds it, so whoever walks may recurse.
    """

    place: Place = field(default=NOWHERE, compare=False, kw_only=True)
    depth: int = field(default=1, compare=False, repr=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class Literal(Node):
    """A number, text, truth value or null as it was written; a list `[1, 2]` is a tuple."""

    value: int | float | str | bool | tuple[int | float | str | bool, ...] | None


@dataclass(frozen=True, slots=True)
class Timespan(Node):
    """A stretch of time, `5 minutes`: the amount, and the unit in the singular and small letters (`minute`)."""

    amount: int
    unit: str


@dataclass(frozen=True, slots=True)
class Name(Node):
    """A column, by its name in full; what stood in backticks is in it as it is."""

    name: str


@dataclass(frozen=True, slots=True)
class NamePattern(Node):
    """Columns by a pattern with `*`, in KEEP and DROP. `pattern` is in the notation of engine/patterns.py."""

    pattern: str


@dataclass(frozen=True, slots=True)
class Call(Node):
    """A function of some arguments, its name in small letters. `star` is `count(*)`; `options` the map `{"a": 1}`."""

    name: str
    arguments: tuple["Expression", ...] = ()
    star: bool = False
    options: tuple[tuple[str, int | float | str | bool], ...] = ()


@dataclass(frozen=True, slots=True)
class Sign(Node):
    """`-x` or `+x`."""

    sign: str
    operand: "Expression"


@dataclass(frozen=True, slots=True)
class Arithmetic(Node):
    """`+`, `-`, `*`, `/` or `%`."""

    operator: str
    left: "Expression"
    right: "Expression"


@dataclass(frozen=True, slots=True)
class Comparison(Node):
    """`==`, `!=`, `<`, `<=`, `>`, `>=`."""

    operator: str
    left: "Expression"
    right: "Expression"


@dataclass(frozen=True, slots=True)
class Negation(Node):
    """`not x`."""

    operand: "Expression"


@dataclass(frozen=True, slots=True)
class Junction(Node):
    """`and` or `or` of two or more operands."""

    word: str
    operands: tuple["Expression", ...]


@dataclass(frozen=True, slots=True)
class NullTest(Node):
    """`x is null`, or `x is not null`."""

    operand: "Expression"
    negated: bool


@dataclass(frozen=True, slots=True)
class Membership(Node):
    """`x in (…)`. `x not in (…)` is the negation of it."""

    operand: "Expression"
    items: tuple["Expression", ...]


@dataclass(frozen=True, slots=True)
class Like(Node):
    """`x like "a*"`, `x rlike "a.*"`, each with one pattern or a list. `not like` is the negation of it."""

    operand: "Expression"
    patterns: tuple[str, ...]
    regex: bool


@dataclass(frozen=True, slots=True)
class Match(Node):
    """`field : "words"`."""

    operand: "Expression"
    query: Literal


@dataclass(frozen=True, slots=True)
class Cast(Node):
    """`x::type`, the type in small letters as it was written."""

    operand: "Expression"
    type: str


Expression: TypeAlias = (
    Literal
    | Timespan
    | Name
    | Call
    | Sign
    | Arithmetic
    | Comparison
    | Negation
    | Junction
    | NullTest
    | Membership
    | Like
    | Match
    | Cast
)


@dataclass(frozen=True, slots=True)
class Assignment(Node):
    """`name = expression`; without a name the column is called as the expression is written."""

    name: str
    expression: Expression


@dataclass(frozen=True, slots=True)
class From(Node):
    """`FROM patterns METADATA fields`: index patterns, or names of tables."""

    patterns: tuple[str, ...]
    metadata: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Row(Node):
    """`ROW a = 1, …`: one row out of nothing."""

    assignments: tuple[Assignment, ...]


@dataclass(frozen=True, slots=True)
class Where(Node):
    """Keeps the rows that the condition is true of."""

    condition: Expression


@dataclass(frozen=True, slots=True)
class Eval(Node):
    """Adds columns, each of which the next may use."""

    assignments: tuple[Assignment, ...]


@dataclass(frozen=True, slots=True)
class Aggregate(Node):
    """One column of STATS; `where` says of which rows."""

    name: str
    expression: Expression
    where: Expression | None = None


@dataclass(frozen=True, slots=True)
class Stats(Node):
    """`STATS aggregates BY groups`; inline: the aggregates become columns of every row."""

    aggregates: tuple[Aggregate, ...]
    by: tuple[Assignment, ...] = ()
    inline: bool = False


@dataclass(frozen=True, slots=True)
class Keep(Node):
    """Only these columns, in this order."""

    columns: tuple[Name | NamePattern, ...]


@dataclass(frozen=True, slots=True)
class Drop(Node):
    """All columns but these."""

    columns: tuple[Name | NamePattern, ...]


@dataclass(frozen=True, slots=True)
class Rename(Node):
    """`old AS new`, one after the other."""

    pairs: tuple[tuple[Name, Name], ...]


@dataclass(frozen=True, slots=True)
class SortKey(Node):
    """One key of SORT. Nulls come last when ascending and first when descending, unless it is said otherwise."""

    expression: Expression
    descending: bool = False
    nulls_first: bool = False


@dataclass(frozen=True, slots=True)
class Sort(Node):
    """Rows in order."""

    keys: tuple[SortKey, ...]


@dataclass(frozen=True, slots=True)
class Limit(Node):
    """At most so many rows."""

    count: int


@dataclass(frozen=True, slots=True)
class Grok(Node):
    """Columns out of a text by patterns such as `%{WORD:name}`; the first that fits counts."""

    operand: Expression
    patterns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Dissect(Node):
    """Columns out of a text by what stands between them."""

    operand: Expression
    pattern: str
    append_separator: str = ""


@dataclass(frozen=True, slots=True)
class MvExpand(Node):
    """A row for each value of a column."""

    column: Name


@dataclass(frozen=True, slots=True)
class Completion(Node):
    """A column with what a language model answers to a prompt."""

    target: str
    prompt: Expression
    options: tuple[tuple[str, int | float | str | bool], ...] = ()


@dataclass(frozen=True, slots=True)
class LookupJoin(Node):
    """`LOOKUP JOIN table ON columns`: columns of a table where these agree."""

    table: str
    on: tuple[Name, ...]


@dataclass(frozen=True, slots=True)
class Enrich(Node):
    """`ENRICH policy ON column WITH new = field, …`."""

    policy: str
    on: Name | None = None
    fields: tuple[tuple[str, str], ...] = ()


Command: TypeAlias = (
    From
    | Row
    | Where
    | Eval
    | Stats
    | Keep
    | Drop
    | Rename
    | Sort
    | Limit
    | Grok
    | Dissect
    | MvExpand
    | Completion
    | LookupJoin
    | Enrich
)


@dataclass(frozen=True, slots=True)
class Query:
    """A query whole: the first command is FROM or ROW, and is followed by none of them."""

    text: str
    commands: tuple[Command, ...]
