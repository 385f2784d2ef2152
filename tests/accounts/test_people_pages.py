"""The administrators' pages: users, teams, roles."""

import pytest
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from django.core import mail
from django.test import Client
from django.utils.html import strip_tags

from accounts import people as persons
from accounts.models import Change, Team, User
from accounts.people_list import PeopleFilters, listing, protection_by_role
from accounts.person_state import digest_of
from accounts.roles import Role
from accounts.selectors import policy_of
from tests.people import NOON, make_person, said, sign_in

FORM = {"username": "jana", "first_name": "Jana", "last_name": "", "email": "jana@example.net", "role": "analyst"}


@pytest.fixture
def adam(people) -> Client:
    return sign_in(people.adam)


def text(answer, status=200) -> str:
    said_back: str = answer.content.decode()
    assert answer.status_code == status, said_back[:500]
    return said_back


def test_the_list_says_role_teams_factor_and_state(people, adam):
    Authenticator.objects.create(user=people.rosa, type=Authenticator.Type.TOTP, data={})
    Authenticator.objects.create(user=people.ana, type=Authenticator.Type.RECOVERY_CODES, data={})
    people.vera.is_active = False
    people.vera.save()
    rows = {row.person.username: row for row in listing(user=people.adam, filters=PeopleFilters(), after=None).items}
    assert list(rows) == ["adam", "ana", "mona", "otto", "rosa", "vera"]
    assert (rows["rosa"].protected, rows["ana"].protected) == (True, False)
    assert rows["otto"].teams == "Retail"
    page = text(adam.get("/settings/users/"))
    for word in ("Detection engineer", "Deactivated", "Invited", "5 can sign in"):
        assert word in page


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("q=ROS", ["rosa"]),
        ("role=engineer", ["otto", "rosa"]),
        ("state=deactivated", ["vera"]),
        ("state=unprotected&role=engineer", ["otto"]),
        ("q=nobody", []),
        ("role=nonsense&team=zzz&q=mona", ["mona"]),
    ],
)
def test_the_list_is_filtered(people, adam, query, found):
    Authenticator.objects.create(user=people.rosa, type=Authenticator.Type.TOTP, data={})
    User.objects.filter(username="vera").update(is_active=False)
    answer = adam.get(f"/settings/users/?{query}")
    assert [row.person.username for row in answer.context["page"].items] == found


def test_the_list_goes_on_page_by_page(people, django_assert_max_num_queries):
    for number in range(7):
        make_person(f"p{number}", Role.VIEWER, people.core)
    found, key = [], None
    for _ in range(9):
        with django_assert_max_num_queries(2):
            page = listing(user=people.adam, filters=PeopleFilters(), after=key, limit=2)
        found += [row.person.username for row in page.items]
        key = page.next_key
        if key is None:
            break
    assert found == sorted(found)
    assert len(found) == 13


def test_an_invitation_shows_the_link_once(people, adam, settings):
    settings.WATCHBILL_URL = "https://soc.example.net"
    page = text(adam.post("/settings/users/new/", FORM | {"teams": people.core.pk}))
    path = said(r"https://soc.example.net(/sign-in/[\w-]+/)", page)
    jana = User.objects.get(username="jana")
    assert path not in text(adam.get(f"/settings/users/{jana.pk}/"))
    assert mail.outbox == []
    browser = Client()
    assert browser.post(path)["Location"] == "/"
    assert browser.get("/alerts/")["Location"] == "/settings/password/"


def test_a_link_is_mailed_only_when_asked_for_and_where_there_is_mail(people, adam, settings):
    settings.MAIL_GOES_OUT = False
    adam.post("/settings/users/new/", FORM | {"teams": people.core.pk, "mail_it": "on"})
    assert mail.outbox == []
    settings.MAIL_GOES_OUT = True
    jana = User.objects.get(username="jana")
    adam.post(f"/settings/users/{jana.pk}/new-link/")
    assert mail.outbox == []
    page = text(adam.post(f"/settings/users/{jana.pk}/new-link/", {"mail_it": "on"}))
    assert "Mailed to jana@example.net" in page
    assert mail.outbox[0].to == ["jana@example.net"]
    assert said(r"(/sign-in/[\w-]+/)", str(mail.outbox[0].body)) in page


def test_a_mail_that_fails_is_said_and_the_link_is_there_all_the_same(people, adam, settings):
    settings.MAIL_GOES_OUT = True
    settings.EMAIL_BACKEND = "tests.accounts.test_mailing.Broken"
    User.objects.filter(pk=people.ana.pk).update(email="ana@example.net")
    page = text(adam.post(f"/settings/users/{people.ana.pk}/new-link/", {"mail_it": "on"}))
    assert "could not be sent" in page
    assert "/sign-in/" in page


def test_what_cannot_be_is_said_beside_its_field(people, adam):
    page = text(adam.post("/settings/users/new/", FORM | {"username": "ANA", "teams": people.core.pk}), 422)
    assert "Somebody has this name already." in page
    page = text(adam.post("/settings/users/new/", FORM), 422)
    assert "at least one team" in page
    assert not User.objects.filter(username="jana").exists()


def test_a_person_is_changed_and_recorded_by_the_page(people, adam):
    url = f"/settings/users/{people.ana.pk}/"
    sent = {"first_name": "Ana", "last_name": "Lim", "email": "", "role": "engineer", "teams": [people.retail.pk]}
    assert adam.post(url, sent | {"seen": digest_of(people.ana)})["Location"] == url
    people.ana.refresh_from_db()
    assert (people.ana.role, list(people.ana.teams.all())) == ("engineer", [people.retail])
    assert Change.objects.get(object_type="user").door == "page"
    assert "changed the account ana" in " ".join(strip_tags(text(adam.get(url))).split())


def test_a_stale_form_gives_no_role_back_and_says_who_was_faster(people, adam):
    url = f"/settings/users/{people.vera.pk}/"
    User.objects.filter(pk=people.vera.pk).update(role="admin")
    seen = said(r'name="seen" value="(\w+)"', text(adam.get(url)))
    second = make_person("second", Role.ADMIN, people.core)
    persons.change_person(
        user=people.vera, first_name="Vera", last_name="", email="", role=Role.VIEWER, teams=[people.core],
        actor=second, now=NOON,
    )  # fmt: skip
    sent = {"first_name": "Verena", "last_name": "", "email": "", "role": "admin", "teams": [people.core.pk]}
    page = text(adam.post(url, sent | {"seen": seen}), 409)
    assert User.objects.get(pk=people.vera.pk).role == "viewer"
    assert "Second changed this account on" in page
    assert "role was admin, is viewer now" in page
    assert 'value="Verena"' in page  # what was typed is kept
    again = said(r'name="seen" value="(\w+)"', page)
    assert adam.post(url, sent | {"role": "viewer", "seen": again})["Location"] == url
    assert str(User.objects.get(pk=people.vera.pk)) == "Verena"


@pytest.mark.parametrize("seen", [{}, {"seen": ""}, {"seen": "0" * 32}])
def test_a_form_that_does_not_say_what_it_showed_changes_nothing(people, adam, seen):
    sent = {"first_name": "Ana", "last_name": "", "email": "", "role": "admin", "teams": [people.core.pk]}
    assert "was changed since" in text(adam.post(f"/settings/users/{people.ana.pk}/", sent | seen), 409)
    assert User.objects.get(pk=people.ana.pk).role == "analyst"


def test_a_mistake_in_a_stale_form_does_not_make_it_fresh(people, adam):
    url, seen = f"/settings/users/{people.ana.pk}/", digest_of(people.ana)
    User.objects.filter(pk=people.ana.pk).update(last_name="Lim")
    sent = {"first_name": "Ana", "last_name": "", "email": "", "role": "nonsense", "seen": seen}
    page = text(adam.post(url, sent), 422)
    assert said(r'name="seen" value="(\w+)"', page) == seen


def test_the_last_administrator_is_kept_by_the_page(people, adam):
    url = f"/settings/users/{people.adam.pk}/"
    sent = {"first_name": "Adam", "last_name": "", "email": "", "role": "viewer", "teams": [people.core.pk]}
    assert "last active administrator" in text(adam.post(url, sent | {"seen": digest_of(people.adam)}), 422)
    assert "cannot do this to your own account" in text(adam.post(f"{url}deactivate/"), 422)


def test_each_button_does_what_it_says(people, adam):
    url = f"/settings/users/{people.ana.pk}/"
    people.ana.set_password("correct horse battery")
    people.ana.save()
    Authenticator.objects.create(user=people.ana, type=Authenticator.Type.TOTP, data={})
    for verb in ("require-password", "reset-factors", "end-sessions", "deactivate", "reactivate"):
        assert adam.post(f"{url}{verb}/")["Location"] == url
    people.ana.refresh_from_db()
    assert (people.ana.is_active, people.ana.must_change_password) == (True, True)
    assert not Authenticator.objects.exists()
    verbs = Change.objects.filter(object_type="user").order_by("id").values_list("verb", flat=True)
    assert list(verbs) == [
        "require_password_change",
        "reset_second_factors",
        "end_sessions",
        "deactivate",
        "reactivate",
    ]


def test_an_identity_is_untied_by_a_button_that_is_there_only_for_one(people, adam):
    url = f"/settings/users/{people.ana.pk}/"
    assert "Untie" not in text(adam.get(url))
    SocialAccount.objects.create(user=people.ana, provider="oidc", uid="sub-1")
    browser = sign_in(people.ana)
    assert "Untie identity provider" in text(adam.get(url))
    assert adam.post(f"{url}unlink/")["Location"] == url
    assert not SocialAccount.objects.exists()
    assert browser.get("/settings/you/").status_code == 302
    entry = Change.objects.get(verb="unlink_identity")
    assert (entry.actor, entry.door, entry.before) == (people.adam, "page", {"identities": ["oidc sub-1"]})


def test_teams_are_made_renamed_filled_and_never_deleted(people, adam):
    made = adam.post("/settings/teams/", {"name": "Night shift"})["Location"]
    team = Team.objects.get(slug="night-shift")
    assert made == f"/settings/teams/{team.pk}/"
    for sent in (
        {"do": "rename", "name": "Late shift"},
        {"do": "add", "person": people.ana.pk},
        {"do": "default"},
    ):
        assert adam.post(made, sent)["Location"] == made
    team.refresh_from_db()
    assert (team.name, team.is_default, list(team.members.all())) == ("Late shift", True, [people.ana])
    assert adam.post(made, {"do": "remove", "person": people.ana.pk}).status_code == 302
    assert "only team of Otto" in text(
        adam.post(f"/settings/teams/{people.retail.pk}/", {"do": "remove", "person": people.otto.pk}), 422
    )
    assert "never deleted" in text(adam.get("/settings/teams/"))
    assert "Another team has this name." in text(adam.post("/settings/teams/", {"name": "retail"}), 422)


@pytest.mark.parametrize("sent", [{}, {"do": "destroy"}, {"do": "add"}, {"do": "add", "person": "9" * 30}])
def test_a_form_that_makes_no_sense_changes_nothing(people, adam, sent):
    assert adam.post(f"/settings/teams/{people.core.pk}/", sent).status_code == 422


def test_everybody_reads_the_roles_and_only_administrators_decide(people, adam):
    sent = {"analyst-exceptions": "draft", "engineer-exceptions": "direct", "admin-exceptions": "direct"}
    assert "Policy of each role" in text(sign_in(people.vera).get("/settings/roles/"))
    assert "Save the policies" not in text(sign_in(people.mona).get("/settings/roles/"))
    assert sign_in(people.mona).post("/settings/roles/", sent).status_code == 403
    assert adam.post("/settings/roles/", sent | {"analyst-second_factor": "on"})["Location"] == "/settings/roles/"
    assert (policy_of("analyst").exceptions, policy_of("analyst").second_factor) == ("draft", True)
    assert policy_of("viewer").second_factor is False
    assert list(Change.objects.filter(object_type="policy").values_list("object_id", flat=True)) == ["analyst"]
    assert adam.post("/settings/roles/", sent | {"analyst-exceptions": "maybe"}).status_code == 422


def test_the_roles_page_tells_how_many_would_need_a_second_factor(people):
    Authenticator.objects.create(user=people.rosa, type=Authenticator.Type.WEBAUTHN, data={})
    assert protection_by_role()["engineer"] == (1, 2)


def test_settings_show_only_what_the_role_may(people):
    words = ("Users", "Teams", "Roles", "Audit", "API keys")
    shown = {}
    for person in (people.vera, people.rosa, people.mona, people.adam):
        page = text(sign_in(person).get("/settings/you/"))
        nav = page[page.index('class="setnav"') : page.index("</nav>", page.index('class="setnav"'))]
        shown[person.username] = [word for word in words if f">{word}</a>" in nav]
    assert shown == {
        "vera": ["Roles"],
        "rosa": ["Roles", "API keys"],
        "mona": ["Roles", "Audit"],
        "adam": ["Users", "Teams", "Roles", "Audit", "API keys"],
    }
