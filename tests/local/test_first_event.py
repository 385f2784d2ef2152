"""What a newcomer is told to paste, pasted into a shell as it is printed: each time the alert that is promised."""

import html
import re
import subprocess
from pathlib import Path
from uuid import uuid4

import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from accounts.keys import create_key
from accounts.roles import Role
from accounts.selectors import default_team
from alerts.evaluation import evaluate_pending
from alerts.models import Alert
from soc.local.application import Door
from soc.local.folders import CHECKOUT, Home
from soc.local.run import welcome
from soc.web import clock
from soc.web.sample import SAMPLE_RULE
from tests.people import make_person, sign_in

# In the place of curl: print what would have been sent.
_CURL = 'curl() { body="${@: -1}"; if [ "$body" = "@-" ]; then cat; else printf %s "$body"; fi; }\n'


def _sent_by(text: str) -> bytes:
    """The body that the curl command in this text sends, as bash reads it."""
    command = text[text.index("curl ") :]
    return subprocess.run(["bash", "-c", _CURL + command], capture_output=True, check=True).stdout


def _of_the_terminal() -> str:
    return welcome(Door(port=9000), Home(Path("/tmp/home")), demo=False)


def _of_the_readme() -> str:
    blocks = re.findall(r"```sh\n(.*?)```", (CHECKOUT / "README.md").read_text(), re.DOTALL)
    return str(next(block for block in blocks if "curl " in block))


def _of_the_page() -> str:
    person = make_person("adam", Role.ADMIN, default_team())
    page = sign_in(person).get(reverse("alerts:queue")).content.decode()
    shown = re.search(r'<pre class="snippet".*?<code>(.*?)</code>', page, re.DOTALL)
    assert shown
    return html.unescape(re.sub(r"</?b>", "", shown[1]))


@pytest.mark.parametrize("printed", [_of_the_terminal, _of_the_readme, _of_the_page])
def test_the_command_as_printed_makes_the_first_alert_and_another_each_time(db, printed):
    call_command("load_rules")
    now = clock.now()
    _, presented = create_key(name="first", team=default_team(), actor=None, now=now)
    body = _sent_by(printed())
    for times in (1, 2):
        answer = Client().post(
            "/api/v1/events",
            body,
            content_type="application/x-ndjson",
            headers={"Authorization": f"ApiKey {presented}"},
        )
        assert [item["status"] for item in answer.json()["items"]] == ["created"]
        evaluate_pending(now=clock.now(), worker=uuid4())
        assert list(Alert.objects.values_list("name", flat=True)) == [SAMPLE_RULE] * times
