"""Every rule of a corpus over every event of it: the matcher must find what the interpreter finds, no more, no less.

Only where WATCHBILL_CORPUS names a folder with `rules/`, `bench/`, `real/` and `firing/`; takes some minutes.
"""

import gzip
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import orjson
import pytest

from engine import Document, RuleFileError, compile_rule, index_matches, load_rule, matches
from engine.matcher import Bounds, Expression, Matcher

CORPUS = Path(os.environ.get("WATCHBILL_CORPUS", "/nowhere"))
pytestmark = pytest.mark.skipif(not CORPUS.is_dir(), reason="WATCHBILL_CORPUS names no folder")
Line = tuple[str, bytes]
FEW = Bounds(signatures=50, groups=20, compiled=15, warm_after=3, entries=100, memory=2_000_000)


@pytest.fixture(scope="module")
def expressions() -> list[Expression]:
    found = []
    for path in sorted((CORPUS / "rules").rglob("*.toml")):
        try:
            compiled = compile_rule(load_rule(path.read_text(), str(path)), str(path))
        except RuleFileError:
            continue
        found += [Expression(f"{path.stem}#{part.name}", part.tree, part.indices) for part in compiled.parts]
    return found


def bench_events() -> Iterator[Line]:
    with gzip.open(CORPUS / "bench" / "events-40k.ndjson.gz", "rb") as lines:
        for line in lines:
            stream = orjson.loads(line).get("data_stream", {})
            yield f"logs-{stream.get('dataset', 'x')}-{stream.get('namespace', 'default')}", line


def other_documents() -> Iterator[Line]:
    for path in sorted([*(CORPUS / "real").glob("*.ndjson"), *(CORPUS / "firing" / "rules").glob("*.ndjson")]):
        for line in path.read_bytes().splitlines():
            read = orjson.loads(line)
            yield "logs-x", orjson.dumps(read.get("doc", read))


def found_by(matcher: Matcher, lines: list[Line], normalised: bool) -> set[tuple[str, int]]:
    found = set()
    for start in range(0, len(lines), 1_000):
        rows = matcher.rows(lines[start : start + 1_000], normalised=normalised)
        found |= {(key, start + row) for key, several in rows.items() for row in several}
    return found


def wanted_of(expressions: list[Expression], lines: list[Line]) -> set[tuple[str, int]]:
    wanted = set()
    for row, (index, line) in enumerate(lines):
        document = Document.of(line)
        asked = [one for one in expressions if index_matches(one.indices, index)]
        wanted |= {(one.key, row) for one in asked if matches(one.tree, document)}
    return wanted


@pytest.mark.parametrize("source", [bench_events, other_documents])
def test_the_corpus_is_judged_as_the_interpreter_judges_it(source, expressions) -> None:
    lines = list(source())[:: int(os.environ.get("WATCHBILL_CORPUS_STEP", "1"))]
    asked = expressions if source is bench_events else [replace(one, indices=()) for one in expressions]
    wanted = wanted_of(asked, lines)
    assert wanted
    usual = Matcher(asked)
    assert found_by(usual, lines, source is bench_events) == wanted
    assert found_by(usual, lines, source is bench_events) == wanted
    assert found_by(Matcher(asked, FEW), lines, False) == wanted
