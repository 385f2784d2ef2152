"""Settings come from the environment, and nonsense is refused loudly instead of guessed at."""

import os
from pathlib import Path
from urllib.parse import quote, urlsplit, urlunsplit

from django.core.exceptions import ImproperlyConfigured
from psycopg.conninfo import conninfo_to_dict

_TRUE = {"1", "true", "yes", "on"}
_FALSE = {"0", "false", "no", "off", ""}


def env_bool(name: str, default: bool) -> bool:
    """A yes-or-no setting; anything else than yes or no is an error, not a yes."""
    raw = os.environ.get(name)
    if raw is None:
        return default
    if raw.strip().lower() in _TRUE:
        return True
    if raw.strip().lower() in _FALSE:
        return False
    raise ImproperlyConfigured(f"{name} must be yes or no (1 or 0), not {raw!r}.")


def env_int(name: str, default: int, *, minimum: int = 0) -> int:
    """A whole number that is at least `minimum`."""
    raw = os.environ.get(name)
    if raw is None or not raw.strip():
        return default
    try:
        number = int(raw)
    except ValueError:
        raise ImproperlyConfigured(f"{name} must be a whole number, not {raw!r}.") from None
    if number < minimum:
        raise ImproperlyConfigured(f"{name} must be at least {minimum}, not {number}.")
    return number


def env_list(name: str, default: list[str]) -> list[str]:
    """Comma-separated words."""
    raw = os.environ.get(name)
    return default if raw is None else [word.strip() for word in raw.split(",") if word.strip()]


def env_secret(name: str) -> str | None:
    """A secret from `NAME`, or from the file that `NAME_FILE` points at (container secrets)."""
    path = os.environ.get(f"{name}_FILE")
    if not path:
        return os.environ.get(name)
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except OSError:
        raise ImproperlyConfigured(f"{name}_FILE points at {path}, which cannot be read.") from None


def env_url(name: str, default: str = "") -> str:
    """An address such as `BROKER_URL`, with the password of `BROKER_PASSWORD` (or its file) put into it, if given."""
    url = os.environ.get(name) or default
    variable = name.removesuffix("_URL") + "_PASSWORD"
    password = env_secret(variable)
    if not password:
        return url
    parts = urlsplit(url)
    if not parts.hostname:
        raise ImproperlyConfigured(f"{variable} is given, but {name} names no server that could ask for it.")
    user, _, _ = parts.netloc.rpartition("@")[0].partition(":")
    server = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{user}:{quote(password, safe='')}@{server}"))


def database_from_url(url: str) -> dict[str, object]:
    """Django's database settings from a libpq URL or connection string.

    Sockets are given as `postgresql://user@/name?host=/folder`; what Django has no key for becomes an option.
    """
    parts = dict(conninfo_to_dict(url))
    settings: dict[str, object] = {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": parts.pop("dbname", None) or "watchbill",
        "USER": parts.pop("user", None) or "",
        "PASSWORD": parts.pop("password", None) or "",
        "HOST": parts.pop("host", None) or "",
        "PORT": str(parts.pop("port", None) or ""),
    }
    return settings | {"OPTIONS": parts}


def origin_of(url: str) -> str:
    """Scheme, host and port of an address, as a browser names an origin."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def mail_backend(host: str, *, production: bool) -> str:
    """How mail leaves us when nobody named a backend: by SMTP where a server is named.

    Without one it is shown on the terminal, and in production it goes nowhere.
    """
    kind = "smtp" if host else "dummy" if production else "console"
    return f"django.core.mail.backends.{kind}.EmailBackend"
