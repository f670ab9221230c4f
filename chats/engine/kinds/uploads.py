"""Putting a file with the remote: an address is asked for, then the bytes are put there.

Each step is kept before the next begins, so that whoever takes over goes on where the last one stopped: with the
same address while it is good, and from the start otherwise. Nothing of this can be seen by anybody until a message
names the file, so repeating is harmless.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from datetime import timedelta
from functools import partial

from django.core.files import File
from django.db import transaction

from chats import clock, live
from chats.engine import claims, files
from chats.engine.kinds.base import Answer, Handler, Look, Sight
from chats.models import Attachment, Lane, Operation
from chats.models.operation import State
from chats.v3.client import Client
from chats.v3.errors import Advice, Refused, RemoteError
from chats.v3.resources import UploadSlot

# A claim ends after 30 s; a large file takes longer, so whoever carries it says that it still does.
SAY_SO_EVERY = 5.0
LONGEST = 15 * 60.0
# An address that ends sooner is not begun with.
LEAST_LEFT = timedelta(seconds=20)
PIECE = 256 * 1024
# Refusals of the storage that say nothing against the address.
_NOT_THE_ADDRESS = {408, 413, 429}


class UploadAttachment(Handler):
    """POST /v3/attachments, then PUT to the address in the answer (linq-v3, 1.4). Nothing confirms it."""

    is_confirmed = False

    def call(self, client: Client, operation: Operation) -> Answer:
        attachment = _attachment_of(operation)
        slot = _kept_slot(attachment)
        if slot is not None:
            try:
                _put(client, operation, attachment, slot)
            except Refused as problem:
                if not _is_worn_out(problem):
                    raise
                # The address has ended, or the remote no longer knows of it: another one is asked for.
                slot = None
        if slot is None:
            slot = client.attachments.request(
                filename=attachment.name, content_type=attachment.content_type, size_bytes=attachment.size
            )
            _keep_slot(operation, attachment, slot)
            _put(client, operation, attachment, slot)
        return Answer(slot.trace_id, partial(_uploaded, attachment.pk))

    def look(self, client: Client, operation: Operation) -> Look:
        attachment = _attachment_of(operation)
        if attachment.remote_id is None:
            return Look(Sight.NOT_YET)
        try:
            theirs = client.attachments.retrieve(str(attachment.remote_id))
        except Refused as problem:
            if problem.status == 404:
                return Look(Sight.NOT_YET)
            raise
        # The remote means to drop this field; without it, the file is simply put there once more.
        there = theirs.status == "complete"
        return Look(Sight.THERE, partial(_uploaded, attachment.pk)) if there else Look(Sight.NOT_YET)


class _Piecewise:
    """A file as it goes up: read piece by piece, while the claim on it is kept alive."""

    def __init__(self, file: File[bytes], size: int, operation: Operation) -> None:
        self._file = file
        self._size = size
        self._operation = operation
        self._until = time.monotonic() + LONGEST
        self._say_so_at = time.monotonic() + SAY_SO_EVERY

    def __len__(self) -> int:
        return self._size

    def __iter__(self) -> Iterator[bytes]:
        while piece := self.read(PIECE):
            yield piece

    def read(self, size: int = -1, /) -> bytes:
        now = time.monotonic()
        if now > self._until:
            raise RemoteError("The upload took too long", advice=Advice.RETRY_LATER)
        if now > self._say_so_at:
            self._say_so_at = now + SAY_SO_EVERY
            _still_ours(self._operation)
        return bytes(self._file.read(size))


def _put(client: Client, operation: Operation, attachment: Attachment, slot: UploadSlot) -> None:
    try:
        file = attachment.file.open("rb")
    except FileNotFoundError:
        raise RemoteError(
            "The file is not in the storage that this machine sees", advice=Advice.GIVE_UP, remedy="Attach it again."
        ) from None
    except OSError:
        raise RemoteError("The file could not be read from the storage", advice=Advice.RETRY_LATER) from None
    with file:
        # Asking for the address may have taken most of the claim's time.
        _still_ours(operation)
        client.attachments.upload(slot, _Piecewise(file, attachment.size, operation))


def _is_worn_out(problem: Refused) -> bool:
    return problem.status is not None and 400 <= problem.status < 500 and problem.status not in _NOT_THE_ADDRESS


def _kept_slot(attachment: Attachment) -> UploadSlot | None:
    """The address that was asked for before, if it is good for a while yet."""
    ends = attachment.upload_expires_at
    if not attachment.upload_url or (ends is not None and ends - clock.now() < LEAST_LEFT):
        return None
    return UploadSlot(
        attachment_id=str(attachment.remote_id),
        upload_url=attachment.upload_url,
        expires_at=ends,
        required_headers=attachment.upload_headers,
        download_url=None,
        trace_id=None,
    )


def _keep_slot(operation: Operation, attachment: Attachment, slot: UploadSlot) -> None:
    """Write the address down before it is used, if the claim is still ours."""
    with transaction.atomic():
        _own(operation)
        attachment.remote_id = uuid.UUID(slot.attachment_id)
        attachment.upload_url = slot.upload_url
        attachment.upload_headers = slot.required_headers
        attachment.upload_expires_at = slot.expires_at
        attachment.state = Attachment.State.REQUESTED
        attachment.save(update_fields=["remote_id", "upload_url", "upload_headers", "upload_expires_at", "state"])


def _still_ours(operation: Operation) -> None:
    """Put off the end of the claim, and of the lane's lease."""
    with transaction.atomic():
        now = clock.now()
        # The lane before its operation, as in a claim. While its lease runs nobody else can have taken it.
        Lane.objects.filter(pk=operation.lane_id, lease_expires_at__gt=now).update(lease_expires_at=now + claims.LEASE)
        row = _own(operation)
        row.lease_expires_at = now + claims.LEASE
        row.save(update_fields=["lease_expires_at"])


def _own(operation: Operation) -> Operation:
    """The operation's row, locked. Raises `RemoteError` when another worker has taken it over."""
    rows = Operation.objects.select_for_update(of=("self",))
    row = rows.filter(pk=operation.pk, fence=operation.fence, state=State.SENDING).first()
    if row is None:
        raise RemoteError("Another worker has taken this upload over", advice=Advice.RETRY_LATER)
    return row


def _uploaded(attachment_id: int) -> None:
    row = Attachment.objects.select_for_update().get(pk=attachment_id)
    row.state = Attachment.State.UPLOADED
    row.uploaded_at = clock.now()
    row.upload_url, row.upload_headers, row.upload_expires_at, row.error = "", {}, None, ""
    row.save(update_fields=["state", "uploaded_at", "upload_url", "upload_headers", "upload_expires_at", "error"])
    files.let_go(row.message_id)
    if row.message_id is not None:
        chat_id = row.message.chat_id if row.message is not None else None
        live.announce("message", line_id=row.line_id, chat_id=chat_id, message_id=row.message_id)


def _attachment_of(operation: Operation) -> Attachment:
    found = Attachment.objects.filter(upload=operation).first()
    if found is None:
        raise RemoteError("The file has been deleted here", advice=Advice.GIVE_UP, remedy="Attach it again.")
    return found
