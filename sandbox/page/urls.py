"""The addresses of the page."""

from __future__ import annotations

from django.urls import path

from sandbox.page import views

urlpatterns = [
    path("", views.page),
    path("panels", views.parts),
    path("say", views.speak),
    path("clock", views.move),
    *(path(name, views.file(name)) for name in views.FILES),
]
