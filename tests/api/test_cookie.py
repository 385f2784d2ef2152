"""A page that forgot the token is told the cookie by the name that it has in this installation."""

from django.test import Client


def test_the_refusal_names_the_cookie_of_this_installation(site, settings):
    settings.CSRF_COOKIE_NAME = "__Host-csrftoken"
    client = Client(enforce_csrf_checks=True)
    client.force_login(site.people["ana"], backend="django.contrib.auth.backends.ModelBackend")
    answer = client.post("/api/v1/notices/read", {}, content_type="application/json")
    assert answer.status_code == 403
    assert "the cookie __Host-csrftoken as" in answer.json()["error"]["detail"]
