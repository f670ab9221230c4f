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
    while True:
        started = _start(by)
        running = started or SyncRun.objects.filter(state=SyncRun.State.RUNNING).first()
        # Neither, when the one that was in the way has ended since: then this one is wanted after all.
        if running is not None:
            return running


def _start(by: User | None) -> SyncRun | None:
    """A new run; None while another one is running. The constraint decides, so of several at once one is made."""
    now = clock.now()
    try:
        with transaction.atomic():
            run = SyncRun.objects.create(started_at=now, due_at=now, requested_by=by)
            record(by, "sync.start", line=None, target=f"sync {run.pk}")
            live.announce("sync", line_id=None)
            wake.wake_sync(run.pk)
    except IntegrityError:
        return None
    return run


def start_first_sync() -> None:
    """Read the account once when it never has been, so that a new console fills by itself."""
    if not SyncRun.objects.exists():
        start_sync(by=None)
