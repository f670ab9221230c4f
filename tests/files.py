"""Small files of real kinds, picked and sent as people do, and a remote that takes them."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile

from chats.actions.attachments import store_attachment
from chats.actions.messages import send_message
from chats.models import Attachment, Chat, Message, Operation
from chats.models.operation import Kind
from tests.remote import Answer, Asked, Remote
from tests.sandbox.uploads import PNG

__all__ = ["PDF", "PNG", "Storage", "pick", "send_files", "sending", "uploads"]

PDF = b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"


def pick(chat: Chat, by: User, name: str = "photo.png", content: bytes = PNG) -> Attachment:
    """A file that somebody has picked for a chat and not sent."""
    return store_attachment(line=chat.line, file=SimpleUploadedFile(name, content), by=by)


def send_files(chat: Chat, by: User, *files: Attachment, text: str = "") -> Message:
    """A message with these files, or with one that is picked for it."""
    pks = [one.pk for one in files] or [pick(chat, by).pk]
    return send_message(chat=chat, text=text, by=by, key=uuid.uuid4(), files=pks)


def sending() -> Operation:
    """The one operation that sends a message."""
    return Operation.objects.get(kind=Kind.SEND_MESSAGE)


def uploads() -> list[Operation]:
    return list(Operation.objects.filter(kind=Kind.UPLOAD_ATTACHMENT).order_by("pk"))


class Storage:
    """A remote that announces, takes and knows files, as the real one does. `expires_at` is of the next addresses."""

    def __init__(self, remote: Remote, *, expires_at: str = "2026-07-03T12:15:00Z") -> None:
        self.remote = remote
        self.expires_at = expires_at
        self.stored: dict[str, bytes] = {}
        self.refuse: Callable[[str], Answer | None] = lambda _: None
        remote.on("POST", "/v3/attachments", self._announce)
        remote.on("PUT", "/store/.+", self._take)
        remote.on("GET", "/v3/attachments/[^/]+", self._tell)

    @property
    def announced(self) -> list[Asked]:
        return self.remote.calls("POST", "/v3/attachments")

    @property
    def put(self) -> list[str]:
        """The ids that bytes were put under, in order, refused ones too."""
        return [asked.path.removeprefix("/store/") for asked in self.remote.calls("PUT", "/store/.+")]

    def slot(self, file_id: str, size: int, content_type: str) -> dict[str, Any]:
        return {
            "attachment_id": file_id,
            "upload_url": f"{self.remote.origin}/store/{file_id}?signature=secret",
            "expires_at": self.expires_at,
            "http_method": "PUT",
            "required_headers": {"Content-Type": content_type, "Content-Length": str(size)},
            "download_url": f"{self.remote.origin}/files/{file_id}",
        }

    def _announce(self, asked: Asked) -> Answer:
        return Answer(200, self.slot(str(uuid.uuid4()), asked.body["size_bytes"], asked.body["content_type"]))

    def _take(self, asked: Asked) -> Answer:
        file_id = asked.path.removeprefix("/store/")
        refused = self.refuse(file_id)
        if refused is None:
            self.stored[file_id] = asked.body
        return refused or Answer(200)

    def _tell(self, asked: Asked) -> Answer:
        file_id = asked.path.removeprefix("/v3/attachments/")
        status = "complete" if file_id in self.stored else "pending"
        return Answer(200, {"id": file_id, "status": status, "download_url": f"{self.remote.origin}/files/{file_id}"})
