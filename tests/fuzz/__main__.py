"""`python -m tests.fuzz [--seconds 600] [--language kql …] [--seeds FOLDER]`: hostile queries, as many as time allows.

Queries are cut up, glued together, nested and blown up to ten kilobytes from seeds: those below, and every query of the
rule files in a folder. A query may be refused with a LanguageError and in no other way, and neither reading it nor
judging odd events by it may take longer than a second of processor time. Of ES|QL every part
that is read must stand where it says it does, and be read there as the same; what pipelines do is tried by queries made
at random (`--language pipelines`, see pipelines.py). What breaks that is printed in full, so
that it can become a case under tests/cases.
"""

import argparse
import random
import sys
import time
import tomllib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path

from engine.document import Document
from engine.errors import LanguageError, PatternError
from engine.explain import explain
from engine.interpret import matches
from engine.languages.eql import parse_eql
from engine.languages.esql import parse_esql
from engine.languages.esql.nodes import Eval, Expression, Negation, Query, Row, Where
from engine.languages.esql.walking import walk
from engine.languages.kql import parse_kql
from engine.tree import Tree
from tests.fuzz.pipelines import pipeline, run_pipeline
from tests.fuzz.seeds import EVENTS, SEEDS, TOKENS

LONGEST = 10_000
SLOWEST = 1.0
READERS: dict[str, Callable[[str], Tree | Query]] = {
    "kql": parse_kql,
    "eql": lambda text: parse_eql(text).tree,
    "esql": parse_esql,
}
LANGUAGES = [*sorted(READERS), "pipelines"]
PLACES_ASKED = 5
DOCUMENTS = [Document.of(event) for event in EVENTS]


def mutated(seeds: Sequence[str], tokens: Sequence[str], chance: random.Random) -> str:
    """A query made of seeds by up to eight changes, at most LONGEST characters long."""
    text = chance.choice(seeds)
    for _ in range(chance.randint(1, 8)):
        text = chance.choice(CHANGES)(text, seeds, tokens, chance)[:LONGEST]
    return text


def _place(text: str, chance: random.Random) -> int:
    return chance.randint(0, len(text))


def _insert(text: str, _: Sequence[str], tokens: Sequence[str], chance: random.Random) -> str:
    at = _place(text, chance)
    return text[:at] + chance.choice(tokens) + text[at:]


def _drop(text: str, _: Sequence[str], __: Sequence[str], chance: random.Random) -> str:
    start = _place(text, chance)
    return text[:start] + text[start + chance.randint(1, 20) :]


def _glue(text: str, seeds: Sequence[str], _: Sequence[str], chance: random.Random) -> str:
    other = chance.choice(seeds)
    return text[: _place(text, chance)] + other[_place(other, chance) :]


def _repeat(text: str, _: Sequence[str], tokens: Sequence[str], chance: random.Random) -> str:
    """A token many times over: what nests, nests deeply, and what lists, lists long."""
    at = _place(text, chance)
    return text[:at] + chance.choice(tokens) * chance.choice((2, 50, 3_000)) + text[at:]


def _double(text: str, _: Sequence[str], __: Sequence[str], chance: random.Random) -> str:
    start = _place(text, chance)
    piece = text[start : start + chance.randint(1, 200)]
    return text[:start] + piece * chance.choice((2, 20, 500)) + text[start:]


def _character(text: str, _: Sequence[str], __: Sequence[str], chance: random.Random) -> str:
    at = _place(text, chance)
    return text[:at] + chr(chance.choice((chance.randint(0, 127), chance.randint(0, 0x10FFFF)))) + text[at + 1 :]


CHANGES = (_insert, _insert, _drop, _glue, _repeat, _double, _character)


def tried(language: str, text: str) -> str:
    """Read the query and judge the odd events by it; says what became of it.

    Raises: AssertionError when it took too long; whatever else the engine raises that it must not.
    """
    started = time.process_time()
    if language == "pipelines":
        return _in_time(run_pipeline(text, DOCUMENTS), started)
    try:
        read = READERS[language](text)
    except (LanguageError, PatternError):
        return _in_time("refused", started)
    if isinstance(read, Query):
        _in_time("read", started)
        return _in_place(read)
    for document in DOCUMENTS:
        assert matches(read, document) is explain(read, document).held
    return _in_time("read", started)


def _in_place(query: Query) -> str:
    """Read some parts of a pipeline again, each from its place in the text. (That of `x in` is `x not in`.)"""
    for expression in islice(_expressions(query), PLACES_ASKED):
        again = parse_esql(f"row x = {query.text[expression.place.start : expression.place.end]}").commands[0]
        assert isinstance(again, Row)
        assert again.assignments[0].expression in (expression, Negation(expression)), expression
    return "read"


def _expressions(query: Query) -> Iterator[Expression]:
    for command in query.commands:
        if isinstance(command, Where):
            yield from walk(command.condition)
        elif isinstance(command, Eval):
            for assignment in command.assignments:
                yield from walk(assignment.expression)


def _in_time(outcome: str, started: float) -> str:
    took = time.process_time() - started
    assert took < SLOWEST, f"took {took:.1f} s"
    return outcome


def seeds_of(folder: Path | None, language: str) -> list[str]:
    """The seeds below, and the queries of a folder's rule files in this language."""
    word = {"kql": "kuery"}.get(language, language)
    files = sorted(folder.rglob("*.toml")) if folder else []
    rules = [tomllib.loads(file.read_text("utf-8")).get("rule", {}) for file in files]
    return [
        *SEEDS.get(language, []),
        *(rule["query"] for rule in rules if rule.get("language") == word and "query" in rule),
    ]


def run(language: str, seeds: Sequence[str], seconds: float, seed: int) -> int:
    """Try queries until the time is over; prints what broke and gives its number."""
    chance, counts, broken = random.Random(seed), Counter[str](), 0
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        text = pipeline(chance) if language == "pipelines" else mutated(seeds, TOKENS[language], chance)
        try:
            counts[tried(language, text)] += 1
        except Exception as error:  # whatever it is, it is what we are looking for
            broken += 1
            print(f"{language}: {type(error).__name__}: {str(error)[:200]}\n{text!r}\n", flush=True)
    print(f"{language}: {counts['read']:,} read, {counts['refused']:,} refused, {broken} broken", flush=True)
    return broken


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--seconds", type=float, default=600, help="in all, shared among the languages")
    parser.add_argument("--language", action="append", choices=LANGUAGES)
    parser.add_argument("--seeds", type=Path, help="a folder of rule files whose queries are seeds too")
    parser.add_argument("--seed", type=int, default=1, help="of the random numbers, so that a run can be repeated")
    asked = parser.parse_args()
    languages = asked.language or LANGUAGES
    share = asked.seconds / len(languages)
    broken = sum(run(language, seeds_of(asked.seeds, language), share, asked.seed) for language in languages)
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
