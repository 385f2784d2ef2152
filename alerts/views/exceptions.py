"""Doors."""

from django.http import Http404, HttpRequest, HttpResponse


def add(request: HttpRequest, **kwargs: object) -> HttpResponse:
    """Answer."""
    raise Http404(f"{request.path} {kwargs}")


def preview(request: HttpRequest, **kwargs: object) -> HttpResponse:
    """Answer."""
    raise Http404(f"{request.path} {kwargs}")


def edit(request: HttpRequest, **kwargs: object) -> HttpResponse:
    """Answer."""
    raise Http404(f"{request.path} {kwargs}")


def edit_preview(request: HttpRequest, **kwargs: object) -> HttpResponse:
    """Answer."""
    raise Http404(f"{request.path} {kwargs}")


def disable(request: HttpRequest, **kwargs: object) -> HttpResponse:
    """Answer."""
    raise Http404(f"{request.path} {kwargs}")


def enable(request: HttpRequest, **kwargs: object) -> HttpResponse:
    """Answer."""
    raise Http404(f"{request.path} {kwargs}")


def take_back(request: HttpRequest, **kwargs: object) -> HttpResponse:
    """Answer."""
    raise Http404(f"{request.path} {kwargs}")
