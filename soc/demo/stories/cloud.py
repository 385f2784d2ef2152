"""Stories of sign-ins and cloud accounts."""

from collections.abc import Sequence

from soc.demo.company import Person
from soc.demo.ecs import Document, plain_event
from soc.demo.stories.story import Outcome, Scene, Story, from_elsewhere

_COUNTRY = "Entra ID Sign-in From a Country New for the Person"
_FACTOR = "Okta Second Factor Removed From an Account"
_CONSOLE = "AWS Console Sign-in Without a Second Factor"
_SECRET = "AWS Secret Read by an Identity for the First Time"  # noqa: S105 - the name of a rule
_ACCOUNT = "410355820914"
_COUNTRIES = {
    "SE": "Sweden", "GB": "United Kingdom", "FR": "France", "PL": "Poland", "NL": "Netherlands", "IT": "Italy",
    "DE": "Germany", "IE": "Ireland", "PT": "Portugal", "BR": "Brazil", "VN": "Vietnam", "NG": "Nigeria", "ES": "Spain",
}  # fmt: skip


def entra_sign_in(
    scene: Scene, person: Person, country: str, address: str, *, compliant: bool = False, outcome: str = "success"
) -> Document:
    """A sign-in to the company's directory in the cloud."""
    fields: Document = {
        "user": {"name": person.login, "email": person.email, "domain": person.email.split("@")[1]},
        "source": {"ip": address, "geo": {"country_iso_code": country, "country_name": _COUNTRIES[country]}},
        "cloud": {"provider": "azure"},
        "azure": {
            "signinlogs": {
                "properties": {
                    "user_principal_name": person.email,
                    "app_display_name": scene.rng.choice(
                        ("Office 365 Exchange Online", "Microsoft Teams", "SharePoint")
                    ),
                    "device_detail": {"is_compliant": compliant},
                }
            }
        },
    }
    return plain_event(
        "azure.signinlogs", scene.at, category="authentication", kind="info", action="Sign-in activity",
        fields=fields, outcome=outcome,
    )  # fmt: skip


def country_attack(scene: Scene) -> Sequence[Document]:
    """A sign-in from a country where this person never was."""
    return [entra_sign_in(scene, scene.somebody(), scene.rng.choice(("BR", "VN", "NG")), "203.0.113.200")]


def country_lookalike(scene: Scene) -> Sequence[Document]:
    """A holiday."""
    return [entra_sign_in(scene, scene.somebody(), "ES", f"192.0.2.{scene.rng.randrange(2, 250)}")]


def country_near_miss(scene: Scene) -> Sequence[Document]:
    """From abroad, on a device the company manages."""
    return [entra_sign_in(scene, scene.somebody(), "ES", "192.0.2.77", compliant=True)]


def country_elsewhere(scene: Scene) -> Sequence[Document]:
    """The same sign-in, replayed in the lab under an index that the rule does not read."""
    return from_elsewhere(country_attack(scene))


def _okta(scene: Scene, action: str, actor: str, outcome: str = "success") -> Document:
    target = scene.somebody()
    fields: Document = {
        "user": {"name": actor, "email": actor, "target": {"name": target.login, "email": target.email}},
        "source": {"ip": "198.51.100.9"},
        "client": {"ip": "198.51.100.9"},
        "okta": {
            "actor": {"alternate_id": actor, "type": "User"},
            "target": [{"alternate_id": target.email, "type": "User"}],
            "outcome": {"result": outcome.upper()},
        },
    }
    return plain_event(
        "okta.system", scene.at, category="iam", kind="change", action=action, fields=fields, outcome=outcome
    )


def factor_attack(scene: Scene) -> Sequence[Document]:
    """All second factors of an account are reset by somebody who does not work at the desk for it."""
    return [_okta(scene, "user.mfa.factor.reset_all", scene.somebody().email)]


def factor_lookalike(scene: Scene) -> Sequence[Document]:
    """A lost telephone: the help desk removes the factor."""
    return [_okta(scene, "user.mfa.factor.deactivate", "helpdesk@tidewater.example")]


def factor_near_miss(scene: Scene) -> Sequence[Document]:
    """A factor is added."""
    return [_okta(scene, "user.mfa.factor.activate", "helpdesk@tidewater.example")]


def _aws(
    scene: Scene, provider: str, action: str, identity: str, user: str, outcome: str = "success", **more: object
) -> Document:
    trail: dict[str, object] = {
        "user_identity": {"type": identity, "arn": f"arn:aws:iam::{_ACCOUNT}:user/{user}"}
    } | more
    fields: Document = {
        "cloud": {"provider": "aws", "account": {"id": _ACCOUNT}, "region": "eu-north-1"},
        "user": {"name": user},
        "source": {"ip": "198.51.100.31"},
        "aws": {"cloudtrail": trail},
    }
    event = plain_event(
        "aws.cloudtrail", scene.at, category="authentication" if action == "ConsoleLogin" else "configuration",
        kind="info", action=action, fields=fields, outcome=outcome,
    )  # fmt: skip
    described = event["event"]
    assert isinstance(described, dict)  # noqa: S101 - plain_event makes it so
    return event | {"event": described | {"provider": provider}}


def _console(scene: Scene, identity: str, user: str, *, mfa: bool) -> Document:
    login = {"additional_eventdata": {"mfa_used": mfa}}
    return _aws(scene, "signin.amazonaws.com", "ConsoleLogin", identity, user, console_login=login)


def console_attack(scene: Scene) -> Sequence[Document]:
    """The root account signs in with a password alone."""
    return [_console(scene, "Root", "root", mfa=False)]


def console_lookalike(scene: Scene) -> Sequence[Document]:
    """The account for emergencies, in its monthly exercise."""
    return [_console(scene, "IAMUser", "break-glass", mfa=False)]


def console_near_miss(scene: Scene) -> Sequence[Document]:
    """With a second factor."""
    return [_console(scene, "IAMUser", scene.somebody().login, mfa=True)]


def secret_read(scene: Scene, user: str, action: str = "GetSecretValue") -> Document:
    """A secret is read (or listed) in the cloud."""
    return _aws(scene, "secretsmanager.amazonaws.com", action, "AssumedRole", user)


def secret_attack(scene: Scene) -> Sequence[Document]:
    """The role of a web server reads a secret that is none of its business."""
    return [secret_read(scene, f"web-role-{scene.rng.randrange(100, 999)}")]


def secret_lookalike(scene: Scene) -> Sequence[Document]:
    """A new service reads its own secret for the first time."""
    return [secret_read(scene, f"svc-report-{scene.rng.randrange(10, 99)}")]


def secret_near_miss(scene: Scene) -> Sequence[Document]:
    """Names of secrets are listed, no secret is read."""
    return [secret_read(scene, "auditor", "ListSecrets")]


_A, _L, _N = Outcome.ATTACK, Outcome.LOOKALIKE, Outcome.NEAR_MISS
CLOUD: tuple[Story, ...] = (
    Story("sign-in from far away", _COUNTRY, _A, country_attack),
    Story("sign-in on holiday", _COUNTRY, _L, country_lookalike),
    Story("abroad on a managed device", _COUNTRY, _N, country_near_miss),
    Story("sign-in from far away, replayed in the lab", _COUNTRY, _N, country_elsewhere),
    Story("all factors reset", _FACTOR, _A, factor_attack),
    Story("lost telephone", _FACTOR, _L, factor_lookalike),
    Story("factor added", _FACTOR, _N, factor_near_miss),
    Story("root without a second factor", _CONSOLE, _A, console_attack),
    Story("emergency account exercise", _CONSOLE, _L, console_lookalike),
    Story("console with a second factor", _CONSOLE, _N, console_near_miss),
    Story("web role reads a secret", _SECRET, _A, secret_attack),
    Story("new service reads its secret", _SECRET, _L, secret_lookalike),
    Story("secrets listed", _SECRET, _N, secret_near_miss),
)
