"""Standing people of the frame's tests: a superuser, someone with nothing but the door's key, a stranger."""

from __future__ import annotations

from types import ModuleType

import pytest
from django.contrib import admin
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.test import Client
from django.urls import path

PASSWORD = "right-horse-battery"


@pytest.fixture
def chief(django_user_model):
    return django_user_model.objects.create_superuser("chief", password=PASSWORD)


@pytest.fixture
def newcomer(django_user_model):
    """May sign in to the console, and has not been given anything yet."""
    return django_user_model.objects.create_user("newcomer", password=PASSWORD, is_staff=True)


@pytest.fixture
def stranger(django_user_model):
    """Has an account, but not for the console."""
    return django_user_model.objects.create_user("stranger", password=PASSWORD)


@pytest.fixture
def as_chief(chief) -> Client:
    client = Client(raise_request_exception=False)
    client.force_login(chief)
    return client


@pytest.fixture
def as_newcomer(newcomer) -> Client:
    client = Client(raise_request_exception=False)
    client.force_login(newcomer)
    return client


def _room(request: HttpRequest) -> HttpResponse:
    return render(request, "console/base.html", {"title": "A room", "unread_total": 7})


async def _stream(request: HttpRequest) -> HttpResponse:
    return HttpResponse("streamed")


def _broken(request: HttpRequest) -> HttpResponse:
    raise RuntimeError("broken on purpose")


def _refused(request: HttpRequest) -> HttpResponse:
    raise PermissionDenied


def _unreadable(request: HttpRequest) -> HttpResponse:
    raise SuspiciousOperation


@pytest.fixture
def small_console(monkeypatch, settings) -> None:
    """The console with stand-ins for two rooms and a stream, and with pages that fail in each way."""
    rooms = [
        path("inbox/", _room, name="inbox"),
        path("inbox/<int:number>/", lambda request, number: _room(request), name="chat"),
        path("lines/", _room, name="lines"),
        path("live/stream/", _stream, name="live_stream"),
        path("inbox/unread/", _room, name="inbox_unread"),
    ]
    monkeypatch.setattr("chats.admin.urls.urlpatterns", rooms)
    addresses = ModuleType("small_console_urls")
    addresses.urlpatterns = [
        path("broken/", _broken),
        path("refused/", _refused),
        path("unreadable/", _unreadable),
        path("", admin.site.urls),
    ]
    settings.ROOT_URLCONF = addresses
