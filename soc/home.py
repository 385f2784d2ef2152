"""The front door: Watchbill opens with the alert queue."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import path

from accounts.access import page


@page()
def home(_request: HttpRequest) -> HttpResponse:
    """To the queue, which also says what to do while there is nothing in it."""
    return redirect("alerts:queue")


urlpatterns = [path("", home, name="home")]
