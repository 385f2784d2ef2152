"""The addresses of people, keys and notices under /api/v1/."""

from django.urls import path

from accounts.api import views

app_name = "accounts_api"

urlpatterns = [
    path("me", views.MeView.as_view(), name="me"),
    path("people", views.PeopleView.as_view(), name="people"),
    path("teams", views.TeamsView.as_view(), name="teams"),
    path("keys", views.KeysView.as_view(), name="keys"),
    path("keys/<str:key_id>/replace", views.ReplaceKeyView.as_view(), name="replace_key"),
    path("keys/<str:key_id>/revoke", views.RevokeKeyView.as_view(), name="revoke_key"),
    path("notices", views.NoticesView.as_view(), name="notices"),
    path("notices/read", views.ReadNoticesView.as_view(), name="read_notices"),
    path("notices/<int:notice_id>/read", views.ReadNoticeView.as_view(), name="read_notice"),
]
