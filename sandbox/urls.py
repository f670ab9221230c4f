"""Everything the sandbox answers. The API is there twice: as under the remote's base address, and short."""

from __future__ import annotations

from django.urls import include, path
from drf_spectacular.views import SpectacularJSONAPIView

from sandbox.api.available_number import vcard

urlpatterns = [
    path("api/partner/v3/", include("sandbox.api.urls")),
    path("v3/", include("sandbox.api.urls")),
    path("vcards/<str:token>.vcf", vcard),
    path("schema", SpectacularJSONAPIView.as_view()),
    path("sandbox/", include("sandbox.control.urls")),
    path("", include("sandbox.page.urls")),
]
handler404 = "sandbox.api.errors.not_found"
handler500 = "sandbox.api.errors.server_error"
