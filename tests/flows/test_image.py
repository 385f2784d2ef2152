"""What docker/ says, done without a container engine: the image's files, the server's packages, compose's commands.

The Dockerfile's COPY lines make a tree of their own, packages that the image does not have cannot be imported in it,
and every command and health check of compose.yaml runs there with compose's environment and secrets as files. Not
shown here: the base image, and that PostgreSQL and Valkey come up under their own images.
"""

import compileall
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from importlib.metadata import packages_distributions
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
import redis
import yaml

from soc.local import services
from soc.local.folders import CHECKOUT
from tests.flows.agent import story
from tests.flows.relay import Relay
from tests.live_system import free_port

pytestmark = pytest.mark.flow

COMPOSE = yaml.safe_load((CHECKOUT / "docker" / "compose.yaml").read_text())
DOCKERFILE = (CHECKOUT / "docker" / "Dockerfile").read_text()
SERVICES = COMPOSE["services"]
HOST = "soc.example.net"
BLOCK = """
import sys
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {names!r}:
            raise ModuleNotFoundError(f"the image has no {{name}}", name=name)
sys.meta_path.insert(0, Absent())
"""


def _name(distribution: str) -> str:
    return re.sub(r"[-_.]+", "-", distribution).lower()


def _modules_the_image_lacks() -> set[str]:
    locked = (CHECKOUT / "requirements" / "server.txt").read_text()
    has = {_name(found) for found in re.findall(r"^([A-Za-z0-9._-]+)(?:\[[a-z,]+\])?==", locked, re.MULTILINE)}
    has |= {"pip", "setuptools"}
    return {
        module
        for module, distributions in packages_distributions().items()
        if not any(_name(distribution) in has for distribution in distributions)
    }


def _postgres(running: services.Services) -> Path:
    return running.home.postgres_socket / ".s.PGSQL.5432"


def _valkey(running: services.Services) -> Path:
    return Path(urlsplit(running.cache_url).path)


def _ask_for_password(running: services.Services, password: str) -> None:
    """Have Valkey ask for the password, as compose's does."""
    with redis.Redis.from_url(running.cache_url) as client:
        client.config_set("requirepass", password)


class Image:
    """The image's file tree, and the means to run a command in it as compose would."""

    def __init__(self, folder: Path, running: services.Services) -> None:
        self.tree, self.temporary = folder / "srv", folder / "tmp"
        self.port = free_port()
        self._relays = {"postgres:5432": Relay(_postgres(running)), "valkey:6379": Relay(_valkey(running))}
        self.secrets = self._write_secrets(folder / "docker")
        _ask_for_password(running, (self.secrets / "broker_password").read_text())
        self._lay_files(folder / "absent")
        self.started: dict[str, subprocess.Popen[bytes]] = {}

    def environment(self, service: str) -> dict[str, str]:
        """Compose's environment, with loopback and our ports in place of its networks."""
        given = {name: self._filled(value) for name, value in SERVICES[service]["environment"].items()}
        return {name: self._at_home(value) for name, value in given.items()} | self._image_environment()

    def run(self, service: str, command: list[str]) -> subprocess.CompletedProcess[str]:
        """Run a command of this service to its end."""
        return subprocess.run(
            self._here(command), env=self.environment(service), cwd=self.tree,
            capture_output=True, text=True, check=False, timeout=120,
        )  # fmt: skip

    def start(self, service: str) -> None:
        """Start the service's own command."""
        log = (self.temporary / f"{service}.log").open("wb")
        self.started[service] = subprocess.Popen(
            self._here(self.command(service)), env=self.environment(service), cwd=self.tree,
            stdout=log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip

    def command(self, service: str) -> list[str]:
        """Its command in compose, else the image's own."""
        found = re.search(r"^CMD (\[.*\])$", DOCKERFILE, re.MULTILINE)
        assert found
        words: list[str] = SERVICES[service].get("command") or yaml.safe_load(found[1])
        return words

    def health(self, service: str) -> subprocess.CompletedProcess[str]:
        """Compose's health check of the service."""
        kind, *words = SERVICES[service]["healthcheck"]["test"]
        return self.run(service, words if kind == "CMD" else ["sh", "-c", words[0]])

    def log(self, service: str) -> str:
        return (self.temporary / f"{service}.log").read_text()

    def stop(self) -> None:
        """End what was started, as compose does."""
        for process in self.started.values():
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGTERM)
        for process in self.started.values():
            process.wait(timeout=60)
        for relay in self._relays.values():
            relay.close()

    def _write_secrets(self, folder: Path) -> Path:
        folder.mkdir()
        script = shutil.copy2(CHECKOUT / "docker" / "make-secrets", folder)
        subprocess.run([script], check=True, capture_output=True)
        return folder / "secrets"

    def _lay_files(self, absent: Path) -> None:
        self.tree.mkdir()
        self.temporary.mkdir()
        absent.mkdir()
        (absent / "sitecustomize.py").write_text(BLOCK.format(names=_modules_the_image_lacks()))
        self._absent = absent
        for sources, target in re.findall(r"^COPY (?!--from)(.+) (\S+)$", DOCKERFILE, re.MULTILINE):
            for source in sources.split():
                self._copy(CHECKOUT / source, self.tree / target)
        compileall.compile_dir(self.tree, quiet=2)  # as the image's last step does; else each process would

    @staticmethod
    def _copy(source: Path, target: Path) -> None:
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            folder = target if target.is_dir() or not target.suffix else target.parent
            folder.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, folder)

    def _image_environment(self) -> dict[str, str]:
        return {
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "PYTHONPATH": str(self._absent),
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONUNBUFFERED": "1",
            "HOME": str(self.temporary),
            "WATCHBILL_HOME": str(self.tree / "home"),
        }

    def _at_home(self, value: str) -> str:
        for name, relay in self._relays.items():
            value = value.replace(name, f"127.0.0.1:{relay.port}")
        return value

    def _filled(self, value: str) -> str:
        value = re.sub(r"\$\{WATCHBILL_URL\}|\$\{WATCHBILL_URL:\?.*?\}", f"https://{HOST}", value)
        value = re.sub(r"\$\{ALLOWED_HOSTS:\?.*?\}", HOST, value)
        value = re.sub(r"\$\{[A-Z_]+:-(.*?)\}", r"\1", value)
        assert "${" not in value, value
        return value.replace("/run/secrets", str(self.secrets))

    def _here(self, command: list[str]) -> list[str]:
        """The command with this machine's paths and port for the container's; `$$` is compose's `$`."""
        at = {"8000": str(self.port), "0.0.0.0": "127.0.0.1"}  # noqa: S104
        words = [self._filled(at.get(word, word)).replace("$$", "$") for word in command]
        words = [word.replace("127.0.0.1:8000", f"127.0.0.1:{self.port}") for word in words]
        return [re.sub(r"/tmp(?=[/ ])", str(self.temporary), word) for word in words]


@pytest.fixture(scope="module")
def image(tmp_path_factory):
    folder = tmp_path_factory.mktemp("image")
    with services.running(home=folder / "servers", environ={}, durable=False) as running:
        made = Image(folder, running)
        yield made
        made.stop()


def _until(true, seconds: float, why) -> None:
    until = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < until, why()
        time.sleep(0.3)


def test_the_image_collects_its_static_files(image):
    found = re.search(r"^RUN (SECRET_KEY=.*?manage.py collectstatic --noinput)", DOCKERFILE, re.MULTILINE)
    assert found
    at_home = found[1].replace("/srv/watchbill/home", str(image.tree / "home")).replace("/opt/venv/bin/", "")
    done = subprocess.run(
        ["sh", "-c", at_home],
        cwd=image.tree,
        capture_output=True,
        text=True,
        check=False,
        env=image._image_environment(),
    )
    assert done.returncode == 0, done.stderr
    assert list((image.tree / "home" / "static").rglob("tokens.*.css"))


def test_migrate_checks_the_deployment_and_prints_the_one_time_link(image):
    done = image.run("migrate", image.command("migrate"))
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"https://{HOST}/sign-in/" in done.stdout
    again = image.run("migrate", image.command("migrate"))
    assert again.returncode == 0, again.stderr
    assert "/sign-in/" not in again.stdout


@pytest.mark.parametrize("service", ["web", "worker", "beat"])
def test_each_part_runs_and_its_health_check_agrees(image, service):
    assert image.health(service).returncode != 0, "a check that cannot fail shows nothing"
    image.start(service)
    _until(lambda: image.health(service).returncode == 0, 60, lambda: image.log(service))


def test_an_event_that_the_proxy_hands_on_becomes_an_alert(image):
    key = re.search(
        r"[A-Za-z0-9+/]{40,}={0,2}", image.run("web", ["python", "manage.py", "create_api_key", "x"]).stdout
    )
    assert key
    headers = {"Host": HOST, "X-Forwarded-Proto": "https", "Authorization": f"ApiKey {key[0]}"}
    url = f"http://127.0.0.1:{image.port}/api/v1/events"
    answer = httpx.post(url, json=story("perl terminal of the backup console"), headers=headers)
    assert answer.status_code == 200, answer.text
    count = "from alerts.models import Alert; print(Alert.objects.count())"
    ask = ["python", "manage.py", "shell", "--verbosity", "0", "--command", count]
    _until(lambda: image.run("web", ask).stdout.strip() not in ("", "0"), 60, lambda: image.log("worker"))


def test_plain_http_is_sent_to_https_and_cookies_are_kept_to_it(image):
    plain = httpx.get(f"http://127.0.0.1:{image.port}/login/", headers={"Host": HOST})
    assert plain.status_code == 301
    assert plain.headers["location"] == f"https://{HOST}/login/"
    page = httpx.get(f"http://127.0.0.1:{image.port}/login/", headers={"Host": HOST, "X-Forwarded-Proto": "https"})
    assert page.status_code == 200
    assert all("Secure" in cookie for cookie in page.headers.get_list("set-cookie"))


@pytest.mark.parametrize("service", sorted(SERVICES))
def test_every_service_gives_up_what_it_does_not_need(service):
    told = SERVICES[service]
    assert told["cap_drop"] == ["ALL"]
    assert told["read_only"] is True
    assert told["security_opt"] == ["no-new-privileges:true"]
    assert service == "postgres" or not told.get("cap_add")
    assert "healthcheck" in told or service == "migrate"
    ports = [port for port in told.get("ports", []) if "127.0.0.1" not in port]
    assert ports == []


def test_no_secret_stands_in_compose_or_the_image():
    text = (CHECKOUT / "docker" / "compose.yaml").read_text()
    given = re.findall(r"^ +([A-Z_]*(?:SECRET|PASSWORD|TOKEN)[A-Z_]*): (.+)$", text, re.MULTILINE)
    assert given
    assert [(name, value) for name, value in given if not name.endswith("_FILE") or "/run/secrets/" not in value] == []
    assert set(COMPOSE["secrets"]) >= {"secret_key", "database_password", "broker_password"}
