"""The addresses that allauth looks up by its own names, where Watchbill has them."""

from django.urls import path

from accounts.identity_provider import PROVIDER_ID
from accounts.views import security, sign_in

_PROVIDER = {"provider_id": PROVIDER_ID}

urlpatterns = [
    path("login/", sign_in.sign_in, name="account_login"),
    path("login/code/", sign_in.second_step, name="mfa_authenticate"),
    path("login/passkey/", sign_in.sign_in_by_passkey, name="mfa_login_webauthn"),
    path("login/oidc/", sign_in.to_provider, _PROVIDER, name="openid_connect_login"),
    path("login/oidc/callback/", sign_in.from_provider, _PROVIDER, name="openid_connect_callback"),
    path("logout/", sign_in.sign_out, name="account_logout"),
    path("settings/password/", sign_in.change_password, name="account_change_password"),
    path("settings/security/", security.overview, name="mfa_index"),
    path("settings/security/", security.overview, name="mfa_list_webauthn"),
    path("settings/security/again/", security.password_again, name="account_reauthenticate"),
    path("settings/security/again/code/", security.code_again, name="mfa_reauthenticate"),
    path("settings/security/again/passkey/", security.passkey_again, name="mfa_reauthenticate_webauthn"),
    path("settings/security/app/", security.add_authenticator, name="mfa_activate_totp"),
    path("settings/security/app/remove/", security.remove_authenticator, name="mfa_deactivate_totp"),
    path("settings/security/passkeys/new/", security.add_passkey, name="mfa_add_webauthn"),
    path("settings/security/passkeys/<int:pk>/", security.rename_passkey, name="mfa_edit_webauthn"),
    path("settings/security/passkeys/<int:pk>/remove/", security.remove_passkey, name="mfa_remove_webauthn"),
    path("settings/security/codes/", security.recovery_codes, name="mfa_view_recovery_codes"),
    path("settings/security/codes/new/", security.new_recovery_codes, name="mfa_generate_recovery_codes"),
]
