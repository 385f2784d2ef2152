"""Doors."""

from django.http import Http404, HttpRequest, HttpResponse


def queue(request: HttpRequest, **kwargs: object) -> HttpResponse:
    """Answer."""
    raise Http404(f"{request.path} {kwargs}")


def pulse(request: HttpRequest, **kwargs: object) -> HttpResponse:
    """Answer."""
    raise Http404(f"{request.path} {kwargs}")
