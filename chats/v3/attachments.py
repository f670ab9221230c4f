"""Files: put with the remote before they are sent, and fetched when they come."""

from __future__ import annotations

from typing import BinaryIO, Final
from urllib.parse import urlsplit

from chats.v3.limits import MAX_UPLOAD_BYTES
from chats.v3.resources import Accepted, Attachment, UploadSlot
from chats.v3.transport import Fetched, Transport, Upload, path

# Where the remote keeps files, for uploads and downloads alike.
STORAGE_HOST: Final = "cdn.linqapp.com"


class Attachments:
    """`client.attachments`."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def request(self, *, filename: str, content_type: str, size_bytes: int) -> UploadSlot:
        """Ask for a place to put a file, good for 15 minutes. `content.check_attachment` has the rules."""
        body = {"filename": filename, "content_type": content_type, "size_bytes": size_bytes}
        answer = self._transport.request("POST", "/v3/attachments", body=body)
        return answer.read(lambda data: UploadSlot.from_json(data, answer.trace_id))

    def upload(self, slot: UploadSlot, content: bytes | Upload) -> None:
        """Put the bytes there, exactly as many as were announced. May be repeated.

        Raises `ValueError` for a place that is neither https nor on the remote's own host.
        """
        if urlsplit(slot.upload_url).scheme != "https" and not self._is_own(slot.upload_url):
            raise ValueError("Files are uploaded over https only.")
        self._transport.put_file(slot.upload_url, content, slot.required_headers)

    def retrieve(self, attachment_id: str) -> Attachment:
        """What the remote knows of a file, with a fresh URL. Code 2003 when it does not exist."""
        return self._transport.request("GET", path("attachments", attachment_id)).read(Attachment.from_json)

    def fetch(self, url: str, *, longest: int = MAX_UPLOAD_BYTES) -> Fetched:
        """The bytes of a file from its URL, at most `longest` of them.

        Raises `ValueError` for a URL outside the remote's storage: one in a message could otherwise make the
        console ask a machine of the network it runs in.
        """
        self._check(url)
        return self._transport.fetch_file(url, longest=longest)

    def fetch_into(self, file: BinaryIO, url: str, *, longest: int = MAX_UPLOAD_BYTES, seconds: float = 60) -> str:
        """Write a file from its URL into `file` and return the type it came with. Raises as `fetch`."""
        self._check(url)
        return self._transport.fetch_into(file, url, longest=longest, seconds=seconds)

    def keeps(self, url: str) -> bool:
        """Whether a URL lies in the remote's storage, so that `fetch` takes it."""
        try:
            parts = urlsplit(url)
        except ValueError:
            return False
        return (parts.scheme, parts.netloc) == ("https", STORAGE_HOST) or self._is_own(url)

    def delete(self, attachment_id: str) -> Accepted:
        """Delete a file for good. Messages that had it stay, without it."""
        answer = self._transport.request("DELETE", path("attachments", attachment_id))
        return Accepted.from_json(answer.data, answer.trace_id)

    def _check(self, url: str) -> None:
        if not self.keeps(url):
            raise ValueError("The file is not in the remote's storage.")

    def _is_own(self, url: str) -> bool:
        parts = urlsplit(url)
        return f"{parts.scheme}://{parts.netloc}" == self._transport.origin
