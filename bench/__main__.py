"""`python -m bench [NAME…]`: run all measurements that need nothing, or the named ones, one after the other.

`python -m bench engine --rules FOLDER …` and `python -m bench http --rules FOLDER …` measure with a folder of rules;
`--help` behind either tells the rest. `python -m bench pipelines` asks ES|QL of a million rows, beside DuckDB, and
`python -m bench pipelines stored` of a million stored events.
`python -m bench desk` asks the pages of triage, over a million alerts and two million events.
`python -m bench tables` writes what they last found into the documentation.
"""

import sys
from collections.abc import Sequence

from bench import ingest, latency, people, start

MEASURES = {"start": start.main, "ingest": ingest.main, "latency": latency.main, "people": people.main}


def main(words: Sequence[str]) -> None:
    """Do what the words say."""
    if words and words[0] == "engine":
        from bench.engine import command

        command.main(words[1:])
    elif words and words[0] == "http":
        from bench import throughput

        throughput.main(words[1:])
    elif words[:2] == ["pipelines", "stored"]:
        from bench import pipelines_stored

        pipelines_stored.main()
    elif words and words[0] == "pipelines":
        from bench.pipelines import command as pipelines

        pipelines.main(words[1:])
    elif words and words[0] == "desk":
        from bench import desk

        desk.main(words[1:])
    elif words == ["tables"]:
        from bench import tables

        tables.main()
    else:
        _plain(words)


def _plain(names: Sequence[str]) -> None:
    unknown = set(names) - set(MEASURES)
    if unknown:
        there = ", ".join([*MEASURES, "engine", "http", "desk", "pipelines", "tables"])
        sys.exit(f"There is no measurement called {', '.join(sorted(unknown))}; there are {there}.")
    for name in names or MEASURES:
        MEASURES[name]()


if __name__ == "__main__":
    main(sys.argv[1:])
