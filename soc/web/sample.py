"""The event that a newcomer sends first: harmless, and the shipped Perl rule fires on it.

It names no time, so that it may be sent at any time, and holds no single quote, so that it may stand in those of a
shell. Only the standard library: the terminal of `make run` prints it too.
"""

import json

SAMPLE_RULE = "Interactive Terminal Spawned via Perl"
SAMPLE_EVENT = json.dumps(
    {
        "data_stream": {"type": "logs", "dataset": "endpoint.events.process", "namespace": "default"},
        "event": {"category": ["process"], "type": ["start"], "action": "exec"},
        "host": {"name": "my-host", "os": {"type": "linux"}},
        "user": {"name": "me"},
        "process": {"name": "perl", "args": ["perl", "-e", 'exec "/bin/sh";']},
    },
    separators=(",", ":"),
)
