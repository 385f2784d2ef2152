"""Lines of JSON on standard output, sentences on standard error."""

import sys
from collections.abc import Mapping
from typing import Any

import orjson


def put(data: Mapping[str, Any]) -> None:
    """One result, as one line."""
    sys.stdout.buffer.write(orjson.dumps(data, option=orjson.OPT_APPEND_NEWLINE))


def say(sentence: str) -> None:
    """What somebody should know who looks at the terminal."""
    sys.stdout.flush()
    sys.stderr.write(f"{sentence}\n")
