"""Reading the whole account: its lines, then of each line all chats page by page and the latest messages of each.

Every line is a part of its own with a checkpoint after every step, so a run that was killed goes on where it was.
Some workers carry different parts at the same time, each part by one worker: it holds a lease under a number that
rises with each taking. Chats are listed before messages are read, so that soon we know how much there is.
Reading twice changes nothing.
"""

from __future__ import annotations

import logging
import time
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import timedelta
from functools import partial

from django.db import transaction
from django.db.models import F, Q

from chats import clock, live
from chats.engine import account, lanes, reading, remote, settle, store, wake
from chats.models import Chat, Line, SyncPart, SyncRun
from chats.v3 import resources
from chats.v3.errors import Advice, RemoteError
from chats.v3.resources import Page

log = logging.getLogger(__name__)

LEASE = timedelta(seconds=60)
CHATS_A_PAGE = 100
# Politeness: so many lines at once, and of each so many chats' messages at once.
PARTS_AT_ONCE = 3
MESSAGES_AT_ONCE = 4
# How many chats' messages are written together: what a step that is lost has to be read again for.
CHATS_A_STEP = 24
MOST_FAILURES = 12
# A hole between two checkpoints that is longer is not work: nobody carried the run.
LONGEST_STEP = LEASE
_WILL_NOT_CHANGE = {Advice.GIVE_UP, Advice.OPTED_OUT}
_RUNNING = Q(state=SyncRun.State.RUNNING)
_Stage = SyncPart.Stage


class Overtaken(Exception):
    """The lease is no longer ours, or the run has ended: all of the step is rolled back."""


def carry_on(run_id: int, *, seconds: float) -> None:
    """Take the run's next steps for about `seconds`, then hand it to the next tick. Safe to run several times at once.

    Each worker that does this takes another part, up to `PARTS_AT_ONCE` in all.
    """
    stop_at = time.monotonic() + seconds
    run = SyncRun.objects.filter(_RUNNING, pk=run_id).first()
    if run is not None and run.stage == SyncRun.Stage.LINES and not _carry_lines(run_id, stop_at):
        return
    while time.monotonic() < stop_at:
        part = _take(run_id)
        if part is None:
            return
        if not _carry(part, stop_at):
            return
    wake.send_task(wake.CONTINUE_SYNC, run_id)


def wake_due() -> None:
    """Ask the workers for a tick for every part that may be carried now: the sweep's share of the work."""
    now = clock.now()
    for run in SyncRun.objects.filter(_RUNNING):
        if run.stage == SyncRun.Stage.LINES:
            wanted = int(run.due_at is not None and run.due_at <= now)
        else:
            free = 0 if _rests(run) else PARTS_AT_ONCE - run.parts.filter(lease_expires_at__gt=now).count()
            wanted = min(free, run.parts.filter(due_at__lte=now).count())
        for _ in range(wanted):
            wake.send_task(wake.CONTINUE_SYNC, run.pk)


def _carry_lines(run_id: int, stop_at: float) -> bool:
    """Read the lines and make a part of each. False when that was not for us to do, or went wrong."""
    now = clock.now()
    free = Q(lease_expires_at__isnull=True) | Q(lease_expires_at__lte=now)
    taken = SyncRun.objects.filter(free, _RUNNING, pk=run_id, stage=SyncRun.Stage.LINES, due_at__lte=now).update(
        fence=F("fence") + 1, lease_expires_at=now + LEASE, due_at=now + LEASE
    )
    if not taken:
        return False
    fence = SyncRun.objects.values_list("fence", flat=True).get(pk=run_id)
    if time.monotonic() >= stop_at:
        SyncRun.objects.filter(pk=run_id, fence=fence).update(lease_expires_at=None, due_at=now)
        wake.send_task(wake.CONTINUE_SYNC, run_id)
        return False
    try:
        _read_lines(run_id, fence)
    except Overtaken:
        log.info("Sync %s was taken over by another worker.", run_id)
        return False
    except RemoteError as problem:
        _trouble(run_id, None, problem, fence=fence)
        return False
    except Exception as defect:
        log.exception("Sync %s broke", run_id)
        _trouble(run_id, None, defect, fence=fence)
        return False
    return True


def _read_lines(run_id: int, fence: int) -> None:
    numbers = remote.client().phone_numbers.list()
    settings = account.read(remote.client())
    now = clock.now()
    with transaction.atomic():
        written = SyncRun.objects.filter(_RUNNING, pk=run_id, fence=fence).update(
            stage=SyncRun.Stage.CHATS,
            lines_read=len(numbers),
            failures=0,
            error="",
            progressed_at=now,
            lease_expires_at=None,
            due_at=None,
        )
        if not written:
            raise Overtaken
        store.save_lines(numbers)
        account.save(settings)
        lines = list(Line.objects.filter(is_active=True).order_by("pk"))
        for line in lines:
            lanes.lane_of(line)
        SyncPart.objects.bulk_create(
            [SyncPart(run_id=run_id, line=line, due_at=now) for line in lines], ignore_conflicts=True
        )
        _end_stages(run_id)
        live.announce("sync", line_id=None)
    # Others may help with the other lines.
    for _ in range(min(len(lines), PARTS_AT_ONCE) - 1):
        wake.send_task(wake.CONTINUE_SYNC, run_id)


def _take(run_id: int) -> SyncPart | None:
    """Take a part that is due and that nobody carries; None when there is none, or when enough are at it."""
    now = clock.now()
    with transaction.atomic():
        # One at a time here, or two would count the same free place.
        run = SyncRun.objects.select_for_update().filter(_RUNNING, pk=run_id).first()
        if run is None or _rests(run):
            return None
        parts = SyncPart.objects.filter(run=run_id)
        if parts.filter(lease_expires_at__gt=now).count() >= PARTS_AT_ONCE:
            return None
        free = Q(lease_expires_at__isnull=True) | Q(lease_expires_at__lte=now)
        # "chats" comes before "messages" in the alphabet as in the work.
        part = parts.filter(free, due_at__lte=now).order_by("stage", "pk").select_related("run", "line").first()
        if part is None:
            return None
        part.fence += 1
        part.lease_expires_at = part.due_at = now + LEASE
        part.save(update_fields=["fence", "lease_expires_at", "due_at"])
        return part


def _carry(part: SyncPart, stop_at: float) -> bool:
    """Carry a part to the end of its stage, or until time is up, and give it back. False when it went wrong."""
    stage = part.stage
    try:
        with ThreadPoolExecutor(max_workers=MESSAGES_AT_ONCE) as threads:
            ahead, goes_on = _Ahead(threads), True
            try:
                while goes_on and part.stage == stage and time.monotonic() < stop_at:
                    goes_on = _read_chats(part, ahead) if stage == _Stage.CHATS else _read_messages(part, ahead)
            finally:
                threads.shutdown(cancel_futures=True)
    except Overtaken:
        log.info("Part %s of sync %s was taken over by another worker.", part.pk, part.run_id)
        return False
    except RemoteError as problem:
        _trouble(part.run_id, part, problem, fence=part.fence)
        return False
    except Exception as defect:
        log.exception("Sync %s broke", part.run_id)
        _trouble(part.run_id, part, defect, fence=part.fence)
        return False
    if part.stage != _Stage.DONE:
        SyncPart.objects.filter(pk=part.pk, fence=part.fence).update(lease_expires_at=None, due_at=clock.now())
    return True


class _Ahead:
    """What is being read for the next step while this one is written."""

    def __init__(self, threads: ThreadPoolExecutor) -> None:
        self._threads = threads
        self._page: tuple[str, Future[Page[resources.Chat]]] | None = None
        self._chats: tuple[int, list[tuple[Chat, Future[reading.Read]]]] | None = None

    def page(self, part: SyncPart) -> Page[resources.Chat]:
        """The page of chats at the part's cursor, and its next one begun. Raises `RemoteError`."""
        if self._page is None or self._page[0] != part.cursor:
            self._begin_page(part, part.cursor)
        assert self._page is not None  # noqa: S101
        page = self._page[1].result()
        if page.next_cursor and page.items and _is_welcome(part):
            self._begin_page(part, page.next_cursor)
        return page

    def chats(self, part: SyncPart) -> list[tuple[Chat, reading.Read]]:
        """The next chats of the part and what was read of each, and those after them begun. Raises `RemoteError`."""
        if self._chats is None or self._chats[0] != part.last_chat_id:
            self._begin_chats(part, part.last_chat_id)
        assert self._chats is not None  # noqa: S101
        begun = self._chats[1]
        found = [(chat, read.result()) for chat, read in begun]
        if found and _is_welcome(part):
            self._begin_chats(part, found[-1][0].pk)
        return found

    def _begin_page(self, part: SyncPart, cursor: str) -> None:
        asked = partial(
            remote.client().chats.list, from_=part.line.phone_number, limit=CHATS_A_PAGE, cursor=cursor or None
        )
        self._page = cursor, self._threads.submit(asked)

    def _begin_chats(self, part: SyncPart, after: int) -> None:
        rows = Chat.objects.filter(line=part.line_id, remote_id__isnull=False, pk__gt=after).order_by("pk")
        self._chats = (
            after,
            [(chat, self._threads.submit(_fetch, chat)) for chat in rows.defer("search")[:CHATS_A_STEP]],
        )


def _is_welcome(part: SyncPart) -> bool:
    """Whether the remote may be asked for more now: no part has been told to wait meanwhile."""
    return not _rests(SyncRun.objects.only("stage", "due_at").get(pk=part.run_id))


def _read_chats(part: SyncPart, ahead: _Ahead) -> bool:
    """Read a page of chats. False when the remote has asked for a pause since, of whichever part."""
    page = ahead.page(part)
    following = page.next_cursor or ""
    # An empty page ends the list, whatever cursor it comes with.
    stage = _Stage.CHATS if following and page.items else _Stage.MESSAGES
    with transaction.atomic():
        _checkpoint(part, stage=stage, cursor=following)
        store.save_chats(page.items)
        return _count(part, chats=len(page.items))


def _read_messages(part: SyncPart, ahead: _Ahead) -> bool:
    """Read the messages of the next chats. False when the remote has asked for a pause since, of whichever part."""
    readings = ahead.chats(part)
    if not readings:
        with transaction.atomic():
            _checkpoint(part, stage=_Stage.DONE)
            return _count(part)
    with transaction.atomic():
        _checkpoint(part, last_chat_id=readings[-1][0].pk)
        reading.take_over_all([(chat, read, chat.remote_updated_at) for chat, read in readings], news_since=None)
        return _count(part, with_messages=len(readings), messages=sum(len(read.messages) for _, read in readings))


def _fetch(chat: Chat) -> reading.Read:
    # Only what is new since the last reading is looked for behind the first page.
    return reading.fetch(chat, further=chat.messages_synced_at is not None)


def _checkpoint(
    part: SyncPart, *, stage: SyncPart.Stage | None = None, cursor: str | None = None, last_chat_id: int | None = None
) -> None:
    """Write how far the part is, in the transaction of what was read. Raises `Overtaken`."""
    now = clock.now()
    part.stage = stage or _Stage(part.stage)
    part.cursor = part.cursor if cursor is None else cursor
    part.last_chat_id = part.last_chat_id if last_chat_id is None else last_chat_id
    done = part.stage == _Stage.DONE
    written = SyncPart.objects.filter(pk=part.pk, fence=part.fence, run__state=SyncRun.State.RUNNING).update(
        stage=part.stage,
        cursor=part.cursor,
        last_chat_id=part.last_chat_id,
        failures=0,
        lease_expires_at=None if done else now + LEASE,
        due_at=None if done else now + LEASE,
    )
    if not written:
        raise Overtaken


def _count(part: SyncPart, *, chats: int = 0, with_messages: int = 0, messages: int = 0) -> bool:
    """Add to the run's numbers: the last thing in a step, because all parts meet in this row. False while it rests."""
    now = clock.now()
    run = SyncRun.objects.select_for_update().get(pk=part.run_id)
    # What stopped another part stays to be read until that part goes on.
    is_well = not SyncPart.objects.filter(run=part.run_id, failures__gt=0).exists()
    step = min(max(now - (run.progressed_at or now), timedelta(0)), LONGEST_STEP)
    SyncRun.objects.filter(pk=run.pk).update(
        chats_read=F("chats_read") + chats,
        chats_with_messages=F("chats_with_messages") + with_messages,
        messages_read=F("messages_read") + messages,
        messages_took=F("messages_took") + (step if run.stage == SyncRun.Stage.MESSAGES else timedelta(0)),
        progressed_at=now,
        failures=0 if is_well else F("failures"),
        error="" if is_well else F("error"),
    )
    _end_stages(part.run_id)
    live.announce("sync", line_id=None)
    return not _rests(run)


def _rests(run: SyncRun) -> bool:
    """Whether the remote has asked for a pause: what it asks of one part it asks of all (linq-v3, 2.3)."""
    return run.stage != SyncRun.Stage.LINES and run.due_at is not None and run.due_at > clock.now()


def _end_stages(run_id: int) -> None:
    """Move the run to its next stage once every part has left the last one. Its row is locked by the caller."""
    left = set(SyncPart.objects.filter(run=run_id).values_list("stage", flat=True).distinct())
    run = SyncRun.objects.filter(pk=run_id)
    if _Stage.CHATS in left:
        return
    if _Stage.MESSAGES in left:
        run.filter(stage=SyncRun.Stage.CHATS).update(stage=SyncRun.Stage.MESSAGES)
        return
    run.update(stage=SyncRun.Stage.DONE, state=SyncRun.State.FINISHED, finished_at=clock.now())


def _trouble(run_id: int, part: SyncPart | None, problem: Exception, *, fence: int) -> None:
    """Wait and go on from the checkpoint; give up on what will not change, or after many failures in a row."""
    now = clock.now()
    wait = timedelta(0)
    if isinstance(problem, RemoteError):
        sentence, meaning = problem.sentence, problem.meaning
        hopeless = problem.advice in _WILL_NOT_CHANGE
        wait = timedelta(seconds=problem.retry_after or 0)
    else:
        meaning = f"Chatdeck itself failed here ({type(problem).__name__})"
        sentence, hopeless = f"{meaning}.", False
    with transaction.atomic():
        run = SyncRun.objects.select_for_update().get(pk=run_id)
        mine = SyncPart.objects.filter(pk=part.pk, fence=fence) if part else SyncRun.objects.filter(fence=fence)
        if run.state != SyncRun.State.RUNNING or not mine.filter(**({} if part else {"pk": run_id})).exists():
            return
        # Counted in the database: the row in memory may hold a page that was rolled back.
        failures = (SyncPart.objects.get(pk=part.pk).failures if part else run.failures) + 1
        if failures >= MOST_FAILURES and not hopeless:
            hopeless = True
            sentence = f"{meaning}. It was tried {failures} times; start the sync again later."
        again_at = now + max(settle.backoff(failures), wait)
        if part is not None:
            SyncPart.objects.filter(pk=part.pk).update(failures=failures, lease_expires_at=None, due_at=again_at)
            if wait:
                run.due_at = max(run.due_at or now, now + wait)
        run.state = SyncRun.State.FAILED if hopeless else SyncRun.State.RUNNING
        run.finished_at = now if hopeless else None
        run.failures = failures
        run.error = sentence[:500]
        if part is None:
            run.lease_expires_at = None
            run.due_at = None if hopeless else again_at
        run.save(update_fields=["state", "finished_at", "failures", "error", "lease_expires_at", "due_at"])
        live.announce("sync", line_id=None)
