"""The one client of the remote that this process uses."""

from __future__ import annotations

from functools import cache

from django.conf import settings

from chats.v3.client import Client

# Seconds to connect, and to wait for bytes. A call takes the first and twice the second at the most (see
# `chats.v3.transport`), which must stay below the leases of 30 s in `lanes` and `claims`.
TIMEOUT = (4.0, 12.0)


@cache
def client() -> Client:
    return Client(settings.LINQ_BASE_URL, settings.LINQ_API_KEY, timeout=TIMEOUT)
