"""Our webhook subscription at the remote: made once, mended when it is gone."""

from __future__ import annotations

import logging

from django.conf import settings

from chats import clock
from chats.engine import lanes, remote
from chats.models import WebhookSubscription
from chats.v3.errors import RemoteError
from chats.v3.events import CONSOLE_EVENTS

log = logging.getLogger(__name__)

VERSION = "2026-02-03"


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
    wanted = target_url()
    subscriptions = remote.client().webhook_subscriptions
    theirs = {one.id: one for one in subscriptions.list()}
    ours = {str(one.remote_id): one for one in WebhookSubscription.objects.filter(retired_at__isnull=True)}
    good = [remote_id for remote_id in ours if remote_id in theirs and ours[remote_id].target_url == wanted]
    for remote_id, row in ours.items():
        if remote_id not in good[:1]:
            row.retired_at = clock.now()
            row.save(update_fields=["retired_at"])
            if remote_id in theirs:
                subscriptions.delete(remote_id)
    if good:
        kept = theirs[good[0]]
        if not kept.is_active or set(kept.subscribed_events) != set(CONSOLE_EVENTS):
            subscriptions.update(kept.id, subscribed_events=sorted(CONSOLE_EVENTS), is_active=True)
        return
    for remote_id, one in theirs.items():
        if one.target_url == wanted and remote_id not in ours:
            # Ours by its address, from a database that is gone: its secret is lost with it.
            subscriptions.delete(remote_id)
    made = subscriptions.create(target_url=wanted, subscribed_events=sorted(CONSOLE_EVENTS))
    WebhookSubscription.objects.create(
        remote_id=made.id, target_url=wanted, signing_secret=made.signing_secret or "", created_at=clock.now()
    )
    log.info("Subscribed to the remote's events.")
