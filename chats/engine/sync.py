"""Reading the whole account: lines, then all chats page by page, then the latest messages of each chat.

A checkpoint is written with every page, so a run that was killed goes on where it was. Only one runs
at a time, and only one worker carries it: it holds a lease under a number that rises with each taking.
Reading twice changes nothing.
"""

from __future__ import annotations

import logging
import time
from datetime import timedelta

from django.db import transaction
from django.db.models import F, Q

from chats import clock, live
from chats.engine import inflow, lanes, remote, settle, store, wake
from chats.models import Chat, Line, SyncRun
from chats.v3.errors import Advice, RemoteError

log = logging.getLogger(__name__)

LEASE = timedelta(seconds=60)
CHATS_A_PAGE = 100
MESSAGES_A_CHAT = 50
MOST_FAILURES = 12
_WILL_NOT_CHANGE = {Advice.GIVE_UP, Advice.OPTED_OUT}


def carry_on(run_id: int, *, seconds: float) -> None:
    """Take the run's next steps for about `seconds`, then hand it to the next tick. Safe to run twice at once."""
    run = _take(run_id)
    if run is None:
        return
    stop_at = time.monotonic() + seconds
    try:
        while run.state == SyncRun.State.RUNNING and time.monotonic() < stop_at:
            if not _step(run):
                log.info("Sync %s was taken over by another worker.", run.pk)
                return
    except RemoteError as problem:
        wait = timedelta(seconds=problem.retry_after or 0)
        _trouble(run, problem.sentence, problem.meaning, hopeless=problem.advice in _WILL_NOT_CHANGE, wait=wait)
        return
    except Exception as defect:
        log.exception("Sync %s broke", run.pk)
        meaning = f"Chatdeck itself failed here ({type(defect).__name__})"
        _trouble(run, f"{meaning}.", meaning, hopeless=False, wait=timedelta(0))
        return
    _release(run)


def _take(run_id: int) -> SyncRun | None:
    now = clock.now()
    with transaction.atomic():
        free = Q(lease_expires_at__isnull=True) | Q(lease_expires_at__lte=now)
        taken = SyncRun.objects.filter(free, pk=run_id, state=SyncRun.State.RUNNING, due_at__lte=now).update(
            fence=F("fence") + 1, lease_expires_at=now + LEASE, due_at=now + LEASE
        )
        return SyncRun.objects.get(pk=run_id) if taken else None


def _step(run: SyncRun) -> bool:
    """One page or one chat, and the checkpoint after it. False when the run is no longer ours."""
    if run.stage == SyncRun.Stage.LINES:
        numbers = remote.client().phone_numbers.list()
        with transaction.atomic():
            if not _checkpoint(run, stage=SyncRun.Stage.CHATS, lines_read=len(numbers)):
                return False
            store.save_lines(numbers)
            for line in Line.objects.filter(is_active=True):
                lanes.lane_of(line)
        return True
    if run.stage == SyncRun.Stage.CHATS:
        page = remote.client().chats.list(limit=CHATS_A_PAGE, cursor=run.cursor or None)
        with transaction.atomic():
            following = page.next_cursor or ""
            # An empty page ends the list, whatever cursor it comes with.
            stage = SyncRun.Stage.CHATS if following and page.items else SyncRun.Stage.MESSAGES
            read = run.chats_read + len(page.items)
            if not _checkpoint(run, stage=stage, cursor=following, chats_read=read):
                return False
            store.save_chats(page.items)
        return True
    return _read_messages(run)


def _read_messages(run: SyncRun) -> bool:
    chat = (
        Chat.objects.filter(messages_synced_at__isnull=True, remote_id__isnull=False, pk__gt=run.last_chat_id)
        .order_by("pk")
        .first()
    )
    if chat is None:
        with transaction.atomic():
            return _checkpoint(run, stage=SyncRun.Stage.DONE)
    try:
        messages = remote.client().messages.list(str(chat.remote_id), limit=MESSAGES_A_CHAT).items
    except RemoteError as problem:
        if problem.status != 404:
            raise
        messages = []
    with transaction.atomic():
        if not _checkpoint(
            run,
            last_chat_id=chat.pk,
            chats_with_messages=run.chats_with_messages + 1,
            messages_read=run.messages_read + len(messages),
        ):
            return False
        inflow.save_messages(chat, messages)
        Chat.objects.filter(pk=chat.pk).update(messages_synced_at=clock.now())
    return True


def _checkpoint(
    run: SyncRun,
    *,
    stage: SyncRun.Stage | None = None,
    cursor: str | None = None,
    lines_read: int | None = None,
    chats_read: int | None = None,
    last_chat_id: int | None = None,
    chats_with_messages: int | None = None,
    messages_read: int | None = None,
) -> bool:
    """Write how far we are, in the transaction of what was read. False when the lease is no longer ours."""
    now = clock.now()
    run.stage = stage or run.stage
    run.cursor = run.cursor if cursor is None else cursor
    run.lines_read = run.lines_read if lines_read is None else lines_read
    run.chats_read = run.chats_read if chats_read is None else chats_read
    run.last_chat_id = run.last_chat_id if last_chat_id is None else last_chat_id
    run.chats_with_messages = run.chats_with_messages if chats_with_messages is None else chats_with_messages
    run.messages_read = run.messages_read if messages_read is None else messages_read
    done = run.stage == SyncRun.Stage.DONE
    run.state = SyncRun.State.FINISHED if done else SyncRun.State.RUNNING
    written = SyncRun.objects.filter(pk=run.pk, fence=run.fence, state=SyncRun.State.RUNNING).update(
        state=run.state,
        stage=run.stage,
        cursor=run.cursor,
        lines_read=run.lines_read,
        chats_read=run.chats_read,
        last_chat_id=run.last_chat_id,
        chats_with_messages=run.chats_with_messages,
        messages_read=run.messages_read,
        failures=0,
        error="",
        finished_at=now if done else None,
        lease_expires_at=None if done else now + LEASE,
        due_at=None if done else now + LEASE,
    )
    live.announce("sync", line_id=None)
    return bool(written)


def _release(run: SyncRun) -> None:
    if run.state != SyncRun.State.RUNNING:
        return
    SyncRun.objects.filter(pk=run.pk, fence=run.fence, state=SyncRun.State.RUNNING).update(
        lease_expires_at=None, due_at=clock.now()
    )
    wake.send_task(wake.CONTINUE_SYNC, run.pk)


def _trouble(run: SyncRun, sentence: str, meaning: str, *, hopeless: bool, wait: timedelta) -> None:
    """Wait and go on from the checkpoint; give up on what will not change, or after many failures in a row."""
    now = clock.now()
    # Counted in the database: the run in memory may hold a page that was rolled back.
    failures = SyncRun.objects.values_list("failures", flat=True).get(pk=run.pk) + 1
    if failures >= MOST_FAILURES and not hopeless:
        hopeless = True
        sentence = f"{meaning}. It was tried {failures} times; start the sync again later."
    with transaction.atomic():
        SyncRun.objects.filter(pk=run.pk, fence=run.fence, state=SyncRun.State.RUNNING).update(
            state=SyncRun.State.FAILED if hopeless else SyncRun.State.RUNNING,
            finished_at=now if hopeless else None,
            failures=failures,
            error=sentence[:500],
            lease_expires_at=None,
            due_at=None if hopeless else now + max(settle.backoff(failures), wait),
        )
        live.announce("sync", line_id=None)
