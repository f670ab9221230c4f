"""Keeping the files that the remote has in messages.

Their addresses end within the hour, and on some accounts so do the files within a day (linq-v3, 1.4). So what comes
in is fetched and kept here, as messages are; what was never fetched is fetched when somebody first looks at it.

Nothing is fetched but from the remote's own storage, at an address that the remote has just given out for the file,
or that came with the message itself (`v3.attachments` holds the list of one).
"""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django.core.files import File
from django.db import transaction

from chats import clock
from chats.engine import remote, store
from chats.models import MediaCopy, Message
from chats.v3.client import Client
from chats.v3.errors import Advice, RemoteError
from chats.v3.limits import MAX_UPLOAD_BYTES

# Older messages may be many, as at the first sync, and nobody may ever look at them.
IS_NEWS_FOR = timedelta(days=2)
MOST_ATTEMPTS = 8
# How long one fetch may take; whoever looks waits for no longer than the first.
LOOKING_SECONDS = 20.0
FETCH_SECONDS = 120.0
# So many fetch at once for who looks; each keeps a connection to the database meanwhile.
_looking = threading.BoundedSemaphore(8)
IN_HAND = timedelta(minutes=5)
FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=15), timedelta(hours=1)


def expect(messages: Iterable[Message]) -> None:
    """Plan to fetch the files of new messages. Writes nothing for those without. Harmless when repeated."""
    now = clock.now()
    copies = [
        MediaCopy(message=message, part=index, due_at=now, created_at=now)
        for message in messages
        if message.parts and now - message.happened_at < IS_NEWS_FOR
        for index, part in enumerate(message.parts)
        if is_remote(part)
    ]
    if copies:
        MediaCopy.objects.bulk_create(copies, ignore_conflicts=True)


def is_remote(part: object) -> bool:
    """Whether a part is a file that the remote keeps, rather than one of ours or one on somebody's own server."""
    if not isinstance(part, dict) or part.get("type") != "media" or "attachment" in part:
        return False
    url = part.get("url")
    return store.uuid_of(part.get("id")) is not None and (not url or _is_kept_there(remote.client(), url))


def fetch_due(*, seconds: float) -> int:
    """Fetch what is due, for about `seconds`. Returns how many were tried. Several may run at once."""
    stop_at = time.monotonic() + seconds
    tried = 0
    while time.monotonic() < stop_at:
        copy = _take_due()
        if copy is None:
            break
        _fetch(copy, seconds=FETCH_SECONDS)
        tried += 1
    return tried


def copy_of(message: Message, index: int) -> MediaCopy | None:
    """Our copy of a part, fetched now if it was not; None when the remote does not have it, or not at the moment."""
    copy, _ = MediaCopy.objects.get_or_create(message=message, part=index, defaults={"created_at": clock.now()})
    failed_just_now = copy.error and copy.due_at is not None and copy.due_at > clock.now()
    if copy.state == MediaCopy.State.DUE and not failed_just_now:
        _look(copy)
    return copy if copy.state == MediaCopy.State.KEPT else None


def _look(copy: MediaCopy) -> None:
    if not _looking.acquire(timeout=LOOKING_SECONDS / 2):
        return
    try:
        copy.attempts += 1
        copy.due_at = clock.now() + IN_HAND
        copy.save(update_fields=["attempts", "due_at"])
        _fetch(copy, seconds=LOOKING_SECONDS)
    finally:
        _looking.release()
    copy.refresh_from_db()


def _take_due() -> MediaCopy | None:
    """The next one, put off at once so that nobody else takes it meanwhile."""
    with transaction.atomic():
        rows = MediaCopy.objects.select_for_update(skip_locked=True, of=("self",))
        now = clock.now()
        copy = rows.filter(state=MediaCopy.State.DUE, due_at__lte=now, message__isnull=False).order_by("due_at").first()
        if copy is not None:
            copy.attempts += 1
            copy.due_at = now + IN_HAND
            copy.save(update_fields=["attempts", "due_at"])
        return copy


def _fetch(copy: MediaCopy, *, seconds: float) -> None:
    """Fetch one file and keep it, or note why not. Never raises for what the remote answers or does not answer."""
    message = copy.message
    part = message.parts[copy.part] if message is not None and copy.part < len(message.parts) else None
    if not isinstance(part, dict) or not is_remote(part):
        _give_up(copy, "The file is not in the remote's storage.")
        return
    with tempfile.TemporaryFile() as file:
        try:
            _read(remote.client(), part, file, seconds=seconds)
        except RemoteError as problem:
            _try_later_or_give_up(copy, problem)
            return
        _keep(copy, file)


def _read(client: Client, part: dict[str, Any], file: Any, *, seconds: float) -> None:
    """Write the file of a part into `file`, from an address that was just asked for."""
    try:
        url = client.attachments.retrieve(str(part["id"])).download_url
    except RemoteError as problem:
        if problem.status != 404:
            raise
        url = None
    told = part.get("url")
    if not url or not client.attachments.keeps(url):
        url = told if isinstance(told, str) else None
    if not url:
        raise RemoteError("The remote no longer has this file", advice=Advice.GIVE_UP)
    client.attachments.fetch_into(file, url, longest=MAX_UPLOAD_BYTES, seconds=seconds)


def _keep(copy: MediaCopy, file: Any) -> None:
    size = file.tell()
    file.seek(0)
    copy.file.save("", File(file), save=False)
    # Somebody who fetched it at the same time may have been first; theirs is the one that counts then.
    kept = MediaCopy.objects.filter(pk=copy.pk, state=MediaCopy.State.DUE, message__isnull=False).update(
        state=MediaCopy.State.KEPT, file=copy.file.name, size=size, due_at=None, error=""
    )
    if not kept:
        copy.file.delete(save=False)


def _try_later_or_give_up(copy: MediaCopy, problem: RemoteError) -> None:
    may_pass = problem.advice in {Advice.RETRY_LATER, Advice.WAIT, Advice.OUTCOME_UNKNOWN} or problem.status == 401
    if not may_pass or copy.attempts >= MOST_ATTEMPTS:
        _give_up(copy, problem.sentence)
        return
    pause = min(FIRST_PAUSE * (1 << copy.attempts), LONGEST_PAUSE)
    MediaCopy.objects.filter(pk=copy.pk, state=MediaCopy.State.DUE).update(
        error=problem.sentence[:500], due_at=clock.now() + pause
    )


def _give_up(copy: MediaCopy, sentence: str) -> None:
    MediaCopy.objects.filter(pk=copy.pk, state=MediaCopy.State.DUE).update(
        state=MediaCopy.State.GONE, error=sentence[:500], due_at=None
    )


def _is_kept_there(client: Client, url: object) -> bool:
    return isinstance(url, str) and client.attachments.keeps(url)
