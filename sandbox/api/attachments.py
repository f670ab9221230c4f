"""Attachments: announce a file, look at it, delete it. The bytes themselves go through `sandbox.storage`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from rest_framework.request import Request
from rest_framework.response import Response

from chats.v3.content import check_attachment
from chats.v3.times import format_time
from sandbox import clock, files, ids
from sandbox.api import base
from sandbox.api.errors import ApiError
from sandbox.models import Attachment, Message
from sandbox.models.attachment import UPLOAD_TIME


class Attachments(base.ApiView):
    """POST /v3/attachments."""

    def post(self, request: Request) -> Response:
        """Announce a file, and learn where to put it within the next 15 minutes."""
        body = base.json_object(request)
        filename, content_type, size = _announced(body)
        found = check_attachment(filename=filename, content_type=content_type, size_bytes=size)
        if found:
            raise ApiError(found[0].code, found[0].message)
        if not base.is_clean(filename):
            raise ApiError(1005, "filename holds a character that a file's name cannot have")
        now = clock.now()
        row = Attachment.objects.create(
            filename=filename,
            content_type=content_type,
            size_bytes=size,
            secret=ids.trace(),  # follows from the seed where ids do, as the upload address is part of an answer
            created_at=now,
            upload_until=now + UPLOAD_TIME,
        )
        return Response(
            {
                "attachment_id": str(row.id),
                "upload_url": files.upload_address(row),
                "expires_at": format_time(row.upload_until),
                "http_method": "PUT",
                "required_headers": files.required_headers(row),
                "download_url": files.absolute(files.path_of(row)),
            }
        )


class OneAttachment(base.ApiView):
    """GET and DELETE /v3/attachments/{attachmentId}."""

    def get(self, request: Request, attachment_id: str) -> Response:
        """What is known of a file."""
        row = _find(attachment_id)
        return Response(
            {
                "id": str(row.id),
                "filename": row.filename,
                "content_type": row.content_type,
                "size_bytes": row.size_bytes,
                "status": row.status,
                "created_at": format_time(row.created_at),
                "download_url": files.absolute(files.path_of(row)),
            }
        )

    def delete(self, request: Request, attachment_id: str) -> Response:
        """Delete a file for good. Messages stay, and their parts lose it."""
        row = _find(attachment_id)
        with transaction.atomic():
            _take_out_of_messages(row)
            row.delete()
            transaction.on_commit(lambda: files.remove([base.identifier(attachment_id, "attachmentId")]))
        return Response(status=204)


def _find(attachment_id: str) -> Attachment:
    row = Attachment.objects.filter(id=base.identifier(attachment_id, "attachmentId")).first()
    if row is None:
        raise ApiError(2003, "Attachment not found")
    return row


def _announced(body: Mapping[str, Any]) -> tuple[str, str, int]:
    for name, kind, what in (
        ("filename", str, "a string"),
        ("content_type", str, "a string"),
        ("size_bytes", int, "a number"),
    ):
        value = body.get(name)
        if value is None:
            raise ApiError(1001, f"{name} is required")
        if not isinstance(value, kind) or isinstance(value, bool):
            raise ApiError(1003, f"{name} must be {what}")
    return body["filename"], body["content_type"], body["size_bytes"]


def _take_out_of_messages(row: Attachment) -> None:
    """Assumption (8.2): a part without its file keeps name, type and size, and has an empty id and address."""
    identifier = str(row.id)
    with_it = Message.objects.filter(created_at__gte=row.created_at, parts__contains=[{"id": identifier}])
    for message in with_it.select_for_update():
        message.parts = [
            {**part, "id": "", "url": ""} if part.get("id") == identifier else part for part in message.parts
        ]
        message.save(update_fields=["parts"])
