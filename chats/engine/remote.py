"""The one client of the remote that this process uses."""

from __future__ import annotations

from functools import cache

from django.conf import settings

from chats.v3.client import Client

# Seconds to connect, and to wait for bytes. Together well below the leases in `lanes` and `claims`.
TIMEOUT = (5.0, 15.0)


@cache
def client() -> Client:
    return Client(settings.LINQ_BASE_URL, settings.LINQ_API_KEY, timeout=TIMEOUT)
