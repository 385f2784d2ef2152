"""Doors."""

from django.http import Http404, HttpRequest, HttpResponse


def bulk(request: HttpRequest, **kwargs: object) -> HttpResponse:
    """Answer."""
    raise Http404(f"{request.path} {kwargs}")


def undo(request: HttpRequest, **kwargs: object) -> HttpResponse:
    """Answer."""
    raise Http404(f"{request.path} {kwargs}")


def set_status(request: HttpRequest, **kwargs: object) -> HttpResponse:
    """Answer."""
    raise Http404(f"{request.path} {kwargs}")


def assign(request: HttpRequest, **kwargs: object) -> HttpResponse:
    """Answer."""
    raise Http404(f"{request.path} {kwargs}")


def comment(request: HttpRequest, **kwargs: object) -> HttpResponse:
    """Answer."""
    raise Http404(f"{request.path} {kwargs}")
