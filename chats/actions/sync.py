"""Starting a sync, and subscribing to the remote's events."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction

from chats import clock, live
from chats.actions.rules import record, require
from chats.engine import wake
from chats.models import SyncRun


def start_sync(*, by: User | None) -> SyncRun:
    """Read the whole account once more. While a sync runs, a second start gives back the running one.

    `by` is None for the first sync, which the console starts by itself.
    Raises `NotAllowed` without `run_setup` and all lines.
    """
    if by is not None:
        require(by, "run_setup", None)
    now = clock.now()
    try:
        with transaction.atomic():
            run = SyncRun.objects.create(started_at=now, due_at=now, requested_by=by)
            record(by, "sync.start", line=None, target=f"sync {run.pk}")
            live.announce("sync", line_id=None)
            wake.wake_sync(run.pk)
    except IntegrityError:
        return SyncRun.objects.get(state=SyncRun.State.RUNNING)
    return run


def start_first_sync() -> None:
    """Read the account once when it never has been, so that a new console fills by itself."""
    if not SyncRun.objects.exists():
        start_sync(by=None)
