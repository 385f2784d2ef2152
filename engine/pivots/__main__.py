"""`python -m engine.pivots RULES…`: the searches found for the guides in rule files, and how many steps get one.

Ends with 1 where a search that an author wrote cannot be read, so that it can stand in a check. `--steps` lists every
step with its searches, `--without` only the steps that get none.
"""

import sys
import tomllib
from argparse import ArgumentParser
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from engine.guide import Step, split_guide
from engine.pivots import Search, searches_of


def main(arguments: Sequence[str]) -> int:
    """Read the files, say what was found."""
    parser = ArgumentParser(prog="python -m engine.pivots", description="The searches of guides in rule files.")
    parser.add_argument("paths", nargs="+", type=Path, metavar="RULES", help="a file, or a folder of them")
    parser.add_argument("--steps", action="store_true", help="list every step with its searches")
    parser.add_argument("--without", action="store_true", help="list the steps without a search")
    chosen = parser.parse_args(arguments)
    steps = found = problems = 0
    for path in _files(chosen.paths):
        for step, searches in _steps(path):
            asked = [search for search in searches if not search.note]
            steps, found = steps + 1, found + bool(asked)
            problems += _say(path, step, searches, listed=chosen.steps or (chosen.without and not asked))
    share = f" ({100 * found / steps:.1f} %)" if steps else ""
    sys.stdout.write(f"{steps} steps, {found} with a search{share}, {problems} searches that cannot be read" + "\n")
    return 1 if problems else 0


def _files(paths: Iterable[Path]) -> Iterator[Path]:
    for path in paths:
        yield from sorted(path.rglob("*.toml")) if path.is_dir() else [path]


def _steps(path: Path) -> Iterator[tuple[Step, tuple[Search, ...]]]:
    with path.open("rb") as file:
        tables: dict[str, Any] = tomllib.load(file)
    rule = tables.get("rule", {})
    guide = split_guide(str(rule.get("note", "")), name=str(rule.get("name", "")))
    for step in guide.steps:
        yield step, searches_of(step.text_md, step.calls, tables.get("transform"))


def _say(path: Path, step: Step, searches: Sequence[Search], *, listed: bool) -> int:
    """Print a step where it is to be listed, and every search of it that cannot be read; how many those are."""
    bad = [search for search in searches if search.problem]
    if listed or bad:
        sys.stdout.write(f"{path.name}: {step.title[:120]}" + "\n")
    for search in searches if listed else bad:
        sys.stdout.write(f"    {search.label}: {search.problem or search.note or search.query}" + "\n")
    return len(bad)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
