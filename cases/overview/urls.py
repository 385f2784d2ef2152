"""Addresses of the overview."""

from django.urls import path

from cases.overview import views

app_name = "overview"
urlpatterns = [
    path("", views.show, name="page"),
    path("figures.csv", views.download, name="csv"),
]
