"""`python -m soc.ready URL`: whether the web server beside this process is ready, for a container's health check.

It asks as the proxy would, with a host name that is allowed and over what the server takes for TLS.
"""

import os
import sys
import urllib.request

TIMEOUT_SECONDS = 4


def is_ready(url: str, *, host: str) -> bool:
    """Whether the page answers with success within four seconds."""
    headers = {"X-Forwarded-Proto": "https"} | ({"Host": host} if host else {})
    request = urllib.request.Request(url, headers=headers)  # noqa: S310  (an address from the container's own file)
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as answer:  # noqa: S310
            return bool(200 <= answer.status < 300)
    except OSError:  # urllib's errors are among them
        return False


def main(words: list[str]) -> int:
    """0 when ready, 1 when not."""
    allowed = os.environ.get("ALLOWED_HOSTS", "").split(",")[0].strip().lstrip(".")
    return 0 if is_ready(words[0], host="" if allowed == "*" else allowed) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
