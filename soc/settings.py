"""All settings, in one file, from the environment (docs/settings.md lists them).

Without any variable this is a development set-up on the embedded services that `make run` starts;
`WATCHBILL_PRODUCTION=1` is the explicit switch, and then missing secrets and open doors are errors.
"""

import os
import secrets
from pathlib import Path

import django_stubs_ext
from django.core.exceptions import ImproperlyConfigured

from soc.env import database_from_url, env_bool, env_int, env_list, env_secret, env_url, mail_backend, origin_of

django_stubs_ext.monkeypatch()

BASE_DIR = Path(__file__).resolve().parent.parent
HOME = Path(os.environ.get("WATCHBILL_HOME", BASE_DIR / ".local"))
PRODUCTION = env_bool("WATCHBILL_PRODUCTION", False)
DEBUG = env_bool("WATCHBILL_DEBUG", False)


def _secret_key() -> str:
    """The signing key: given in production, else made once and kept beside the data."""
    given = env_secret("SECRET_KEY")
    if given:
        return given
    if PRODUCTION:
        raise ImproperlyConfigured("Set SECRET_KEY (or SECRET_KEY_FILE): production does not invent one.")
    path = HOME / "secret_key"
    if not path.exists():
        HOME.mkdir(parents=True, exist_ok=True)
        fresh = path.with_suffix(f".{os.getpid()}")
        fresh.write_text(secrets.token_urlsafe(48), encoding="ascii")
        fresh.chmod(0o600)
        try:
            os.link(fresh, path)  # exactly one of several first processes wins
        except FileExistsError:
            pass
        finally:
            fresh.unlink(missing_ok=True)
    return path.read_text(encoding="ascii")


SECRET_KEY = _secret_key()
ALLOWED_HOSTS = env_list("ALLOWED_HOSTS", [] if PRODUCTION else ["localhost", "127.0.0.1", "[::1]", "testserver"])
CSRF_TRUSTED_ORIGINS = env_list("CSRF_TRUSTED_ORIGINS", [])
WATCHBILL_URL = os.environ.get("WATCHBILL_URL", "http://127.0.0.1:8000").rstrip("/")  # stands in mails and links
if PRODUCTION and not ALLOWED_HOSTS:
    raise ImproperlyConfigured("Set ALLOWED_HOSTS to the host names that agents and browsers use.")

INSTALLED_APPS = [
    "soc.web.apps.WebConfig",
    "accounts.apps.AccountsConfig",
    "events.apps.EventsConfig",
    "rules.apps.RulesConfig",
    "alerts.apps.AlertsConfig",
    "cases.apps.CasesConfig",
    "cases.overview.apps.OverviewConfig",
    "soc.demo.apps.DemoConfig",
    "soc.checks.ChecksConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django.contrib.humanize",
    "template_partials",
    "django_htmx",
    "rest_framework",
    "drf_spectacular",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "allauth.usersessions",
]

MIDDLEWARE = [
    "soc.web.boundary.HttpBoundary",
    "django.middleware.security.SecurityMiddleware",
    "soc.web.headers.SecurityHeadersMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "allauth.usersessions.middleware.UserSessionsMiddleware",
    "accounts.middleware.SignedInMiddleware",
]

ROOT_URLCONF = "soc.urls"
WSGI_APPLICATION = "soc.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "soc.web.context.page",
            ],
            "builtins": ["soc.web.templatetags.ui", "soc.web.templatetags.times", "soc.web.templatetags.evidence"],
            "libraries": {"health_parts": "soc.health.templatetags.health_parts"},
        },
    }
]

DATABASES = {
    "default": database_from_url(env_url("DATABASE_URL", "postgresql:///watchbill"))
    | {"CONN_MAX_AGE": 60, "CONN_HEALTH_CHECKS": True, "ATOMIC_REQUESTS": False}
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

BROKER_URL = env_url("BROKER_URL")
CACHE_URL = env_url("CACHE_URL")
CACHES = (
    {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": CACHE_URL}}
    if CACHE_URL
    else {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
)

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_LOGIN_METHODS = {"username", "email"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "email", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_ADAPTER = "accounts.adapter.ClosedAccountAdapter"
ACCOUNT_SESSION_REMEMBER = False
# Wrong passwords are counted by name and by address. Opening the page is not: a shift signs in from one address.
ACCOUNT_RATE_LIMITS = {"login_failed": "30/15m/ip,5/15m/key", "login": "300/m/ip"}
MFA_RATE_LIMITS = {"webauthn_login": "120/m/ip"}
ACCOUNT_REAUTHENTICATION_TIMEOUT = 900

# The second factor: an authenticator app, passkeys and security keys, and recovery codes for when both are lost.
MFA_ADAPTER = "accounts.second_factor.SecondFactorAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_RECOVERY_CODES_SHOW_ONCE = True
MFA_TOTP_TOLERANCE = 1  # the half minute before or after will do; each code once (second_factor_forms.py)
MFA_FORMS = {
    "authenticate": "accounts.second_factor_forms.CodeForm",
    "reauthenticate": "accounts.second_factor_forms.CodeAgainForm",
    "activate_totp": "accounts.second_factor_forms.NewAuthenticatorForm",
    "add_webauthn": "accounts.second_factor_forms.NewPasskeyForm",
    "edit_webauthn": "accounts.second_factor_forms.PasskeyNameForm",
    "login_webauthn": "accounts.second_factor_forms.PasskeySignInForm",
    "authenticate_webauthn": "accounts.second_factor_forms.PasskeyStepForm",
    "reauthenticate_webauthn": "accounts.second_factor_forms.PasskeyAgainForm",
}

# Signing in with the organisation's identity provider, where one is configured.
OIDC_SERVER_URL = os.environ.get("OIDC_SERVER_URL", "")
OIDC_CLIENT_ID = os.environ.get("OIDC_CLIENT_ID", "")
OIDC_CLIENT_SECRET = env_secret("OIDC_CLIENT_SECRET") or ""
OIDC_NAME = os.environ.get("OIDC_NAME", "single sign-on")
OIDC_CREATE_USERS = env_bool("OIDC_CREATE_USERS", False)
OIDC_DEFAULT_ROLE = os.environ.get("OIDC_DEFAULT_ROLE", "viewer")
OIDC_ORIGINS = env_list("OIDC_ORIGINS", [origin_of(OIDC_SERVER_URL)] if OIDC_SERVER_URL else [])
SOCIALACCOUNT_ADAPTER = "accounts.identity_provider.IdentityProviderAdapter"
SOCIALACCOUNT_STORE_TOKENS = False
SOCIALACCOUNT_REQUESTS_TIMEOUT = 10
SOCIALACCOUNT_PROVIDERS = {
    "openid_connect": {
        "OAUTH_PKCE_ENABLED": True,
        "APPS": [
            {
                "provider_id": "oidc",
                "name": OIDC_NAME,
                "client_id": OIDC_CLIENT_ID,
                "secret": OIDC_CLIENT_SECRET,
                "settings": {"server_url": OIDC_SERVER_URL},
            }
        ]
        if OIDC_SERVER_URL
        else [],
    }
}

# Sessions end after SESSION_SECONDS whatever happens, and after SESSION_IDLE_SECONDS without a person's act.
SESSION_COOKIE_AGE = env_int("SESSION_SECONDS", 12 * 3600, minimum=60)
SESSION_IDLE_SECONDS = env_int("SESSION_IDLE_SECONDS", 2 * 3600)
SESSION_BACKGROUND_VIEWS = {"alerts:pulse", "accounts:key_use"}  # asked by pages, so no act of a person
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = PRODUCTION
if PRODUCTION:  # the prefix makes browsers refuse these cookies from a sister host or over plain HTTP
    SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = "__Host-sessionid", "__Host-csrftoken"

# How many proxies stand before us. Only then is what they say believed: X-Forwarded-Proto, and the address that the
# outermost of them added to X-Forwarded-For. What a client wrote there itself stands further left and counts nothing.
TRUST_PROXY = env_int("TRUST_PROXY", 0)
ALLAUTH_TRUSTED_PROXY_COUNT = TRUST_PROXY
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if TRUST_PROXY else None
SECURE_HSTS_SECONDS = 31_536_000 if PRODUCTION else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = env_bool("HSTS_WHOLE_DOMAIN", False)
SECURE_SSL_REDIRECT = env_bool("SECURE_SSL_REDIRECT", PRODUCTION)
SILENCED_SYSTEM_CHECKS = [
    "security.W002",  # X-Frame-Options comes from soc/web/headers.py, on static files too
    "security.W005",  # whether HTTPS binds sister hosts, and
    "security.W021",  # for how long the world remembers it, is asked by HSTS_WHOLE_DOMAIN
]
SECURE_REFERRER_POLICY = "same-origin"
CSRF_FAILURE_VIEW = "soc.web.errors.csrf_failed"
X_FRAME_OPTIONS = "DENY"

# Mail: printed on the terminal while developing, sent where a server is named, nowhere otherwise.
EMAIL_HOST = os.environ.get("EMAIL_HOST", "")
EMAIL_BACKEND = os.environ.get("EMAIL_BACKEND") or mail_backend(EMAIL_HOST, production=PRODUCTION)
EMAIL_USE_SSL = env_bool("EMAIL_USE_SSL", False)
EMAIL_USE_TLS = env_bool("EMAIL_USE_TLS", bool(EMAIL_HOST) and not EMAIL_USE_SSL)
EMAIL_PORT = env_int("EMAIL_PORT", 465 if EMAIL_USE_SSL else 587, minimum=1)
EMAIL_HOST_USER = os.environ.get("EMAIL_HOST_USER", "")
EMAIL_HOST_PASSWORD = env_secret("EMAIL_HOST_PASSWORD") or ""
EMAIL_TIMEOUT = env_int("EMAIL_TIMEOUT", 10, minimum=1)
DEFAULT_FROM_EMAIL = os.environ.get("DEFAULT_FROM_EMAIL", "Watchbill <watchbill@localhost>")
MAIL_GOES_OUT = not EMAIL_BACKEND.endswith((".dummy.EmailBackend", ".console.EmailBackend"))

LANGUAGE_CODE = "en-gb"
TIME_ZONE = "UTC"
USE_I18N = True
USE_TZ = True

STATIC_URL = "/static/"
STATIC_ROOT = HOME / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
WHITENOISE_USE_FINDERS = True  # pages are whole before `collectstatic` has run, under names without a hash
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "soc.web.staticfiles.HashedStaticFilesStorage"},
}

REST_FRAMEWORK = {
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_AUTHENTICATION_CLASSES": ["rest_framework.authentication.SessionAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "soc.web.api.errors.handle",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Watchbill API",
    "VERSION": "1",
    "DESCRIPTION": "What a page can, a client can. Paging, errors and scopes are told in docs/api.md.",
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": "/api/v1/",
    "POSTPROCESSING_HOOKS": [],  # enumerations are written where they stand
    "COMPONENT_SPLIT_PATCH": False,  # a PATCH too says which version was seen
}

# What agents may send (docs/settings.md); the ingest door checks these before it parses anything.
INGEST_MAX_BODY_BYTES = env_int("INGEST_MAX_BODY_BYTES", 16 * 1024 * 1024, minimum=1024)
INGEST_MAX_UNPACKED_BYTES = env_int("INGEST_MAX_UNPACKED_BYTES", 64 * 1024 * 1024, minimum=1024)
INGEST_MAX_EVENT_BYTES = env_int("INGEST_MAX_EVENT_BYTES", 1024 * 1024, minimum=256)
INGEST_MAX_EVENTS = env_int("INGEST_MAX_EVENTS", 10_000, minimum=1)
INGEST_BACKLOG_EVENTS = env_int("INGEST_BACKLOG_EVENTS", 2_000_000, minimum=1)
RETENTION_DAYS = env_int("RETENTION_DAYS", 30, minimum=1)
PIPELINES_AT_ONCE = env_int("PIPELINES_AT_ONCE", 2, minimum=1)  # ES|QL searches, over all processes
DATA_UPLOAD_MAX_MEMORY_SIZE = INGEST_MAX_BODY_BYTES
DATA_UPLOAD_MAX_NUMBER_FIELDS = 4_000  # ten groups of fifty conditions, five fields each, and what is around them
FILE_UPLOAD_HANDLERS = ["soc.web.uploads.FormFiles"]  # only of pages that take one, and never on the disk

LOGGING_CONFIG = None
LOG_LEVEL = os.environ.get("LOG_LEVEL", "INFO").upper()
LOG_JSON = env_bool("LOG_JSON", PRODUCTION)
