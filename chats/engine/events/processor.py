"""Processing stored webhook events: each in a transaction of its own, so that a bad one holds up no other."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from django.db import connection, transaction

from chats import clock, live
from chats.engine import inflow, remote, settle, store
from chats.engine.events import HANDLERS, find, messages
from chats.models import Chat, Message, WebhookEvent
from chats.v3 import resources
from chats.v3.errors import RemoteError
from chats.v3.resources import Unreadable

log = logging.getLogger(__name__)

# A worker that dies in an event leaves it to be taken again after this long.
LEASE = timedelta(seconds=30)
MOST_ATTEMPTS = 10
# One in which every worker stops takes what else they do down with it, so it is given up sooner.
MOST_UNFINISHED = 3
LATE_EVENT_ATTEMPTS = 5
State = WebhookEvent.State


class Foreign(Exception):
    """The event's message is in a chat on a line that is not ours."""


class Overtaken(Exception):
    """Another worker, who thought us dead, has processed the event meanwhile: all of ours is rolled back."""


def process_due(*, seconds: float) -> int:
    """Process waiting events, oldest first, for about `seconds`. Returns how many were handled.

    Any number of workers may do this at once; each event is taken by one of them.
    """
    handled = 0
    stop_at = time.monotonic() + seconds
    while time.monotonic() < stop_at:
        event = _take_next()
        if event is None:
            break
        process(event)
        handled += 1
    return handled


def process(event: WebhookEvent) -> None:
    """Process one event that this worker has taken. Never raises for what is in it."""
    if event.unfinished > MOST_UNFINISHED:
        _settle(event, State.PARKED, error="The worker stopped in the middle of this event, every time it was tried.")
        return
    try:
        _handle_with_what_it_is_about(event)
    except (find.Unusable, Unreadable) as reason:
        _settle(event, State.IGNORED, error=str(reason))
    except (find.UnknownChat, Foreign):
        _settle(event, State.IGNORED, error="The event is about a chat on a line that is not ours.")
    except RemoteError as problem:
        sentence = f"What this event is about could not be fetched. {problem.meaning}."
        _try_later(event, sentence, gone=problem.status == 404)
    except Overtaken:
        log.info("Event %s was processed by another worker.", event.pk)
    except Exception as defect:
        log.exception("Event %s of type %s broke", event.pk, event.event_type)
        _try_later(event, f"Chatdeck itself failed here ({type(defect).__name__}).")


def _handle_with_what_it_is_about(event: WebhookEvent) -> None:
    """Process an event; its chat and its message are fetched, once each, where we do not have them yet.

    They may be new, or their own events are still on their way.
    """
    fetched: set[str] = set()
    while True:
        try:
            _handle(event)
            return
        except (find.UnknownChat, find.UnknownMessage) as unknown:
            if unknown.remote_id in fetched:
                raise
            fetched.add(unknown.remote_id)
            # Outside any transaction, as every call.
            if isinstance(unknown, find.UnknownChat):
                _fetch_chat(unknown.remote_id)
            else:
                _fetch_message(unknown.remote_id)


def _fetch_chat(remote_id: str) -> Chat | None:
    """The chat, fetched unless somebody else has just done so; None for one on a line that is not ours."""
    with _alone(remote_id):
        chat = Chat.objects.filter(remote_id=remote_id).first()
        if chat is not None:
            return chat
        return next(iter(store.save_chats([remote.client().chats.retrieve(remote_id)])), None)


def _fetch_message(remote_id: str) -> None:
    with _alone(remote_id):
        if not Message.objects.filter(remote_id=remote_id).exists():
            _save_message(remote.client().messages.retrieve(remote_id))


def _save_message(message: resources.Message) -> None:
    chat = Chat.objects.filter(remote_id=message.chat_id).first() or _fetch_chat(message.chat_id)
    if chat is None:
        raise Foreign
    if message.is_from_me and not chat.is_group:
        messages.note_first_contact(chat, at=message.sent_at or clock.now())
    inflow.save_messages(chat, [message])


@contextmanager
def _alone(remote_id: str) -> Iterator[None]:
    """One worker at a time in here for each id. The first events of a new chat come together, to several workers.

    The database gives the lock back when its connection ends, so a worker that dies in here keeps nobody out.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(hashtextextended(%s, 0))", [remote_id])
        try:
            yield
        finally:
            cursor.execute("SELECT pg_advisory_unlock(hashtextextended(%s, 0))", [remote_id])


def _take_next() -> WebhookEvent | None:
    with transaction.atomic():
        now = clock.now()
        event = (
            WebhookEvent.objects.select_for_update(skip_locked=True)
            .filter(state=State.PENDING, due_at__lte=now)
            # What came in is read later, where one that cannot be read is this event's trouble alone.
            .defer("payload")
            .order_by("due_at", "id")
            .first()
        )
        if event is None:
            return None
        event.due_at = now + LEASE
        event.attempts += 1
        # Taken back as soon as anything is written of this try.
        event.unfinished += 1
        event.save(update_fields=["due_at", "attempts", "unfinished"])
        return event


def _handle(event: WebhookEvent) -> None:
    handler = HANDLERS.get(event.event_type)
    with transaction.atomic():
        if handler is not None:
            handler(event)
        if not _write(event, State.PROCESSED if handler is not None else State.IGNORED):
            raise Overtaken


def _settle(event: WebhookEvent, state: State, *, error: str) -> None:
    with transaction.atomic():
        event.error = error[:500]
        _write(event, state)


def _write(event: WebhookEvent, state: State) -> bool:
    """Write what became of the event. False when another worker has done so already."""
    event.state = state
    event.due_at = None
    event.processed_at = clock.now()
    if state is State.PROCESSED:
        event.error = ""
    still_waiting = WebhookEvent.objects.filter(pk=event.pk, state=State.PENDING)
    written = still_waiting.update(
        state=event.state,
        due_at=None,
        unfinished=0,
        processed_at=event.processed_at,
        error=event.error,
        chat=event.chat,
        line=event.line,
    )
    if not written:
        return False
    live.announce("event", line_id=event.line_id, chat_id=event.chat_id)
    return True


def _try_later(event: WebhookEvent, sentence: str, *, gone: bool = False) -> None:
    event.error = sentence[:500]
    # What the remote no longer has may still be told to us by an event that is late; that takes seconds, not hours.
    if event.attempts >= (LATE_EVENT_ATTEMPTS if gone else MOST_ATTEMPTS):
        with transaction.atomic():
            _write(event, State.PARKED)
        return
    event.due_at = clock.now() + settle.backoff(event.attempts)
    still_waiting = WebhookEvent.objects.filter(pk=event.pk, state=State.PENDING)
    still_waiting.update(due_at=event.due_at, error=event.error, unfinished=0)
