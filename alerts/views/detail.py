"""Doors."""

from django.http import Http404, HttpRequest, HttpResponse


def detail(request: HttpRequest, **kwargs: object) -> HttpResponse:
    """Answer."""
    raise Http404(f"{request.path} {kwargs}")


def peek(request: HttpRequest, **kwargs: object) -> HttpResponse:
    """Answer."""
    raise Http404(f"{request.path} {kwargs}")


def raw(request: HttpRequest, **kwargs: object) -> HttpResponse:
    """Answer."""
    raise Http404(f"{request.path} {kwargs}")
