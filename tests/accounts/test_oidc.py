"""Signing in with an identity provider: the whole dance, with a real one on loopback."""

import pytest
from allauth.account.models import EmailAddress
from allauth.socialaccount.models import SocialAccount, SocialToken
from django.core.cache import cache
from django.test import Client

from accounts import identity_provider
from accounts import people as persons
from accounts.models import Change, RolePolicy, User
from tests.accounts.factors import code, give_app
from tests.accounts.provider import Provider, leave, path_of, provider, query_of, use
from tests.people import NOON, sign_in

ANA = {"email": "Ana@Example.net", "email_verified": True, "name": "Ana Lim", "preferred_username": "ana.lim"}


@pytest.fixture(autouse=True)
def _fresh_limits():
    cache.clear()


@pytest.fixture
def idp(people, settings):
    with provider(settings) as running:
        yield running


@pytest.fixture
def ana(people):
    people.ana.email = "ana@example.net"
    people.ana.save()
    return people.ana


def come(idp: Provider, sub: str = "sub-1", client: Client | None = None, **form: str):
    """Go there and back; the answer to coming back."""
    client = client or Client()
    return client.get(path_of(idp.agree(leave(client, **form), sub)))


def test_the_sign_in_page_offers_the_provider_and_the_policy_names_it(idp):
    page = Client().get("/login/")
    assert "Continue with Example ID" in page.content.decode()
    assert f"form-action 'self' {idp.url};" in page["Content-Security-Policy"]


def test_without_a_provider_there_is_no_button_and_no_address(db):
    assert b"Continue with" not in Client().get("/login/").content
    assert Client().post("/login/oidc/").status_code == 404
    assert Client().get("/login/oidc/callback/").status_code == 404


def test_a_verified_address_finds_the_person_and_links_the_identity(idp, ana):
    idp.knows("sub-1", **ANA)
    client = Client()
    assert come(idp, client=client, next="/settings/you/")["Location"] == "/settings/you/"
    assert client.get("/settings/you/").context["user"] == ana
    assert SocialAccount.objects.get().user == ana
    assert not SocialToken.objects.exists()
    entry = Change.objects.get(verb="link_identity")
    assert (entry.actor, entry.object_id) == (ana, str(ana.pk))


def test_a_linked_identity_is_known_whatever_becomes_of_the_address(idp, ana):
    idp.knows("sub-1", **ANA)
    come(idp)
    User.objects.filter(pk=ana.pk).update(email="other@example.net")
    idp.knows("sub-1", email="someone@example.net", email_verified=False)
    assert come(idp)["Location"] == "/"
    assert Change.objects.filter(verb="link_identity").count() == 1


def test_a_second_identity_with_the_same_address_does_not_get_the_account(idp, ana, people):
    idp.knows("sub-1", **ANA)
    come(idp)
    idp.knows("sub-2", **ANA)
    stranger = Client()
    answer = come(idp, "sub-2", stranger)
    assert answer.status_code == 403
    assert identity_provider.ANOTHER in answer.content.decode()
    assert stranger.get("/settings/you/").status_code == 302
    assert list(SocialAccount.objects.values_list("uid", flat=True)) == ["sub-1"]
    assert persons.unlink_identity(user=ana, actor=people.adam, now=NOON) == ["oidc sub-1"]
    assert come(idp, "sub-2", stranger)["Location"] == "/"
    assert list(SocialAccount.objects.values_list("uid", flat=True)) == ["sub-2"]


@pytest.mark.parametrize("process", ["connect", "redirect", "login"])
def test_accounts_are_not_connected_by_address(idp, people, process):
    assert sign_in(people.ana).post("/login/oidc/", {"process": process}).status_code == 404
    assert Client().post(f"/login/oidc/?process={process}").status_code == 404


def test_an_address_is_kept_in_one_place(idp, ana):
    idp.knows("sub-1", **ANA)
    come(idp)
    assert not EmailAddress.objects.exists()


def test_going_there_takes_a_proof_key_and_a_state(idp, ana):
    asked = query_of(leave(Client()))
    assert asked["code_challenge_method"] == "S256"
    assert len(asked["code_challenge"]) >= 43
    assert asked["state"]
    assert set(asked["scope"].split()) == {"openid", "profile", "email"}
    assert asked["redirect_uri"] == "http://testserver/login/oidc/callback/"


def test_opening_the_address_changes_nothing_before_a_button_is_pressed(idp):
    answer = Client().get("/login/oidc/")
    assert answer.status_code == 200
    assert b"Continue with Example ID" in answer.content


@pytest.mark.parametrize(
    ("claims", "sentence"),
    [
        ({"email": "ana@example.net"}, identity_provider.UNVERIFIED),
        ({"email": "ana@example.net", "email_verified": False}, identity_provider.UNVERIFIED),
        ({"email": "ana@example.net", "email_verified": "false"}, identity_provider.UNVERIFIED),
        ({}, identity_provider.UNVERIFIED),
        ({"email": "stranger@example.net", "email_verified": True}, identity_provider.NOBODY),
    ],
)
def test_nobody_comes_in_whom_the_address_does_not_prove(idp, ana, claims, sentence):
    idp.knows("sub-1", **claims)
    client = Client()
    answer = come(idp, client=client)
    assert answer.status_code == 403
    assert sentence in answer.content.decode()
    assert client.get("/settings/you/").status_code == 302
    assert not SocialAccount.objects.exists()


def test_an_address_that_two_people_have_finds_neither(idp, people, ana):
    User.objects.filter(pk=people.rosa.pk).update(email="ANA@example.net")
    idp.knows("sub-1", **ANA)
    assert identity_provider.SEVERAL in come(idp).content.decode()


def test_who_was_switched_off_stays_out_linked_or_not(idp, ana, settings):
    settings.OIDC_CREATE_USERS = True
    idp.knows("sub-1", **ANA)
    come(idp)
    User.objects.filter(pk=ana.pk).update(is_active=False)
    assert come(idp).status_code == 403
    idp.knows("sub-2", **ANA)
    assert identity_provider.SWITCHED_OFF in come(idp, "sub-2").content.decode()
    assert User.objects.filter(email__iexact=ANA["email"]).count() == 1


def test_new_people_are_made_only_where_that_is_wanted(idp, people, settings):
    settings.OIDC_CREATE_USERS, settings.OIDC_DEFAULT_ROLE = True, "analyst"
    idp.knows("sub-9", email="new@example.net", email_verified=True, preferred_username="ana", given_name="Nia")
    client = Client()
    assert come(idp, "sub-9", client)["Location"] == "/"
    made = User.objects.get(email="new@example.net")
    assert (made.username, made.first_name, made.role, list(made.teams.all())) == (
        "ana2",
        "Nia",
        "analyst",
        [people.core],
    )
    assert not made.has_usable_password()
    assert client.get("/settings/you/").status_code == 200  # nobody asks for a password that there is none of
    entry = Change.objects.get(verb="create", object_id=made.pk)
    assert (entry.actor, entry.door, entry.after["role"]) == (None, "system", "analyst")


def test_a_provider_cannot_put_markup_or_a_role_into_an_account(idp, people, settings):
    settings.OIDC_CREATE_USERS = True
    idp.knows(
        "sub-9",
        email="new@example.net",
        email_verified=True,
        preferred_username="<b>x</b>" + "y" * 300,
        name="<script>alert(1)</script>" + "z" * 400,
        role="admin",
        is_superuser=True,
    )
    client = Client()
    assert come(idp, "sub-9", client).status_code == 302
    made = User.objects.get(email="new@example.net")
    assert (made.role, made.is_superuser, made.is_staff) == ("viewer", False, False)
    assert b"<script>alert" not in client.get("/settings/you/").content


def test_the_second_factor_is_asked_for_all_the_same(idp, ana):
    give_app(ana)
    idp.knows("sub-1", **ANA)
    client = Client()
    assert come(idp, client=client)["Location"].startswith("/login/code/")
    assert client.get("/settings/you/").status_code == 302
    client.post("/login/code/", {"code": code()})
    assert client.get("/settings/you/").status_code == 200


def test_the_policy_of_the_role_holds_for_who_comes_by_the_provider(idp, ana):
    RolePolicy.objects.create(role="analyst", second_factor=True)
    idp.knows("sub-1", **ANA)
    client = Client()
    come(idp, client=client)
    assert client.get("/alerts/")["Location"] == "/settings/security/"
    assert client.get("/settings/security/app/").status_code == 200  # no password to ask for


@pytest.mark.parametrize("wrong", ["?code=x", "?code=x&state=never", "", "?state=%00", "?error=server_error&state=x"])
def test_an_answer_that_nobody_asked_for_is_refused_in_words(idp, wrong):
    answer = Client().get(f"/login/oidc/callback/{wrong}")
    assert answer.status_code in {400, 401}
    assert answer.status_code == 400 or identity_provider.BROKEN in answer.content.decode().replace("&#x27;", "'")


def test_an_answer_works_once_and_only_in_the_browser_that_asked(idp, ana):
    idp.knows("sub-1", **ANA)
    client = Client()
    back = path_of(idp.agree(leave(client), "sub-1"))
    assert Client().get(back).status_code == 401
    assert client.get(back).status_code == 302
    client.post("/logout/")
    assert client.get(back).status_code == 401


def test_a_no_at_the_provider_is_told_as_such(idp, ana):
    client = Client()
    answer = client.get(path_of(idp.deny(leave(client))) + "")
    assert answer.status_code == 401
    assert b"That did not sign you in" in answer.content


def test_a_provider_that_is_away_is_a_sentence_and_no_error(people, settings):
    use(settings, "http://localhost:9")
    answer = Client().post("/login/oidc/")
    assert answer.status_code == 503
    assert identity_provider.AWAY in answer.content.decode().replace("&#x27;", "'")


def test_a_provider_that_goes_away_in_the_middle_is_a_sentence_too(people, settings):
    client = Client()
    with provider(settings) as idp:
        back = path_of(idp.agree(leave(client), "sub-1"))
    answer = client.get(back)
    assert answer.status_code == 503
    assert identity_provider.AWAY in answer.content.decode().replace("&#x27;", "'")


def test_a_server_that_is_no_provider_is_a_sentence_too(idp, settings):
    use(settings, f"{idp.url}/jwks?x=/.well-known/")
    assert Client().post("/login/oidc/").status_code == 503


def test_nobody_is_sent_to_another_site_afterwards(idp, ana):
    idp.knows("sub-1", **ANA)
    assert come(idp, next="https://evil.example/")["Location"] == "/"


def test_who_is_signed_in_as_somebody_else_becomes_who_the_provider_says(idp, ana, people):
    idp.knows("sub-1", **ANA)
    client = sign_in(people.rosa)
    before = client.session.session_key
    come(idp, client=client)
    assert client.session.session_key != before
    assert client.get("/settings/you/").context["user"] == ana
