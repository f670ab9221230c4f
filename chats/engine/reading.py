"""Reading one chat's messages from the remote, and taking over what they say.

What a first reading finds is history. What somebody wrote since the last reading and no event has told us is
news: it counts as unread, once, and open pages hear of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from chats import clock, live
from chats.engine import inflow, news, reading_sql, remote, settle
from chats.models import Chat, Message, Operation
from chats.models.operation import State
from chats.v3 import resources
from chats.v3.errors import RemoteError

MESSAGES_A_PAGE = 50
# A chat with more that is new than this is read to the end by the next reading of it.
MOST_PAGES = 20
# The remote's clock and ours are not the same.
CLOCKS_DIFFER_BY = timedelta(seconds=10)
# An event that is on its way is not lost yet.
ON_ITS_WAY = timedelta(seconds=60)

_LONG_AGO = datetime.min.replace(tzinfo=timezone.get_default_timezone())


@dataclass(frozen=True)
class Read:
    """Messages as the remote gave them, and when it was asked."""

    messages: list[resources.Message]
    asked_at: datetime
    calls: int


@dataclass(frozen=True)
class Found:
    """What a reading changed here."""

    new: int = 0
    corrected: int = 0
    missed: int = 0
    """Those of both that an event should have told us long ago."""


def fetch(chat: Chat, *, further: bool) -> Read:
    """The latest messages of a chat, without touching the database: any number of threads may do this.

    With `further`, page after page until one holds nothing later than the last reading. A chat that the remote no
    longer has reads as empty: what was seen here stays. Raises `RemoteError`.
    """
    asked_at = clock.now()
    found: list[resources.Message] = []
    cursor: str | None = None
    calls = 0
    try:
        while True:
            page = remote.client().messages.list(str(chat.remote_id), limit=MESSAGES_A_PAGE, cursor=cursor)
            calls += 1
            found += page.items
            cursor = page.next_cursor
            times = [one.sent_at or one.created_at for one in page.items]
            # The order is not promised, so a page counts as old only when nothing on it is later.
            is_old = chat.messages_synced_at is None or not any(
                at is not None and at > chat.messages_synced_at - CLOCKS_DIFFER_BY for at in times
            )
            if not further or is_old or not cursor or not page.items or calls >= MOST_PAGES:
                break
    except RemoteError as problem:
        if problem.status != 404:
            raise
        calls += 1
    return Read(found, asked_at, calls)


def take_over(chat: Chat, read: Read, *, as_of: datetime | None, news_since: datetime | None) -> Found:
    """Write what was read of a chat. See `take_over_all`."""
    return take_over_all([(chat, read, as_of)], news_since=news_since)[0]


def take_over_all(
    readings: Sequence[tuple[Chat, Read, datetime | None]], *, news_since: datetime | None
) -> list[Found]:
    """Write what was read of chats, in the caller's transaction or one of its own. Safe to repeat.

    Beside each reading stands the remote's time of change that it reflects. `news_since` counts for a chat that was
    never read before: what came in later than that is news. None: all of it is history.
    """
    on_time = clock.now() - ON_ITS_WAY
    found = []
    with transaction.atomic():
        all_saved = inflow.save_messages_of([(chat, read.messages) for chat, read, _ in readings])
        for (chat, _, _), saved in zip(readings, all_saved, strict=True):
            since = chat.messages_synced_at - CLOCKS_DIFFER_BY if chat.messages_synced_at else news_since
            recent = sorted(
                (row for row in saved.new if since is not None and row.happened_at > since),
                key=lambda row: (row.happened_at, row.pk),
            )
            for row in recent:
                if not row.is_ours:
                    news.heard_from(chat, row)
            for row in saved.moved:
                _settle(row)
                inflow.show_as_latest(chat, row)
            for row in [*recent, *saved.moved]:
                live.announce("message", line_id=chat.line_id, chat_id=chat.pk, message_id=row.pk)
            late = [row for row in recent if row.happened_at < on_time and row.reconciled_at is None]
            late += [row for row in saved.moved if _last_moved(row) < on_time]
            found.append(Found(len(saved.new), len(saved.moved), len(late)))
        reading_sql.note_read([(chat, read.asked_at, as_of) for chat, read, as_of in readings])
    return found


def _last_moved(row: Message) -> datetime:
    moments = (row.sent_at, row.delivered_at, row.read_at, row.failed_at, row.edited_at)
    return max((moment for moment in moments if moment is not None), default=_LONG_AGO)


def _settle(row: Message) -> None:
    """The remote shows what became of this message, so the operation that sent it is settled too."""
    if not row.is_ours or row.delivery_status in {Message.Status.PENDING, Message.Status.QUEUED}:
        return
    open_ones = Operation.objects.select_for_update().filter(message=row, state__in=[State.ACCEPTED, State.UNKNOWN])
    operation = open_ones.first()
    if operation is None:
        return
    if row.delivery_status == Message.Status.FAILED:
        settle.fail(operation, sentence=row.error, code=row.error_code)
    else:
        settle.confirm(operation)
