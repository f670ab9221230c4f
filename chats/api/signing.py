"""The signing secrets in force at the webhook door, read once in a while and not for every event."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Q

from chats import clock
from chats.models import WebhookSubscription
from chats.v3.signatures import BadSignature, verify

# What was signed before a subscription was replaced is tried again by the remote for a while.
RETIRED_SECRETS_COUNT_FOR = timedelta(minutes=10)
# Seconds for which this process trusts what it has read. A secret that is new is found at once all the same.
KEPT_FOR = 5.0

_Told = list[tuple[str, datetime | None]]
_read_at = -KEPT_FOR
_told: _Told = []


def check(headers: Mapping[str, str], body: bytes) -> None:
    """Raise `BadSignature` unless a delivery was signed with a secret in force."""
    now = clock.now()
    if time.monotonic() - _read_at < KEPT_FOR:
        try:
            verify(_in_force(_told, now), headers, body, now=now.timestamp())
            return
        except BadSignature:
            # A subscription may be newer than what was read.
            pass
    verify(_in_force(_read(now), now), headers, body, now=now.timestamp())


def forget() -> None:
    """Read the secrets anew for the next delivery."""
    global _read_at
    _read_at = -KEPT_FOR


def _read(now: datetime) -> _Told:
    global _read_at, _told
    count = Q(retired_at__isnull=True) | Q(retired_at__gt=now - RETIRED_SECRETS_COUNT_FOR)
    rows = WebhookSubscription.objects.filter(count).order_by("-pk")
    _told = list(rows.values_list("signing_secret", "retired_at"))
    _read_at = time.monotonic()
    return _told


def _in_force(told: _Told, now: datetime) -> list[str]:
    """The secrets of our subscription, of one just replaced, and one from the environment."""
    since = now - RETIRED_SECRETS_COUNT_FOR
    return [
        secret
        for secret, retired_at in [(settings.LINQ_WEBHOOK_SECRET, None), *told]
        if secret and (retired_at is None or retired_at > since)
    ]
