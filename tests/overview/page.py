"""What the overview says, as text and as a file."""

import csv
import io
import re

from django.test import Client


def text_of(client: Client, address: str = "/overview/") -> str:
    answer = client.get(address)
    assert answer.status_code == 200
    return re.sub(r"\s+", " ", answer.content.decode())


def csv_of(client: Client, address: str = "/overview/figures.csv") -> list[dict[str, str]]:
    answer = client.get(address)
    assert answer["Content-Type"].startswith("text/csv")
    return list(csv.DictReader(io.StringIO(b"".join(answer.streaming_content).decode())))  # type: ignore[attr-defined]
