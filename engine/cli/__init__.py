"""The engine's command line: rules checked, run over files of events, tried as queries, and explained.

    python -m engine check PATH…
    python -m engine run --rules PATH… --events FILE.ndjson [--now TIME]
    python -m engine query --language kql|eql --events FILE.ndjson 'QUERY'
    python -m engine explain --rule FILE --events FILE.ndjson --line N

Results are JSON lines on standard output; what stands in the way is a sentence on standard error. It needs neither
Django nor a database. 0 is fine, 1 says that a rule has an error or that a line is no event, 2 that
the call or a file cannot be used.
"""

from engine.cli.main import main

__all__ = ["main"]
