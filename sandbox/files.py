"""The bytes of attachments, one file each in the state folder, and the addresses they have.

Files live at `/attachments/partners/{partner}/{attachment}/{filename}`, laid out like the remote's own storage for
persistent attachments: a download address does not expire, it ends with the file. An upload address is signed.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote
from uuid import UUID

from django.conf import settings
from django.db import transaction

from sandbox import clock, ids, world
from sandbox.api.errors import ApiError
from sandbox.models import Attachment

PREFIX = "/attachments/partners/"
_origin = [f"http://127.0.0.1:{settings.PORT}"]


def served_at(origin: str) -> None:
    """Say where the sandbox listens, as scheme, host and port: what the addresses of its files begin with."""
    _origin[0] = origin


def absolute(address: str) -> str:
    """The whole address of a file of ours that was kept as a path; any other address as it is."""
    return _origin[0] + address if address.startswith(PREFIX) else address


def path_of(row: Attachment) -> str:
    """Where a file is downloaded from, without the origin, which may change when the sandbox is started again."""
    return f"{PREFIX}{world.current().partner_id}/{row.id}/{quote(row.filename, safe='')}"


def upload_address(row: Attachment) -> str:
    """Where a file is uploaded to: signed, and good until `upload_until`."""
    until = int(row.upload_until.timestamp())
    return f"{absolute(path_of(row))}?expires={until}&signature={_signature(row, until)}"


def required_headers(row: Attachment) -> dict[str, str]:
    """What an upload has to send exactly so."""
    return {"Content-Type": row.content_type, "Content-Length": str(row.size_bytes)}


def check_upload(row: Attachment, query: Mapping[str, str], headers: Mapping[str, str]) -> None:
    """Raise `ApiError` unless this upload is the one that was signed. `headers` have lower-case names."""
    until = int(row.upload_until.timestamp())
    signed = query.get("expires") == str(until)
    if not signed or not hmac.compare_digest(query.get("signature", "").encode(), _signature(row, until).encode()):
        raise ApiError(5001, "The signature does not match", status=403)
    if clock.now() >= datetime.fromtimestamp(until, tz=row.upload_until.tzinfo):
        raise ApiError(5001, "This address has expired", status=403)
    for name, value in required_headers(row).items():
        if headers.get(name.lower()) != value:
            raise ApiError(5001, f"{name} must be {value}", status=403)


def _signature(row: Attachment, until: int) -> str:
    text = f"PUT\n{row.id}\n{until}\n{row.content_type}\n{row.size_bytes}"
    return hmac.new(row.secret.encode(), text.encode(), hashlib.sha256).hexdigest()


def identifier_in(address: str) -> UUID | None:
    """Which attachment an address of ours is of, whole or as a path; None for any other address."""
    path = address.removeprefix(_origin[0]).partition("?")[0]
    steps = path.removeprefix(PREFIX).split("/", 2)  # the name of a file may hold more of them
    if not path.startswith(PREFIX) or len(steps) != 3:
        return None
    try:
        partner, attachment = UUID(steps[0]), UUID(steps[1])
    except ValueError:
        return None
    return attachment if partner == world.current().partner_id and unquote(steps[2]) else None


def complete(attachment_id: UUID) -> Attachment:
    """An attachment that can be used. Raises `ApiError`: 2003 for an unknown one, 2007 before it was uploaded."""
    row = Attachment.objects.filter(id=attachment_id).first()
    if row is None:
        raise ApiError(2003, "Attachment not found")
    if not row.is_complete:
        raise ApiError(2007, "The attachment is not uploaded yet")
    return row


def on_disk(attachment_id: UUID) -> Path:
    """The file with an attachment's bytes."""
    return Path(settings.STATE) / "attachments" / str(attachment_id)


def new_file(attachment_id: UUID) -> Path:
    """Where to write the bytes while they come in."""
    path = on_disk(attachment_id).with_suffix(f".{os.urandom(4).hex()}.part")
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def keep(row: Attachment, written: Path) -> None:
    """The bytes are all there: from now on the attachment can be used."""
    if not Attachment.objects.filter(id=row.id).update(is_complete=True):
        written.unlink()
        raise ApiError(2003, "Attachment not found")
    written.replace(on_disk(row.id))


def take_in(filename: str, content_type: str, content: bytes) -> Attachment:
    """Keep a file that came from elsewhere, as if it had been uploaded. Call it in a transaction."""
    now = clock.now()
    row = Attachment.objects.create(
        filename=filename[-255:],
        content_type=content_type,
        size_bytes=len(content),
        secret=ids.trace(),
        is_complete=True,
        created_at=now,
        upload_until=now,
    )

    def write() -> None:
        written = new_file(row.id)
        written.write_bytes(content)
        written.replace(on_disk(row.id))

    transaction.on_commit(write)
    return row


def remove(attachment_ids: Iterable[UUID]) -> None:
    """Delete the bytes of attachments."""
    for each in attachment_ids:
        on_disk(each).unlink(missing_ok=True)


def part_of(row: Attachment) -> dict[str, Any]:
    """A media part with this file, in the form it is kept."""
    return {
        "type": "media",
        "id": str(row.id),
        "filename": row.filename,
        "mime_type": row.content_type,
        "size_bytes": row.size_bytes,
        "url": path_of(row),
    }
