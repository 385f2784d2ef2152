"""`python -m bench [NAME…]`: run all measurements, or the named ones, one after the other."""

import sys

from bench import ingest, latency, people, start

MEASURES = {"start": start.main, "ingest": ingest.main, "latency": latency.main, "people": people.main}

if __name__ == "__main__":
    unknown = set(sys.argv[1:]) - set(MEASURES)
    if unknown:
        sys.exit(f"There is no measurement called {', '.join(sorted(unknown))}; there are {', '.join(MEASURES)}.")
    for name in sys.argv[1:] or MEASURES:
        MEASURES[name]()
