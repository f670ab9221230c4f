from __future__ import annotations

from django.contrib import admin
from django.urls import include, path

from dashboard.health import healthz

urlpatterns = [
    path("healthz", healthz),
    path("", include("chats.api.urls")),
    path("", admin.site.urls),
]
