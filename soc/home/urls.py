"""The front door, and where to go from there."""

from django.urls import path

from soc.home import views

urlpatterns = [path("", views.home, name="home"), path("go/", views.go, name="go")]
