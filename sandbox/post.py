"""The post: delivers webhook events, many at once and in no order, and tries again for half an hour.

Assumption (8.2 5): the first retry comes after about a second and each pause is about twice the one before,
with jitter and never above ten minutes; half an hour after the first try an event is given up.
"""

from __future__ import annotations

import json
import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import urllib3
from django.conf import settings
from django.db import DatabaseError, connection, transaction
from django.db.models import Min

from chats.v3.signatures import legacy_headers, sign
from chats.v3.times import format_time
from sandbox import alarms, chance, clock, routing, world
from sandbox.models import Delivery, Event, Subscription
from sandbox.versions import OLD_VERSION

log = logging.getLogger(__name__)

POSTMEN = 16
BATCH = 64
# Longer than any try takes, so that only a delivery whose try was lost is taken a second time.
LEASE_SECONDS = settings.WEBHOOK_TIMEOUT + 50.0  # real ones
FIRST_PAUSE = 1.0
LONGEST_PAUSE = 600.0
GIVE_UP_AFTER = timedelta(minutes=30)

_pool = urllib3.PoolManager(
    num_pools=20, maxsize=POSTMEN, retries=False, timeout=urllib3.Timeout(total=settings.WEBHOOK_TIMEOUT)
)
_postmen: ThreadPoolExecutor | None = None
_free = threading.BoundedSemaphore(POSTMEN * 2)


def next_at() -> datetime | None:
    """When the next delivery is due."""
    answer: datetime | None = Delivery.objects.filter(state=Delivery.State.WAITING).aggregate(first=Min("due_at"))[
        "first"
    ]
    return answer


def send_due() -> int:
    """Hand what is due to the postmen, at most one batch of it. Returns how many were handed over."""
    global _postmen
    if _postmen is None:
        _postmen = ThreadPoolExecutor(POSTMEN, thread_name_prefix="post")
    now = clock.now()
    with transaction.atomic():
        batch = list(
            Delivery.objects.select_for_update(skip_locked=True, of=("self",))
            .filter(state=Delivery.State.WAITING, due_at__lte=now)
            .select_related("event", "subscription")
            .order_by("due_at", "id")[:BATCH]
        )
        Delivery.objects.filter(id__in=[each.id for each in batch]).update(due_at=now + clock.in_world(LEASE_SECONDS))
    for delivery in batch:
        _free.acquire()
        _postmen.submit(_deliver, delivery)
    return len(batch)


def deliver_until(moment: datetime) -> int:
    """Deliver everything due by then, and the retries that fall due on the way; returns how many tries were made.

    For when the time is moved by hand: each wave is answered before the next one leaves.
    """
    tries = 0
    while (due := next_at()) is not None and due <= moment:
        tries += send_due()
        wait_idle()
    return tries


def wait_idle() -> None:
    """Wait until no postman is under way."""
    for _ in range(POSTMEN * 2):
        _free.acquire()
    for _ in range(POSTMEN * 2):
        _free.release()


def close() -> None:
    """Let the postmen finish and go home."""
    global _postmen
    if _postmen is not None:
        _postmen.shutdown(wait=True, cancel_futures=True)
        _postmen = None


def _deliver(delivery: Delivery) -> None:
    try:
        _try(delivery)
    except DatabaseError:
        log.warning("Delivery %s could not be recorded; it will be tried again", delivery.id, exc_info=True)
        connection.close()
    except Exception:  # noqa: BLE001 - a postman must come back whatever happened on the way
        log.exception("Delivery %s failed", delivery.id)
    finally:
        _free.release()


def _try(delivery: Delivery) -> None:
    subscription, event = delivery.subscription, delivery.event
    if not Subscription.objects.filter(id=subscription.id, is_active=True).exists():
        _settle(delivery, Delivery.State.GIVEN_UP, None, "The subscription is gone or inactive.")
        return
    body = json.dumps(envelope(event, subscription), separators=(",", ":")).encode()
    try:
        answer = _pool.request("POST", subscription.target_url, body=body, headers=_headers(event, subscription, body))
    except urllib3.exceptions.NameResolutionError as gone:
        _settle(delivery, Delivery.State.GIVEN_UP, None, str(gone))
    except urllib3.exceptions.LocationValueError as wrong:
        _settle(delivery, Delivery.State.GIVEN_UP, None, str(wrong))
    except urllib3.exceptions.HTTPError as failed:
        _again_or_never(delivery, None, str(failed))
    else:
        if 200 <= answer.status < 300:
            routing.learn(event, subscription, answer.headers)
            _settle(delivery, Delivery.State.DELIVERED, answer.status, "")
        elif answer.status >= 500 or answer.status == 429:
            _again_or_never(delivery, answer.status, "")
        else:
            _settle(delivery, Delivery.State.GIVEN_UP, answer.status, "")


def envelope(event: Event, subscription: Subscription) -> dict[str, object]:
    """What is posted: the event in the version that the subscription wants."""
    old = subscription.version == OLD_VERSION and event.data_2025 is not None
    return {
        "api_version": "v3",
        "webhook_version": subscription.version,
        "event_type": event.type,
        "event_id": str(event.id),
        "created_at": format_time(event.created_at),
        "trace_id": event.trace_id,
        "partner_id": str(world.current().partner_id),
        "data": event.data_2025 if old else event.data,
    }


def _headers(event: Event, subscription: Subscription, body: bytes) -> dict[str, str]:
    # Signed with real time whatever the world's clock says: the receiver compares it with its own.
    timestamp = int(datetime.now().timestamp())  # noqa: DTZ005 - only the seconds since the epoch are used
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "sandbox-webhooks/3",
        "webhook-id": str(event.id),
        "webhook-timestamp": str(timestamp),
        "webhook-signature": sign(subscription.secret, str(event.id), timestamp, body),
        **legacy_headers(subscription.secret, event.type, str(subscription.id), timestamp, body),
    }
    return headers | routing.headers(event, subscription)


def _again_or_never(delivery: Delivery, status: int | None, error: str) -> None:
    now = _tried_at(delivery)
    first = delivery.first_tried_at or now
    seed, attempts = world.current().seed, delivery.attempts
    jitter = chance.between(0.75, 1.25, seed, "retry", delivery.event_id, delivery.subscription_id, attempts)
    pause = min(LONGEST_PAUSE, FIRST_PAUSE * 2.0**attempts) * jitter
    due = alarms.later(now, min(LONGEST_PAUSE, pause))
    if due > first + GIVE_UP_AFTER:
        _settle(delivery, Delivery.State.GIVEN_UP, status, error)
        return
    Delivery.objects.filter(id=delivery.id).update(
        attempts=delivery.attempts + 1,
        first_tried_at=first,
        due_at=due,
        last_status=status,
        last_error=error[:200],
    )
    alarms.post.ring()


def _tried_at(delivery: Delivery) -> datetime:
    """When this try was made: when it was due, if the time is moved by hand past it."""
    return delivery.due_at if clock.is_stepped() else clock.now()


def _settle(delivery: Delivery, state: Delivery.State, status: int | None, error: str) -> None:
    now = _tried_at(delivery)
    Delivery.objects.filter(id=delivery.id).update(
        state=state,
        attempts=delivery.attempts + 1,
        first_tried_at=delivery.first_tried_at or now,
        last_status=status,
        last_error=error[:200],
        settled_at=now,
    )
