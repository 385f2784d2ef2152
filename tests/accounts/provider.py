"""A real OpenID Connect provider on loopback, and settings that point at it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

import httpx
from django.test import Client
from oidc_provider_mock import run_server_in_thread  # type: ignore[import-untyped]
from pytest_django.fixtures import Settings


@dataclass(frozen=True)
class Provider:
    """The provider, with people of its own."""

    url: str

    def knows(self, sub: str, **claims: object) -> None:
        """There is somebody called `sub`, of whom it says `claims`."""
        httpx.put(f"{self.url}/users/{sub}", json=claims).raise_for_status()

    def agree(self, authorize_url: str, sub: str) -> str:
        """`sub` signs in there and agrees; gives the address that the browser is sent back to."""
        answer = httpx.post(authorize_url, data={"sub": sub})
        assert answer.status_code == 302, answer.text
        return answer.headers["Location"]

    def deny(self, authorize_url: str) -> str:
        """Somebody says no there."""
        return httpx.post(authorize_url, data={"action": "deny"}).headers["Location"]


@contextmanager
def provider(settings: Settings) -> Iterator[Provider]:
    """The provider runs, and Watchbill is configured for it."""
    with run_server_in_thread() as server:
        url = f"http://localhost:{server.server_port}"
        use(settings, url)
        yield Provider(url)


def use(settings: Settings, url: str) -> None:
    """The settings that OIDC_SERVER_URL and its companions give (soc/settings.py)."""
    settings.OIDC_SERVER_URL, settings.OIDC_NAME, settings.OIDC_ORIGINS = url, "Example ID", [url]
    app = {
        "provider_id": "oidc",
        "name": "Example ID",
        "client_id": "watchbill",
        "secret": "s3cret",
        "settings": {"server_url": url},
    }
    settings.SOCIALACCOUNT_PROVIDERS = {"openid_connect": {"OAUTH_PKCE_ENABLED": True, "APPS": [app]}}


def leave(client: Client, **form: str) -> str:
    """Press the button on the sign-in page; where it leads."""
    answer = client.post("/login/oidc/", form)
    assert answer.status_code == 302, answer.content
    return answer["Location"]


def path_of(address: str) -> str:
    """Path and query, as the test client wants them."""
    parts = urlsplit(address)
    return f"{parts.path}?{parts.query}"


def query_of(address: str) -> dict[str, str]:
    """The query, one value a name."""
    return {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
