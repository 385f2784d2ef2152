"""What makes a production set-up unsafe, each as one sentence that names the variable and the remedy.

`problems` is asked by Django's checks (so every `manage.py` command says it, and `check --deploy` fails) and by the
entry points of web server and worker, which then refuse to start. Outside production nothing is unsafe: it is a desk.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any
from urllib.parse import urlsplit

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register
from django.core.exceptions import ImproperlyConfigured

SHORTEST_KEY = 50
FEWEST_DIFFERENT = 12
EMBEDDED = "/tmp/wb-"  # noqa: S108  (where soc/local/folders.py puts the sockets of the embedded services)
LEAST_TRUSTED_DEFAULT = ("viewer", "analyst")


class ChecksConfig(AppConfig):
    """Brings the checks into Django's."""

    name = "soc.checks"

    def ready(self) -> None:
        """Register them for every command that checks, `--deploy` or not."""
        register(Tags.security)(production_is_safe)


def production_is_safe(app_configs: Sequence[AppConfig] | None, **_options: Any) -> list[CheckMessage]:  # noqa: ARG001
    """Django's check: one error a problem."""
    return [Error(sentence, id=f"watchbill.{name}") for name, sentence in problems()]


def refuse_unsafe_production() -> None:
    """For entry points that run no checks. Raises ImproperlyConfigured with every sentence."""
    found = [sentence for _, sentence in problems()]
    if found:
        raise ImproperlyConfigured("Watchbill does not start like this:\n- " + "\n- ".join(found))


def problems() -> Iterator[tuple[str, str]]:
    """Name and sentence of everything that is unsafe or cannot work; nothing outside production but contradictions."""
    looks = (*_ALWAYS, *_IN_PRODUCTION) if settings.PRODUCTION else _ALWAYS
    for look in looks:
        yield from look()


Problems = Iterator[tuple[str, str]]


def _secret_key() -> Problems:
    key = settings.SECRET_KEY
    if len(key) < SHORTEST_KEY or len(set(key)) < FEWEST_DIFFERENT or key.startswith("django-insecure"):
        yield (
            "secret_key",
            (
                f"SECRET_KEY is too weak: it signs sessions. Give at least {SHORTEST_KEY} random characters, "
                "such as `openssl rand -base64 48` prints, best by SECRET_KEY_FILE."
            ),
        )


def _debug() -> Problems:
    if settings.DEBUG:
        yield "debug", "WATCHBILL_DEBUG is on: error pages would show settings and source. Take it out."


def _hosts() -> Problems:
    if any(host in {"*", "."} for host in settings.ALLOWED_HOSTS):
        yield (
            "allowed_hosts",
            (
                "ALLOWED_HOSTS has a wildcard: links could be made to point at any host. "
                "List the host names that agents and browsers use."
            ),
        )


def _origins() -> Problems:
    for origin in settings.CSRF_TRUSTED_ORIGINS:
        if not origin.startswith("https://"):
            yield (
                "csrf_origins",
                (
                    f"CSRF_TRUSTED_ORIGINS names {origin}, which is not https: anybody between could send forms in its "
                    "name. Write https://, and let the proxy end TLS."
                ),
            )


def _own_address() -> Problems:
    parts = urlsplit(settings.WATCHBILL_URL)
    if parts.scheme != "https" or not parts.hostname:
        yield (
            "url",
            (
                "WATCHBILL_URL must be the https address that people open, such as https://soc.example.net: mails and "
                "sign-in links lead there."
            ),
        )


def _plain_http() -> Problems:
    if not settings.SECURE_SSL_REDIRECT and not settings.TRUST_PROXY:
        yield (
            "plain_http",
            (
                "SECURE_SSL_REDIRECT is off and no proxy is named: pages would be answered over plain HTTP. "
                "Leave it on, or set TRUST_PROXY=1 where a proxy ends TLS."
            ),
        )


def _services() -> Problems:
    if not settings.CACHE_URL or EMBEDDED in settings.CACHE_URL:
        yield (
            "cache",
            (
                "CACHE_URL is missing or embedded: every process would count tries at signing in for itself. "
                "Name a Redis or Valkey, such as redis://valkey:6379/1."
            ),
        )
    if not settings.BROKER_URL or EMBEDDED in settings.BROKER_URL:
        yield "broker", "BROKER_URL is missing or embedded: no task would run. Name a Redis, a Valkey or a RabbitMQ."
    server = str(settings.DATABASES["default"]["HOST"])
    if not server or server.startswith(EMBEDDED):
        yield (
            "database",
            (
                "DATABASE_URL is missing or names the embedded database, which is for trying things out. "
                "Name a PostgreSQL 16 or later, such as postgresql://watchbill@postgres/watchbill."
            ),
        )


def _mail() -> Problems:
    if not settings.MAIL_GOES_OUT:
        return
    sender = settings.DEFAULT_FROM_EMAIL
    if "@" not in sender or sender.rstrip("> ").endswith("@localhost"):
        yield "mail_sender", "DEFAULT_FROM_EMAIL is missing: mail without a real sender is refused or lost. Give one."
    if settings.EMAIL_HOST_PASSWORD and not (settings.EMAIL_USE_TLS or settings.EMAIL_USE_SSL):
        yield (
            "mail_password",
            "EMAIL_HOST_PASSWORD would cross the network readable. Set EMAIL_USE_TLS=1 or EMAIL_USE_SSL=1.",
        )


def _mail_encryption() -> Problems:
    if settings.EMAIL_USE_TLS and settings.EMAIL_USE_SSL:
        yield (
            "mail_tls",
            "EMAIL_USE_TLS and EMAIL_USE_SSL exclude each other. Keep the one that the server speaks.",
        )


def _identity_provider() -> Problems:
    if settings.OIDC_DEFAULT_ROLE not in {"viewer", "analyst", "engineer", "manager", "admin"}:
        yield (
            "oidc_role",
            (
                f"OIDC_DEFAULT_ROLE is {settings.OIDC_DEFAULT_ROLE!r}, which is no role. "
                "Take viewer, analyst, engineer, manager or admin."
            ),
        )
    if settings.OIDC_SERVER_URL and not (settings.OIDC_CLIENT_ID and settings.OIDC_CLIENT_SECRET):
        yield "oidc_client", "OIDC_SERVER_URL needs OIDC_CLIENT_ID and OIDC_CLIENT_SECRET (or OIDC_CLIENT_SECRET_FILE)."


def _identity_provider_in_production() -> Problems:
    if settings.OIDC_SERVER_URL and not settings.OIDC_SERVER_URL.startswith("https://"):
        yield "oidc_url", "OIDC_SERVER_URL is not https: whoever is on the way could sign in as anybody. Use https."
    if settings.OIDC_CREATE_USERS and settings.OIDC_DEFAULT_ROLE not in LEAST_TRUSTED_DEFAULT:
        yield (
            "oidc_everybody",
            (
                f"OIDC_CREATE_USERS gives everybody at the identity provider the role {settings.OIDC_DEFAULT_ROLE}. "
                "Set OIDC_DEFAULT_ROLE to viewer or analyst, and raise people by hand."
            ),
        )


_ALWAYS: tuple[Callable[[], Problems], ...] = (_mail_encryption, _identity_provider)
_IN_PRODUCTION: tuple[Callable[[], Problems], ...] = (
    _secret_key,
    _debug,
    _hosts,
    _origins,
    _own_address,
    _plain_http,
    _services,
    _mail,
    _identity_provider_in_production,
)
