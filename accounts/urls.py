"""Getting in, and one's settings. allauth's names stand outside the namespace, because allauth looks them up."""

from django.urls import include, path

from accounts.views import notices, security, settings, sign_in

pages = (
    [
        path("sign-in/<str:token>/", sign_in.sign_in_by_link, name="sign_in_by_link"),
        path("notices/", notices.list_notices, name="notices"),
        path("notices/read/", notices.mark_read, name="notices_read"),
        path("notices/<int:notice_id>/open/", notices.open_notice, name="notice_open"),
        path("settings/", settings.settings, name="settings"),
        path("settings/you/", settings.you, name="you"),
        path("settings/security/", security.overview, name="security"),
        path("settings/security/sessions/<int:session_id>/end/", security.end_session, name="end_session"),
        path("settings/security/sessions/end-others/", security.end_other_sessions, name="end_other_sessions"),
        path("settings/keys/", settings.list_keys, name="keys"),
        path("settings/keys/new/", settings.create_key, name="create_key"),
        path("settings/keys/<str:key_id>/revoke/", settings.revoke_key, name="revoke_key"),
    ],
    "accounts",
)
urlpatterns = [
    path("", include("accounts.sign_in_urls")),
    path("", include(pages)),
]
