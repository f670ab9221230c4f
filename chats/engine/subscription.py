"""Our webhook subscription at the remote: made once, mended when it is gone."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterator
from datetime import timedelta
from itertools import count

from django.conf import settings

from chats import clock
from chats.engine import lanes, remote
from chats.models import WebhookSubscription
from chats.v3 import resources
from chats.v3.errors import RemoteError
from chats.v3.events import CONSOLE_EVENTS

log = logging.getLogger(__name__)

VERSION = "2026-02-03"
# Of a retired subscription; it is taken for ten minutes only (see `chats.api.webhook`).
SECRETS_ARE_KEPT_FOR = timedelta(days=1)


def target_url() -> str:
    """Where the remote shall deliver. The payload version is pinned, so that it never changes under us."""
    return f"{settings.PUBLIC_URL}/webhooks/linq/?version={VERSION}"


def ensure() -> None:
    """Make sure that exactly one subscription of ours exists at the remote, and that we know its secret.

    The secret is told only when a subscription is made, so one whose secret we do not have is made anew.
    A remote that cannot be reached is tried again by the next tick.
    """
    # Two of these at once would make two subscriptions: it is the account's business, so its lane decides.
    lane = lanes.lane_of(None)
    fence = lanes.take(lane.pk)
    if fence is None:
        return
    try:
        _ensure()
    except RemoteError as problem:
        log.warning("The webhook subscription could not be checked: %s", problem)
    finally:
        lanes.release(lane.pk, fence)


def _ensure() -> None:
    subscriptions = remote.client().webhook_subscriptions
    theirs = {one.id: one for one in subscriptions.list()}
    ours = {
        str(one.remote_id): one
        for one in WebhookSubscription.objects.filter(retired_at__isnull=True).order_by("-created_at", "-pk")
    }
    good = [remote_id for remote_id in ours if remote_id in theirs and _is_here(ours[remote_id].target_url)]
    lasting = [remote_id for remote_id in good if ours[remote_id].replace_asked_at is None]
    if lasting:
        kept = theirs[lasting[0]]
        if not kept.is_active or set(kept.subscribed_events) != set(CONSOLE_EVENTS):
            subscriptions.update(kept.id, subscribed_events=sorted(CONSOLE_EVENTS), is_active=True)
    else:
        # Made before the old one goes, so that no event falls between the two.
        lasting = [_make(theirs, spare=set(good))]
    for remote_id, row in ours.items():
        if remote_id not in lasting[:1]:
            # First here: its secret is still taken for what is on its way (see `chats.api.webhook`).
            row.retired_at = clock.now()
            row.save(update_fields=["retired_at"])
    _end_retired(theirs)


def _end_retired(theirs: Collection[str]) -> None:
    """Delete at the remote what is retired here, also when an earlier try was cut; and forget old secrets."""
    for row in WebhookSubscription.objects.filter(retired_at__isnull=False).order_by("pk"):
        if str(row.remote_id) in theirs:
            remote.client().webhook_subscriptions.delete(str(row.remote_id))
        elif row.retired_at is not None and row.retired_at < clock.now() - SECRETS_ARE_KEPT_FOR:
            row.delete()


def _make(theirs: dict[str, resources.WebhookSubscription], *, spare: Collection[str]) -> str:
    """Subscribe at an address of ours that is free, and keep the secret. Returns the new one's id."""
    subscriptions = remote.client().webhook_subscriptions
    for remote_id, one in list(theirs.items()):
        if _is_here(one.target_url) and remote_id not in spare:
            # Ours by its address, from a database that is gone or a try that was cut: its secret is lost with it.
            subscriptions.delete(remote_id)
            del theirs[remote_id]
    taken = {theirs[remote_id].target_url for remote_id in spare}
    wanted = next(url for url in _addresses() if url not in taken)
    made = subscriptions.create(target_url=wanted, subscribed_events=sorted(CONSOLE_EVENTS))
    WebhookSubscription.objects.create(
        remote_id=made.id, target_url=wanted, signing_secret=made.signing_secret or "", created_at=clock.now()
    )
    log.info("Subscribed to the remote's events.")
    return made.id


def _addresses() -> Iterator[str]:
    """The addresses of our door: two subscriptions cannot have the same, and the query counts (linq-v3, 4.1)."""
    yield target_url()
    for number in count(2):
        yield f"{target_url()}&turn={number}"


def _is_here(url: str) -> bool:
    return url == target_url() or url.startswith(f"{target_url()}&turn=")
