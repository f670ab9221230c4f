from __future__ import annotations

from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("", include("chats.api.urls")),
    path("", admin.site.urls),
]
