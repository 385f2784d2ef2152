"""Whether the data can be trusted: a page for people, and a yes or no for supervisors and load balancers."""

from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.urls import path

from accounts.access import public


@public
def ready(_request: HttpRequest) -> HttpResponse:
    """204 once the database answers; anything else comes from the error pages (503)."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return HttpResponse(status=204)


app_name = "health"
urlpatterns = [path("ready/", ready, name="ready")]
