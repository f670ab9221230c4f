"""Reading again what changed lately, so that a lost webhook costs minutes and not truth.

Every minute the remote is asked which chats changed since the last time, which is one call when none did; those are
read. After a gap (see `chats.engine.gaps`) everything that was active since it began is read, whether or not it says
that it changed. Messages that the remote no longer has stay as they were seen here.

One worker does this at a time, under a lease, with a checkpoint after every page, and never more than
`CALLS_A_MINUTE` calls a minute.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import DatabaseError, transaction
from django.db.models import DateTimeField, DurationField, ExpressionWrapper, F, Max, Q, QuerySet, Value

from chats import clock, live
from chats.engine import gaps, heartbeat, reading, remote, settle, store
from chats.models import Chat, Heartbeat, Message, Reconciliation, SyncRun
from chats.models.common import Service
from chats.v3 import resources
from chats.v3.errors import Advice, NotReached, RemoteError

log = logging.getLogger(__name__)

RHYTHM = timedelta(seconds=60)
OVERLAP = timedelta(minutes=2)
LEASE = timedelta(seconds=60)
CALLS_A_MINUTE = 240
CHATS_A_PAGE = 100
TRIES_OF_A_CHAT = 5
# How long it is asked what became of a message of ours, and how soon first.
UNSETTLED_FOR = timedelta(hours=24)
UNSETTLED_AFTER = timedelta(seconds=45)
_UNSETTLED = [Message.Status.PENDING, Message.Status.QUEUED, Message.Status.SENT, Message.Status.DELIVERED]
_BATCH = 100
State = Reconciliation.State
Stage = Reconciliation.Stage


class Overtaken(Exception):
    """The lease is no longer ours. What was read until then stands: reading twice changes nothing."""


class Spent(Exception):
    """This minute's calls are used up."""


def tick(*, seconds: float) -> None:
    """Notice gaps, plan what is due, and carry on with it for about `seconds`. Safe to run several times at once."""
    first = SyncRun.objects.filter(state=SyncRun.State.FINISHED).order_by("pk").first()
    if first is None:
        # Until the account was read once everything is history, and the sync reads it.
        return
    gaps.look_for_silence()
    _plan(first)
    carry_on(seconds=seconds)


def _plan(first: SyncRun) -> None:
    """Plan the regular check when it is due. What changed before the first sync began is none of its business."""
    now = clock.now()
    latest = list(Reconciliation.objects.order_by("-pk")[:1])
    if any(one.state != State.DONE or one.created_at > now - RHYTHM for one in latest):
        return
    until = latest[0].until if latest else first.started_at
    row = Reconciliation(
        cause=Reconciliation.Cause.RHYTHM, since=until - OVERLAP, until=now, due_at=now, created_at=now
    )
    Reconciliation.objects.bulk_create([row], ignore_conflicts=True)


def carry_on(*, seconds: float) -> None:
    """Take the next steps of what is planned for about `seconds`. Does nothing while another worker is at it."""
    stop_at = time.monotonic() + seconds
    run = _take()
    if run is None:
        return
    try:
        while run.state == State.RUNNING and time.monotonic() < stop_at:
            if run.stage == Stage.CHANGED:
                _read_changed(run)
            else:
                _read_unsettled(run)
    except Overtaken:
        log.info("Reconciliation %s was taken over by another worker.", run.pk)
        return
    except Spent:
        _give_back(run, due_at=(run.minute_started_at or clock.now()) + timedelta(minutes=1))
        return
    except RemoteError as problem:
        _trouble(run, problem.sentence, wait=timedelta(seconds=problem.retry_after or 0))
        return
    except Exception as defect:
        log.exception("Reconciliation %s broke", run.pk)
        _trouble(run, f"Chatdeck itself failed here ({type(defect).__name__}).", wait=timedelta(0))
        return
    if run.state == State.RUNNING:
        _give_back(run, due_at=clock.now())


def _take() -> Reconciliation | None:
    now = clock.now()
    with transaction.atomic():
        open_ones = {one.state: one for one in Reconciliation.objects.select_for_update().exclude(state=State.DONE)}
        run = open_ones.get(State.RUNNING) or open_ones.get(State.WAITING)
        if run is None or run.due_at is None or run.due_at > now:
            return None
        if run.lease_expires_at is not None and run.lease_expires_at > now:
            return None
        if run.state == State.WAITING:
            before = Reconciliation.objects.filter(state=State.DONE).order_by("-pk").first()
            run.state, run.until = State.RUNNING, now
            if before is not None:
                # The minute's calls are the account's, not one reading's.
                run.minute_started_at, run.calls_in_minute = before.minute_started_at, before.calls_in_minute
        run.fence += 1
        run.lease_expires_at = run.due_at = now + LEASE
        run.save()
        return run


def _read_changed(run: Reconciliation) -> None:
    """One page of the remote's list, newest first, and the messages of the chats on it that changed."""
    _spend(run)
    page = remote.client().chats.list(limit=CHATS_A_PAGE, cursor=run.cursor or None)
    heartbeat.beat(Heartbeat.REMOTE)
    run.in_order = run.in_order and _is_newest_first(page.items)
    rows = {str(row.remote_id): row for row in Chat.objects.filter(remote_id__in=_ids(page.items)).defer("search")}
    changed = [one for one in page.items if _has_changed(run, one, rows.get(one.id))]
    fresh = {str(row.remote_id): row for row in _save(changed)}
    for theirs in changed:
        chat = fresh.get(theirs.id)
        if chat is not None:
            _read(run, chat, as_of=theirs.updated_at)
            _checkpoint(run)
    # Only a list that is in order says that nothing further down has changed.
    last = page.items[-1].updated_at if page.items else None
    is_past = run.in_order and last is not None and last < run.since
    more = bool(page.next_cursor and page.items) and not is_past
    run.cursor = (page.next_cursor or "") if more else ""
    run.stage = Stage.CHANGED if more else Stage.UNSETTLED
    _checkpoint(run)


def _has_changed(run: Reconciliation, theirs: resources.Chat, ours: Chat | None) -> bool:
    if theirs.updated_at is not None and theirs.updated_at < run.since:
        return False
    return ours is None or theirs.updated_at is None or theirs.updated_at != ours.messages_read_as_of


def _save(changed: list[resources.Chat]) -> list[Chat]:
    """Names, people and health as the remote has them; one by one when a chat of them makes no sense."""
    if not changed:
        return []
    try:
        return store.save_chats(changed)
    except DatabaseError:
        raise
    except Exception:
        log.exception("Some of %s chats could not be read", len(changed))
    found = []
    for theirs in changed:
        try:
            found += store.save_chats([theirs])
        except DatabaseError:
            raise
        except Exception:
            log.exception("Chat %s makes no sense to us", theirs.id)
    return found


def _read_unsettled(run: Reconciliation) -> None:
    """Chats where it is not known what became of a message of ours; after a gap all that were active since."""
    chats = list(_after_gap(run)) if run.is_thorough else []
    for chat in chats:
        as_of = chat.messages_read_as_of
        if run.is_thorough:
            _spend(run)
            try:
                theirs = remote.client().chats.retrieve(str(chat.remote_id))
            except RemoteError as problem:
                if problem.status != 404:
                    raise
            else:
                _save([theirs])
                as_of = theirs.updated_at
        _read(run, chat, as_of=as_of)
        run.cursor = str(chat.pk)
        _checkpoint(run)
    if chats:
        return
    # A batch of these is all for now: what is left over is due again in the next minute.
    for chat in _by_age():
        _read(run, chat, as_of=chat.messages_read_as_of)
        _checkpoint(run)
    _finish(run)


def _after_gap(run: Reconciliation) -> Iterable[Chat]:
    unsettled = _unsettled_messages(since=max(run.since, clock.now() - UNSETTLED_FOR)).values("chat")
    not_read_yet = Q(messages_synced_at__isnull=True) | Q(messages_synced_at__lt=run.created_at)
    active = Q(sort_at__gte=run.since) | Q(pk__in=unsettled)
    rows = Chat.objects.filter(not_read_yet, active, remote_id__isnull=False, pk__gt=int(run.cursor or 0))
    return rows.defer("search").order_by("pk")[:_BATCH]


def _by_age() -> Iterable[Chat]:
    """Asked for again whenever its age has doubled, so that a message costs a dozen looks in its first day.

    In groups and over SMS nothing more is ever told of one that was sent (linq-v3, 4.5).
    """
    now = clock.now()
    silent = Q(chat__is_group=True) | Q(service=Service.SMS)
    final = Q(delivery_status__in=[Message.Status.SENT, Message.Status.DELIVERED])
    read_at = F("chat__messages_synced_at")
    age_when_read = ExpressionWrapper(read_at - F("latest"), output_field=DurationField())
    due = (
        _unsettled_messages(since=now - UNSETTLED_FOR)
        .filter(happened_at__lt=now - UNSETTLED_AFTER, chat__remote_id__isnull=False)
        .exclude(silent & final)
        .values("chat", "chat__messages_synced_at")
        .annotate(latest=Max("happened_at"))
        .annotate(age_when_read=age_when_read)
        .filter(
            Q(chat__messages_synced_at__isnull=True)
            | Q(chat__messages_synced_at__lte=now - UNSETTLED_AFTER)
            & Q(age_when_read__lte=ExpressionWrapper(Value(now, DateTimeField()) - read_at, DurationField()))
        )
        .order_by("latest")
    )
    found = [one["chat"] for one in due[:_BATCH]]
    return Chat.objects.filter(pk__in=found).defer("search").order_by("pk")


def _unsettled_messages(*, since: datetime) -> QuerySet[Message]:
    return Message.objects.filter(
        direction=Message.Direction.OUTBOUND,
        delivery_status__in=_UNSETTLED,
        remote_id__isnull=False,
        cleared_at__isnull=True,
        happened_at__gte=since,
    )


def _read(run: Reconciliation, chat: Chat, *, as_of: datetime | None) -> None:
    """Read a chat's messages and take them over; one that makes no sense is counted and holds up no other."""
    _spend(run)
    try:
        read = reading.fetch(chat, further=True)
    except RemoteError as problem:
        if not _is_about_this_chat(run, problem):
            raise
        log.warning("Chat %s could not be read: %s", chat.pk, problem)
        run.chats_skipped += 1
        return
    run.calls_in_minute += read.calls - 1
    try:
        found = reading.take_over(chat, read, as_of=as_of, news_since=run.since)
    except DatabaseError:
        raise
    except Exception:
        log.exception("Chat %s could not be reconciled", chat.pk)
        run.chats_skipped += 1
        return
    run.chats_read += 1
    run.messages_found += found.new
    run.messages_corrected += found.corrected
    run.missed += found.missed
    live.announce("chat", line_id=chat.line_id, chat_id=chat.pk)


def _is_about_this_chat(run: Reconciliation, problem: RemoteError) -> bool:
    """Whether the others can go on although this chat cannot be read, now or after some tries."""
    if isinstance(problem, NotReached) or problem.status in {401, 429}:
        return False
    return problem.advice is Advice.GIVE_UP or run.failures >= TRIES_OF_A_CHAT


def _spend(run: Reconciliation) -> None:
    """Count a call. Raises `Spent` when this minute's are used up."""
    now = clock.now()
    if run.minute_started_at is None or now - run.minute_started_at >= timedelta(minutes=1):
        run.minute_started_at, run.calls_in_minute = now, 0
    if run.calls_in_minute >= CALLS_A_MINUTE:
        raise Spent
    run.calls_in_minute += 1


def _finish(run: Reconciliation) -> None:
    with transaction.atomic():
        run.state, run.finished_at = State.DONE, clock.now()
        _write(run, due_at=None)
        if run.missed:
            # Where one event was lost there may be more: look at everything of that time that was not looked at yet.
            since = run.created_at if run.is_thorough else run.since + gaps.MARGIN
            gaps.note(Reconciliation.Cause.LOST, since=since, in_=RHYTHM)


def _checkpoint(run: Reconciliation) -> None:
    run.failures, run.error = 0, ""
    _write(run, due_at=clock.now() + LEASE)


def _give_back(run: Reconciliation, *, due_at: datetime) -> None:
    try:
        _write(run, due_at=due_at, leased=False)
    except Overtaken:
        log.info("Reconciliation %s was taken over by another worker.", run.pk)


def _trouble(run: Reconciliation, sentence: str, *, wait: timedelta) -> None:
    """Wait and go on from the checkpoint, however long it takes: the window stays until it was read."""
    run.failures = min(run.failures + 1, 1000)
    run.error = sentence[:500]
    _give_back(run, due_at=clock.now() + max(settle.backoff(run.failures), wait))


def _write(run: Reconciliation, *, due_at: datetime | None, leased: bool = True) -> None:
    """Write the row under our lease, which this prolongs. Raises `Overtaken` when it is no longer ours."""
    written = Reconciliation.objects.filter(pk=run.pk, fence=run.fence, state=State.RUNNING).update(
        state=run.state,
        stage=run.stage,
        cursor=run.cursor,
        in_order=run.in_order,
        chats_read=run.chats_read,
        messages_found=run.messages_found,
        messages_corrected=run.messages_corrected,
        missed=run.missed,
        chats_skipped=run.chats_skipped,
        minute_started_at=run.minute_started_at,
        calls_in_minute=run.calls_in_minute,
        failures=run.failures,
        error=run.error,
        due_at=due_at,
        lease_expires_at=clock.now() + LEASE if leased and due_at is not None else None,
        finished_at=run.finished_at,
    )
    if not written:
        raise Overtaken


def _ids(chats: list[resources.Chat]) -> list[str]:
    return [one.id for one in chats if store.uuid_of(one.id) is not None]


def _is_newest_first(chats: list[resources.Chat]) -> bool:
    times = [one.updated_at for one in chats]
    return all(a is not None and b is not None and a >= b for a, b in zip(times, times[1:], strict=False))
