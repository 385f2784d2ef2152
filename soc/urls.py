"""The site map: pages are nouns, state is in the query string, and the same nouns stand under /api/v1/."""

from django.urls import URLPattern, URLResolver, include, path

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("soc.home.urls")),
    path("", include("soc.health.urls")),
    path("", include("accounts.urls")),
    path("", include("alerts.urls")),
    path("cases/", include("cases.urls")),
    path("overview/", include("cases.overview.urls")),
    path("rules/", include("rules.urls")),
    path("settings/lists/", include("rules.list_urls")),
    path("search/", include("events.urls")),
    path("api/v1/", include("events.api_urls")),
    path("api/v1/", include("accounts.api.urls")),
    path("api/v1/", include("events.api_reads_urls")),
    path("api/v1/", include("rules.api.urls")),
    path("api/v1/", include("alerts.api.urls")),
    path("api/v1/", include("cases.api.urls")),
    path("api/v1/", include("soc.api_health_urls")),
]

handler400 = "soc.web.errors.bad_request"
handler403 = "accounts.views.access.forbidden"
handler404 = "soc.web.errors.not_found"
handler500 = "soc.web.errors.server_error"
