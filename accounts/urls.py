"""Getting in, and one's settings. allauth's names stand outside the namespace, because allauth looks them up."""

from django.urls import include, path

from accounts.views import settings, sign_in

pages = (
    [
        path("sign-in/<str:token>/", sign_in.sign_in_by_link, name="sign_in_by_link"),
        path("settings/", settings.settings, name="settings"),
        path("settings/you/", settings.you, name="you"),
        path("settings/keys/", settings.list_keys, name="keys"),
        path("settings/keys/new/", settings.create_key, name="create_key"),
        path("settings/keys/<str:key_id>/revoke/", settings.revoke_key, name="revoke_key"),
    ],
    "accounts",
)
urlpatterns = [
    path("login/", sign_in.sign_in, name="account_login"),
    path("logout/", sign_in.sign_out, name="account_logout"),
    path("settings/password/", sign_in.change_password, name="account_change_password"),
    path("", include(pages)),
]
