"""Production refuses to be set up unsafely, in a sentence that names the variable; and a proper set-up is clean."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SAFE = {
    "WATCHBILL_PRODUCTION": "1",
    "WATCHBILL_URL": "https://soc.example.net",
    "SECRET_KEY": "kT3vQ9xLm2Rb7Yw5Zc8Nd4Hf6Jg1Ps0Ua-Ve_Wi.Xo+By/Cz=Dq",
    "ALLOWED_HOSTS": "soc.example.net",
    "CSRF_TRUSTED_ORIGINS": "https://soc.example.net",
    "DATABASE_URL": "postgresql://watchbill@postgres:5432/watchbill",
    "BROKER_URL": "redis://valkey:6379/0",
    "CACHE_URL": "redis://valkey:6379/1",
    "TRUST_PROXY": "1",
}
MAIL = {"EMAIL_HOST": "mail.example.net", "DEFAULT_FROM_EMAIL": "soc@example.net"}
OIDC = {
    "OIDC_SERVER_URL": "https://id.example.net",
    "OIDC_CLIENT_ID": "watchbill",
    "OIDC_CLIENT_SECRET": "s3cret",
}


# What the entry points do, in a child for each environment: the settings are read anew, what they import is not.
REFUSE_EACH = """
import json, os, sys
import django_stubs_ext, psycopg, django.conf
for name, environment in json.load(sys.stdin).items():
    if not os.fork():
        os.dup2(os.open(os.path.join(sys.argv[1], name), os.O_WRONLY | os.O_CREAT), 2)
        os.environ.clear()
        os.environ.update(environment)
        from soc.checks import refuse_unsafe_production as refuse
        refuse()
        print(name)
        sys.exit()
    os.wait()
"""


def environment_of(home: Path, **changed: str | None) -> dict[str, str]:
    """What a process in production is given; None takes a variable out."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "HOME") if name in os.environ}
    given = {name: value for name, value in {**SAFE, **changed}.items() if value is not None}
    return {**kept, "WATCHBILL_HOME": str(home), **given}


def run(tmp_path: Path, *words: str, **changed: str | None) -> subprocess.CompletedProcess[str]:
    """A process of ours in a production environment."""
    return subprocess.run(
        [sys.executable, *words], cwd=ROOT, env=environment_of(tmp_path, **changed),
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip


def check(tmp_path: Path, **changed: str | None) -> subprocess.CompletedProcess[str]:
    return run(tmp_path, "manage.py", "check", "--deploy", "--fail-level", "WARNING", **changed)


def test_a_proper_set_up_is_clean(tmp_path):
    done = check(tmp_path, **MAIL, **OIDC)
    assert done.returncode == 0, done.stderr
    assert "no issues" in done.stdout
    assert "WARNING" not in done.stderr


def test_what_compose_sets_is_clean(tmp_path):
    secret = tmp_path / "secret_key"
    secret.write_text(SAFE["SECRET_KEY"])
    done = check(tmp_path, SECRET_KEY=None, SECRET_KEY_FILE=str(secret))
    assert done.returncode == 0, done.stderr


UNSAFE: dict[str, tuple[dict[str, str | None], str]] = {
    "no key": ({"SECRET_KEY": None}, "Set SECRET_KEY (or SECRET_KEY_FILE)"),
    "short key": ({"SECRET_KEY": "abc123"}, "SECRET_KEY is too weak"),
    "dull key": ({"SECRET_KEY": "a" * 80}, "SECRET_KEY is too weak"),
    "copied key": ({"SECRET_KEY": "django-insecure-" + "kT3vQ9xLm2Rb7Yw5Zc8Nd4Hf6J" * 3}, "SECRET_KEY is too weak"),
    "debug": ({"WATCHBILL_DEBUG": "1"}, "WATCHBILL_DEBUG is on"),
    "no hosts": ({"ALLOWED_HOSTS": None}, "Set ALLOWED_HOSTS"),
    "any host": ({"ALLOWED_HOSTS": "soc.example.net,*"}, "ALLOWED_HOSTS has a wildcard"),
    "plain origin": ({"CSRF_TRUSTED_ORIGINS": "http://soc.example.net"}, "CSRF_TRUSTED_ORIGINS names http://"),
    "no address": ({"WATCHBILL_URL": None}, "WATCHBILL_URL must be the https address"),
    "plain address": ({"WATCHBILL_URL": "http://soc.example.net"}, "WATCHBILL_URL must be the https address"),
    "no cache": ({"CACHE_URL": None}, "CACHE_URL is missing"),
    "no broker": ({"BROKER_URL": None}, "BROKER_URL is missing"),
    "no database": ({"DATABASE_URL": None}, "DATABASE_URL is missing"),
    "embedded database": (
        {"DATABASE_URL": "postgresql://x@/w?host=/tmp/wb-0-abcp"},
        "DATABASE_URL is missing or names",
    ),
    "no sender": ({"EMAIL_HOST": "mail.example.net"}, "DEFAULT_FROM_EMAIL is missing"),
    "readable mail password": (
        {**MAIL, "EMAIL_USE_TLS": "0", "EMAIL_HOST_PASSWORD": "x"},
        "EMAIL_HOST_PASSWORD would cross the network readable",
    ),
    "two kinds of TLS": ({**MAIL, "EMAIL_USE_TLS": "1", "EMAIL_USE_SSL": "1"}, "exclude each other"),
    "plain provider": ({**OIDC, "OIDC_SERVER_URL": "http://id.example.net"}, "OIDC_SERVER_URL is not https"),
    "half a provider": ({**OIDC, "OIDC_CLIENT_SECRET": None}, "OIDC_SERVER_URL needs OIDC_CLIENT_ID"),
    "everybody administers": (
        {**OIDC, "OIDC_CREATE_USERS": "1", "OIDC_DEFAULT_ROLE": "admin"},
        "gives everybody at the identity provider the role admin",
    ),
    "no such role": ({"OIDC_DEFAULT_ROLE": "root"}, "OIDC_DEFAULT_ROLE is 'root', which is no role"),
    "plain HTTP": ({"SECURE_SSL_REDIRECT": "0", "TRUST_PROXY": "0"}, "SECURE_SSL_REDIRECT is off"),
    "neither yes nor no": ({"WATCHBILL_PRODUCTION": "maybe"}, "WATCHBILL_PRODUCTION must be yes or no"),
}


@pytest.fixture(scope="module")
def refused(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str | None]:
    """What each unsafe set-up was refused with, None where it was not; "safe" is one that nothing is wrong with."""
    folder = tmp_path_factory.mktemp("refused")
    cases: dict[str, dict[str, str | None]] = {name: changed for name, (changed, _) in UNSAFE.items()}
    environments = {
        name: environment_of(folder, DJANGO_SETTINGS_MODULE="soc.settings", **changed)
        for name, changed in {"safe": {}, **cases}.items()
    }
    done = subprocess.run(
        [sys.executable, "-c", REFUSE_EACH, str(folder)], cwd=ROOT, input=json.dumps(environments),
        capture_output=True, text=True, check=True, timeout=120,
    )  # fmt: skip
    taken = done.stdout.splitlines()
    return {name: None if name in taken else (folder / name).read_text() for name in environments}


@pytest.mark.parametrize(("name", "sentence"), [(name, sentence) for name, (_, sentence) in UNSAFE.items()])
def test_an_unsafe_set_up_is_refused_in_a_sentence(refused, name, sentence):
    assert sentence in str(refused[name])


def test_a_safe_set_up_is_not_refused(refused):
    assert refused["safe"] is None


def test_every_command_that_checks_says_it(tmp_path):
    done = run(tmp_path, "manage.py", "check", CACHE_URL=None)
    assert done.returncode != 0
    assert "(watchbill.cache) CACHE_URL is missing" in done.stderr


@pytest.mark.parametrize("entry", ["soc.wsgi", "soc.celery"])
def test_neither_the_web_server_nor_the_worker_starts_unsafely(tmp_path, entry):
    done = run(tmp_path, "-c", f"import {entry}", CACHE_URL=None, ALLOWED_HOSTS="*")
    assert done.returncode != 0
    assert "CACHE_URL is missing" in done.stderr
    assert "ALLOWED_HOSTS has a wildcard" in done.stderr


def test_cookies_and_headers_of_production(tmp_path):
    told = (
        "import django; django.setup(); from django.conf import settings as s; "
        "print(s.SESSION_COOKIE_NAME, s.CSRF_COOKIE_NAME, s.SESSION_COOKIE_SECURE, s.CSRF_COOKIE_SECURE, "
        "s.SESSION_COOKIE_HTTPONLY, s.SESSION_COOKIE_SAMESITE, s.SECURE_PROXY_SSL_HEADER, s.SESSION_COOKIE_DOMAIN)"
    )
    done = run(tmp_path, "-c", told, DJANGO_SETTINGS_MODULE="soc.settings")
    assert done.stdout.split("\n")[0] == (
        "__Host-sessionid __Host-csrftoken True True True Lax ('HTTP_X_FORWARDED_PROTO', 'https') None"
    )


def test_no_proxy_is_believed_unless_there_is_one(tmp_path):
    told = (
        "import django; django.setup(); from django.conf import settings as s; "
        "print(s.SECURE_PROXY_SSL_HEADER, s.ALLAUTH_TRUSTED_PROXY_COUNT)"
    )
    done = run(tmp_path, "-c", told, DJANGO_SETTINGS_MODULE="soc.settings", TRUST_PROXY=None)
    assert done.stdout.strip() == "None 0"
