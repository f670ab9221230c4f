"""Files to send: taken in from the browser, kept until their message is sent, or given up."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from django.contrib.auth.models import User
from django.core.files import File
from django.db import transaction

from chats import clock
from chats.actions.operations import enqueue
from chats.actions.rules import Refused, require
from chats.engine import lanes
from chats.models import Attachment, Chat, Line, Message, Operation
from chats.v3 import content, file_types
from chats.v3.limits import MAX_FILE_NAME_LENGTH

# What one person may have picked and not sent. It is deleted after a day (`chats.engine.retention`).
MOST_UNSENT = 100
MOST_FILES = 20
_PIECE = 1024 * 1024


def store_attachment(*, line: Line, file: File[bytes], by: User) -> Attachment:
    """Keep a file that somebody picked, until they send it by this line.

    Its type is what its name says, and its first bytes must agree.

    Raises `NotAllowed` without `reply_to_chats` on the line, and `Refused` for a file that the remote would not
    take (`content.check_attachment`), one that is not what its name says, or one too many that waits to be sent.
    """
    require(by, "reply_to_chats", line)
    name = _clean_name(file.name or "")
    size = file.size or 0
    file.seek(0)
    head = file.read(file_types.HEAD_BYTES)
    content_type = file_types.type_of(name, head) or ""
    violations = content.check_attachment(filename=name, content_type=content_type, size_bytes=size)
    if violations:
        raise Refused(_about(name, violations[0].message), field="file")
    if not file_types.looks_like(head, content_type):
        raise Refused(f"“{name}” is not what its name says it is.", field="file")
    if Attachment.objects.filter(uploaded_by=by, message__isnull=True)[:MOST_UNSENT].count() >= MOST_UNSENT:
        raise Refused("Too many of your files wait to be sent. Send some, or remove them.", field="file")
    attachment = Attachment(
        line=line,
        uploaded_by=by,
        name=name,
        content_type=content_type,
        size=size,
        digest=_digest(file),
        created_at=clock.now(),
    )
    file.seek(0)
    attachment.file.save("", file, save=False)
    try:
        attachment.save()
    except Exception:
        attachment.file.delete(save=False)
        raise
    return attachment


def discard_attachment(*, attachment: Attachment, by: User) -> None:
    """Delete a file that was picked and not sent.

    Raises `NotAllowed` without `reply_to_chats` on its line, `Refused` once it is part of a message.
    """
    require(by, "reply_to_chats", attachment.line)
    with transaction.atomic():
        row = (
            Attachment.objects.select_for_update()
            .filter(pk=attachment.pk, uploaded_by=by, message__isnull=True)
            .first()
        )
        if row is None:
            raise Refused("It is part of a message already.")
        row.file.delete(save=False)
        row.delete()


def take(pks: Sequence[int], *, line: Line, by: User) -> list[Attachment]:
    """The files that go with a message, locked, in the order given. Inside the transaction that writes the message.

    Raises `Refused` when one of them is not there for this person on this line, or not any more.
    """
    wanted = list(dict.fromkeys(pks))
    if len(wanted) > MOST_FILES:
        raise Refused(f"A message can have {MOST_FILES} files at the most.", field="file")
    rows = Attachment.objects.select_for_update().filter(pk__in=wanted, line=line, uploaded_by=by, message__isnull=True)
    found = {row.pk: row for row in rows.order_by("pk")} if wanted else {}
    if len(found) < len(wanted):
        raise Refused(
            "A file is no longer here: what is not sent within a day is deleted. Remove it and attach it again.",
            field="file",
        )
    return [found[pk] for pk in wanted]


def upload_with(message: Message, attachments: Sequence[Attachment], *, chat: Chat, by: User, first_part: int) -> None:
    """Plan the upload of a message's files. Call it before the operation that sends the message is made.

    The uploads come first in the queue, and the message's own operation waits for them.
    """
    for number, attachment in enumerate(attachments, start=first_part):
        attachment.message, attachment.part = message, number
        attachment.upload = enqueue(
            Operation.Kind.UPLOAD_ATTACHMENT,
            line=chat.line,
            chat=chat,
            by=by,
            lane=lanes.upload_lane_of(chat.line, attachment.pk),
            payload={"file": attachment.name, "type": attachment.content_type, "bytes": attachment.size},
        )
        attachment.save(update_fields=["message", "part", "upload"])


def _digest(file: File[bytes]) -> str:
    file.seek(0)
    digest = hashlib.sha256()
    for piece in file.chunks(_PIECE):
        digest.update(piece)
    return digest.hexdigest()


def _clean_name(name: str) -> str:
    """The name without what cannot be shown, and short enough, its ending kept."""
    name = "".join(character for character in name if character.isprintable()).strip() or "file"
    if len(name) <= MAX_FILE_NAME_LENGTH:
        return name
    ending = name[name.rfind(".") :] if "." in name[-16:] else ""
    return name[: MAX_FILE_NAME_LENGTH - len(ending)] + ending


def _about(name: str, sentence: str) -> str:
    return f"“{name[:100]}”: {sentence[0].lower()}{sentence[1:]}"
