"""Getting in, and one's settings. allauth's names stand outside the namespace, because allauth looks them up."""

from django.urls import include, path

from accounts.views import access, audit, keys, notices, roles, security, settings, sign_in, teams, users

pages = (
    [
        path("sign-in/<str:token>/", sign_in.sign_in_by_link, name="sign_in_by_link"),
        path("notices/", notices.list_notices, name="notices"),
        path("notices/read/", notices.mark_read, name="notices_read"),
        path("notices/<int:notice_id>/open/", notices.open_notice, name="notice_open"),
        path("access/", access.ask, name="access_ask"),
        path("settings/access/<int:request_id>/grant/", access.grant, name="access_grant"),
        path("settings/access/<int:request_id>/decline/", access.decline, name="access_decline"),
        path("settings/", settings.settings, name="settings"),
        path("settings/you/", settings.you, name="you"),
        path("settings/you/shortcuts/", settings.keys, name="shortcuts"),
        path("settings/security/", security.overview, name="security"),
        path("settings/security/sessions/<int:session_id>/end/", security.end_session, name="end_session"),
        path("settings/security/sessions/end-others/", security.end_other_sessions, name="end_other_sessions"),
        path("settings/keys/", keys.list_keys, name="keys"),
        path("settings/keys/new/", keys.create_key, name="create_key"),
        path("settings/keys/<str:key_id>/revoke/", keys.revoke_key, name="revoke_key"),
        path("settings/keys/<str:key_id>/use/", keys.key_use, name="key_use"),
        path("settings/keys/<str:key_id>/replace/", keys.replace_key, name="replace_key"),
        path("settings/users/", users.list_users, name="users"),
        path("settings/users/new/", users.invite, name="invite"),
        path("settings/users/<int:user_id>/", users.user, name="user"),
        path("settings/users/<int:user_id>/deactivate/", users.deactivate, name="user_deactivate"),
        path("settings/users/<int:user_id>/reactivate/", users.reactivate, name="user_reactivate"),
        path("settings/users/<int:user_id>/reset-factors/", users.reset_factors, name="user_reset_factors"),
        path("settings/users/<int:user_id>/unlink/", users.unlink, name="user_unlink"),
        path("settings/users/<int:user_id>/require-password/", users.require_password, name="user_require_password"),
        path("settings/users/<int:user_id>/end-sessions/", users.end_sessions, name="user_end_sessions"),
        path("settings/users/<int:user_id>/new-link/", users.new_link, name="user_new_link"),
        path("settings/teams/", teams.list_teams, name="teams"),
        path("settings/teams/<int:team_id>/", teams.team, name="team"),
        path("settings/roles/", roles.roles, name="roles"),
        path("settings/audit/", audit.list_changes, name="audit"),
        path("settings/audit/export.csv", audit.export, name="audit_export"),
    ],
    "accounts",
)
urlpatterns = [
    path("", include("accounts.sign_in_urls")),
    path("", include(pages)),
]
