"""The rooms' pages. `ConsoleSite` mounts them at the root, each behind the sign-in."""

from __future__ import annotations

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
