"""Every address, an include per app and audience."""

from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

from apps.accounts.views import set_language
from dex import readiness

urlpatterns = [
    path("admin/", admin.site.urls),
    path("collector/v1/", include("apps.collectors.collector_api.urls")),
    path("i18n/setlang/", set_language, name="set_language"),
    path("healthz", readiness.healthz, name="healthz"),
    path("readyz", readiness.readyz, name="readyz"),
    path("", RedirectView.as_view(pattern_name="admin:index"), name="home"),
]

handler400 = "apps.core.pages.bad_request"
handler403 = "apps.core.pages.permission_denied"
handler404 = "apps.core.pages.not_found"
handler500 = "apps.core.pages.server_error"
