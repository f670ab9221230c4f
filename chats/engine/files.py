"""The files in a message's parts: which are ours, whether they are with the remote yet, and how it knows them.

A part that is one of our attachments names it by our own id, `attachment`, for as long as the row lives. Only on its
way out does it become the remote's `attachment_id`.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django.db.models import QuerySet

from chats import clock
from chats.engine import wake
from chats.models import Attachment, Message, Operation
from chats.models.operation import OPEN, State

THERE = [Attachment.State.UPLOADED, Attachment.State.REFERENCED]
# Some accounts' files last no longer than a day at the remote (linq-v3, 1.4): what waited longer goes up anew.
LASTS_FOR = timedelta(hours=20)
_FRESH: dict[str, Any] = {
    "attempts": 0, "lookups": 0, "first_sent_at": None, "accepted_at": None, "settled_at": None,
    "error": "", "error_code": None, "error_status": None,
}  # fmt: skip


def ids_in(parts: object) -> list[int]:
    """Our own attachments among these parts, in their order; nothing for any other list, or what is none."""
    given = parts if isinstance(parts, list) else []
    found = [part.get("attachment") for part in given if isinstance(part, dict) and part.get("type") == "media"]
    return [pk for pk in found if type(pk) is int]


def missing(operation: Operation) -> Attachment | None:
    """The first file of an operation's message that the remote does not have; a failed one before others.

    Asks nothing for a message without files.
    """
    pks = ids_in(operation.message.parts) if operation.message is not None else []
    rows = sorted(
        attachments(pks).select_related("upload"),
        key=lambda one: (one.state != Attachment.State.FAILED, pks.index(one.pk)),
    )
    return next((one for one in rows if one.state not in THERE or _may_be_gone(one)), None)


def failure(attachment: Attachment) -> str:
    """Why a message with this file cannot be sent."""
    return f"“{attachment.name[:200]}” could not be uploaded. {attachment.error}"


def try_again(message: Message, *, lost: bool) -> None:
    """Have the files of a message that failed uploaded anew: those that are not there, all if the remote `lost` them.

    Inside the transaction that sends it again.
    """
    now = clock.now()
    rows = attachments(ids_in(message.parts)).select_for_update(of=("self",))
    for row in rows.exclude(upload__isnull=True).order_by("pk"):
        if row.state in THERE and not lost and not _may_be_gone(row):
            continue
        # One that is on its way already stays so.
        again = Operation.objects.filter(attachment=row).exclude(state__in=OPEN)
        if not again.update(state=State.QUEUED, due_at=now, retried_at=now, **_FRESH):
            continue
        row.state, row.remote_id, row.uploaded_at, row.error = Attachment.State.STORED, None, None, ""
        row.upload_url, row.upload_headers, row.upload_expires_at = "", {}, None
        row.save()
        if row.upload is not None:
            wake.wake_lane(row.upload.lane_id)


def lock_uploads(message_id: int | None) -> None:
    """Lock the uploads of a message, before its own operation is, as an upload that fails does."""
    if message_id is not None:
        list(Operation.objects.select_for_update(of=("self",)).filter(attachment__message=message_id).order_by("pk"))


def take_back(message_id: int | None) -> None:
    """The message will not be sent: its files that have not begun to go up need not."""
    Operation.objects.filter(
        attachment__message=message_id, attachment__message__isnull=False, state=State.QUEUED
    ).update(state=State.CANCELLED, settled_at=clock.now(), due_at=None, error="")


def outward(parts: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """The parts as the remote wants them: our files by the ids that it gave them."""
    parts = list(parts)
    known = dict(attachments(ids_in(parts)).values_list("pk", "remote_id"))
    return [_outward(part, known) for part in parts]


def attachments(pks: list[int]) -> QuerySet[Attachment]:
    return Attachment.objects.filter(pk__in=pks) if pks else Attachment.objects.none()


def note_sent(message: Message) -> None:
    """The remote has the message, and so refers to its files. Asks nothing for a message without."""
    pks = ids_in(message.parts)
    if pks:
        attachments(pks).filter(state=Attachment.State.UPLOADED).update(state=Attachment.State.REFERENCED)


def let_go(message_id: int | None) -> None:
    """Wake the message that waited for its files, if the last of them is with the remote now."""
    if message_id is None or Attachment.objects.filter(message=message_id).exclude(state__in=THERE).exists():
        return
    waiting = Operation.objects.filter(message=message_id, state=State.QUEUED, first_sent_at__isnull=True)
    for operation in waiting.select_for_update(of=("self",)):
        operation.due_at = clock.now()
        operation.save(update_fields=["due_at"])
        wake.wake_lane(operation.lane_id)


def _may_be_gone(attachment: Attachment) -> bool:
    """Whether a file has been with the remote for so long that it may have ended there."""
    return attachment.uploaded_at is not None and clock.now() - attachment.uploaded_at > LASTS_FOR


def _outward(part: dict[str, Any], known: dict[int, Any]) -> dict[str, Any]:
    if type(part.get("attachment")) is not int or part.get("type") != "media":
        return part
    remote_id = known.get(part["attachment"])
    if remote_id is None:
        raise ValueError("a file of the message is not with the remote")
    return {"type": "media", "attachment_id": str(remote_id)}
