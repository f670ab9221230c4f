"""Lanes: one line's queue each, and the lease of the one worker that drains it."""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from django.db.models import F, Q

from chats import clock
from chats.models import Lane, Line

# Longer than the longest call (connect 5 s, read 15 s), so that a living worker never loses its lease in one.
LEASE = timedelta(seconds=30)
# So many of a line's files go up beside each other.
UPLOADS_AT_ONCE = 3


def lane_of(line: Line | None) -> Lane:
    """The lane of a line, or of the whole account."""
    name = Lane.ACCOUNT if line is None else f"line:{line.pk}"
    lane, _ = Lane.objects.get_or_create(name=name, defaults={"line": line})
    return lane


def upload_lane_of(line: Line, number: int) -> Lane:
    """One of the lanes by which a line's files go up, chosen by a number of the file's."""
    lane, _ = Lane.objects.get_or_create(name=f"{Lane.UPLOADS}{line.pk}:{number % UPLOADS_AT_ONCE}")
    return lane


def take(lane_id: int) -> int | None:
    """Take the lane's lease. Returns its fencing number, or None while somebody else holds it."""
    now = clock.now()
    with transaction.atomic():
        free = Q(lease_expires_at__isnull=True) | Q(lease_expires_at__lte=now)
        taken = Lane.objects.filter(free, pk=lane_id).update(fence=F("fence") + 1, lease_expires_at=now + LEASE)
        if not taken:
            return None
        # The row is locked by our own update until the commit, so this is the number we have just set.
        return Lane.objects.values_list("fence", flat=True).get(pk=lane_id)


def hold(lane_id: int, fence: int) -> Lane | None:
    """The lane with its line, locked in the transaction of a claim, its lease made new; None when it is no longer ours.

    The lease is written by `keep`, with whatever else the claim changes of the lane.
    """
    rows = Lane.objects.select_for_update(no_key=True, of=("self",)).select_related("line")
    lane = rows.filter(pk=lane_id, fence=fence).first()
    if lane is not None:
        lane.lease_expires_at = clock.now() + LEASE
    return lane


def keep(lane: Lane) -> None:
    """Write what a claim has changed of the lane that it holds."""
    lane.save(update_fields=["lease_expires_at", "departed", "gap_until"])


def release(lane_id: int, fence: int) -> None:
    Lane.objects.filter(pk=lane_id, fence=fence).update(lease_expires_at=None)
