"""The rooms' pages. `ConsoleSite` mounts them at the root, each behind the sign-in."""

from __future__ import annotations

from django.urls import URLPattern

from chats.admin import inbox_urls, rooms_urls

urlpatterns: list[URLPattern] = [*inbox_urls.urlpatterns, *rooms_urls.urlpatterns]
