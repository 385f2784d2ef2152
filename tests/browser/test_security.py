"""Passkeys, codes and sessions in a real browser: Chromium's own virtual authenticator makes and shows the passkeys."""

import os
import time
from pathlib import Path
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.core.cache import cache
from playwright.sync_api import Page, expect
from pytest_django.fixtures import Settings

from accounts.models import Change, User
from accounts.sessions import end_sessions
from tests.accounts.factors import PASSWORD, SECRET, give_app
from tests.accounts.provider import provider
from tests.alerts.pages.world import World
from tests.browser.conftest import Visit, Visitor
from tests.browser.test_triage import faults

PICTURES = os.environ.get("PICTURES")


@pytest.fixture(autouse=True)
def _fresh_limits() -> None:
    cache.clear()


@pytest.fixture
def ana(world: World) -> User:
    """Ana, with a password to sign in with."""
    user = world.people["ana"]
    user.set_password(PASSWORD)
    user.save()
    return user


def code_of(secret: str, step: int = 0) -> str:
    """What an authenticator app shows now, or `step` half minutes later."""
    return str(format_hotp_value(hotp_value(secret.replace(" ", ""), int(time.time()) // 30 + step)))


def with_authenticator(visitor: Visitor) -> None:
    """Give the browser a device that holds passkeys and recognises its owner."""
    device = visitor.context.new_cdp_session(visitor.page)
    device.send("WebAuthn.enable")
    options: dict[str, Any] = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    device.send("WebAuthn.addVirtualAuthenticator", {"options": options})


def sign_in(page: Page, name: str = "ana") -> None:
    page.get_by_label("Name or e-mail").fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()


def picture(visitor: Visitor, name: str) -> None:
    """A picture to look at, where somebody asked for pictures."""
    if PICTURES:
        Path(PICTURES).mkdir(parents=True, exist_ok=True)
        visitor.page.screenshot(path=Path(PICTURES) / f"{name}.png")


@pytest.fixture
def signed_in(visit: Visit, ana: User) -> Visitor:
    """Ana's browser with a virtual authenticator, signed in by password just now."""
    visitor = visit("")
    with_authenticator(visitor)
    visitor.open("/login/?next=/settings/security/")
    sign_in(visitor.page)
    expect(visitor.page.get_by_role("heading", name="Second factor")).to_be_visible()
    return visitor


def make_passkey(page: Page, name: str) -> None:
    page.get_by_role("link", name="Add a passkey").click()
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Go on").click()
    page.get_by_label("Name").fill(name)
    page.get_by_role("button", name="Make the passkey").click()


def test_a_passkey_is_made_and_signs_in_alone(signed_in: Visitor, ana: User) -> None:
    page = signed_in.page
    make_passkey(page, "laptop")
    expect(page.locator("#recovery-codes li")).to_have_count(10)
    picture(signed_in, "codes")
    page.get_by_role("link", name="I have kept them").click()
    expect(page.locator(".factors").first).to_contain_text("laptop")
    page.goto(f"{signed_in.base}/logout/")
    page.get_by_role("button", name="Sign out").click()
    page.goto(f"{signed_in.base}/login/?next=/settings/you/")
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page).to_have_url(f"{signed_in.base}/settings/you/")
    assert Authenticator.objects.get(type="webauthn").last_used_at is not None
    verbs = set(Change.objects.filter(object_type="user", object_id=ana.pk).values_list("verb", flat=True))
    assert {"add_second_factor", "new_recovery_codes"} <= verbs
    assert signed_in.complaints == []


def test_after_the_password_a_passkey_is_the_second_step(signed_in: Visitor) -> None:
    page = signed_in.page
    make_passkey(page, "laptop")
    page.get_by_role("link", name="I have kept them").click()
    signed_in.context.clear_cookies()
    page.goto(f"{signed_in.base}/login/")
    sign_in(page)
    expect(page.get_by_role("button", name="Use a passkey or security key")).to_be_visible()
    picture(signed_in, "second_step")
    page.get_by_role("button", name="Use a passkey or security key").click()
    expect(page).to_have_url(f"{signed_in.base}/alerts/")
    page.goto(f"{signed_in.base}/settings/security/")
    page.get_by_role("link", name="Remove laptop").click()
    page.get_by_role("link", name="Use a security key").click()
    page.get_by_role("button", name="Use a passkey").click()
    page.get_by_role("button", name="Remove it").click()
    expect(page.locator(".toast").first).to_contain_text("Passkey removed.")
    assert not Authenticator.objects.exists()


def test_a_passkey_that_is_told_no_says_so(visit: Visit, ana: User) -> None:
    visitor = visit("")
    with_authenticator(visitor)
    page = visitor.open("/login/")
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.locator("[data-passkey-trouble]")).to_contain_text("The device did not answer")
    expect(page.get_by_role("button", name="Sign in with a passkey")).to_be_enabled()


def test_an_app_and_recovery_codes_from_first_to_last(signed_in: Visitor, ana: User) -> None:
    page = signed_in.page
    page.get_by_role("link", name="Set up an authenticator app").click()
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Go on").click()
    secret = page.locator("#totp-secret").inner_text()
    picture(signed_in, "totp")
    page.get_by_label("The six digits").fill("000000")
    page.get_by_role("button", name="Take it into use").click()
    expect(page.locator(".err")).to_contain_text("That code is not right.")
    page.get_by_label("The six digits").fill(code_of(secret))
    page.get_by_role("button", name="Take it into use").click()
    expect(page.locator("#recovery-codes li")).to_have_count(10)
    codes = page.locator("#recovery-codes li").all_inner_texts()
    signed_in.context.clear_cookies()
    page.goto(f"{signed_in.base}/login/")
    sign_in(page)
    page.get_by_label("Code of the app").fill(codes[0])
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page).to_have_url(f"{signed_in.base}/alerts/")
    page.goto(f"{signed_in.base}/settings/security/")
    expect(page.locator(".factors").first).to_contain_text("9 left")
    picture(signed_in, "security")
    assert [text for text in signed_in.complaints if "422" not in text] == []


@pytest.mark.parametrize(("phone", "dark"), [(False, False), (True, True)], ids=["desk-light", "phone-dark"])
def test_axe_finds_nothing_and_nothing_scrolls_sideways(visit: Visit, ana: User, phone: bool, dark: bool) -> None:
    ana.email = "ana@example.net"
    ana.save()
    stranger, known = visit("", phone=phone, dark=dark), visit("ana", phone=phone, dark=dark)
    suffix = f"{'_390' if phone else ''}{'_dark' if dark else ''}"
    stranger.open("/login/?next=/alerts/&why=age")
    sign_in_badly(stranger.page)
    assert faults(stranger) == []
    picture(stranger, f"login{suffix}")
    known.open("/settings/security/app/")
    known.page.get_by_label("Password").fill(PASSWORD)
    picture(known, f"again{suffix}")
    assert faults(known) == []
    known.page.get_by_role("button", name="Go on").click()
    for name, address in {
        "totp": "/settings/security/app/",
        "passkey": "/settings/security/passkeys/new/",
        "security": "/settings/security/",
        "password": "/settings/password/",
    }.items():
        assert faults(known, address) == [], address
        assert known.page.evaluate("document.documentElement.scrollWidth") <= (390 if phone else 1440), address
        picture(known, f"{name}{suffix}")
    assert known.complaints == []


def sign_in_badly(page: Page) -> None:
    page.get_by_label("Name or e-mail").fill("ana@example.net")
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.locator(".err:visible")).to_contain_text("Four tries left")


def test_the_way_over_an_identity_provider_passes_the_content_policy(
    visit: Visit, ana: User, settings: Settings
) -> None:
    User.objects.filter(pk=ana.pk).update(email="ana@example.net")
    with provider(settings) as idp:
        idp.knows("ana-there", email="ana@example.net", email_verified=True)
        visitor = visit("")
        page = visitor.open("/login/?next=/settings/you/")
        picture(visitor, "login_oidc")
        page.get_by_role("button", name="Continue with Example ID").click()
        page.locator("input[name=sub]").fill("ana-there")
        page.get_by_role("button", name="Authorize").click()
        expect(page).to_have_url(f"{visitor.base}/settings/you/")
        assert [text for text in visitor.complaints if "Content Security Policy" in text] == []


def test_another_place_than_the_provider_is_refused_by_the_browser(visit: Visit, ana: User, settings: Settings) -> None:
    with provider(settings) as idp:
        settings.OIDC_ORIGINS = []
        visitor = visit("")
        page = visitor.open("/login/")
        page.get_by_role("button", name="Continue with Example ID").click()
        page.wait_for_timeout(500)
        assert not page.url.startswith(idp.url)
        assert any("form-action" in text for text in visitor.complaints)


def test_without_scripts_the_password_and_a_code_are_enough(visit: Visit, ana: User) -> None:
    give_app(ana)
    visitor = visit("", scripts=False)
    page = visitor.open("/login/?next=/settings/security/")
    expect(page.get_by_role("button", name="Sign in with a passkey")).to_have_count(0)
    sign_in(page)
    page.get_by_label("Code of the app").fill(code_of(SECRET))
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("heading", name="Second factor")).to_be_visible()
    page.get_by_role("link", name="Add a passkey").click()
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Go on").click()
    expect(page.locator("[data-no-passkeys]")).to_be_visible()


def test_a_session_that_was_ended_elsewhere_is_told_on_the_page_which_goes_on_after_signing_in(
    visit: Visit, ana: User
) -> None:
    visitor = visit("ana")
    page = visitor.open("/alerts/")
    end_sessions(ana)
    page.evaluate("htmx.ajax('GET', '/alerts/', {target: '#main'})")
    dialog = page.get_by_role("dialog", name="You are signed out")
    expect(dialog).to_be_visible()
    with visitor.context.expect_page() as opened:
        dialog.get_by_role("link", name="Sign in").click()
    sign_in(opened.value)
    expect(opened.value).to_have_url(f"{visitor.base}/alerts/")
    page.bring_to_front()
    expect(dialog).to_be_hidden(timeout=10_000)  # it looks by itself whether the person is back
