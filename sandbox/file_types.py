"""What the name of a file says about its type."""

from __future__ import annotations

import mimetypes

from chats.v3.content import ATTACHMENT_CONTENT_TYPES
from sandbox.api.errors import ApiError

# In the names that the remote's list of types has for them, which the system's own tables do not always use.
BY_EXTENSION = {
    "3gp": "video/3gpp",
    "aac": "audio/aac",
    "aiff": "audio/x-aiff",
    "amr": "audio/amr",
    "caf": "audio/x-caf",
    "key": "application/x-iwork-keynote-sffkey",
    "m4a": "audio/x-m4a",
    "m4v": "video/x-m4v",
    "numbers": "application/x-iwork-numbers-sffnumbers",
    "pages": "application/x-iwork-pages-sffpages",
    "rtf": "text/rtf",
    "wav": "audio/x-wav",
}
VOICE_MEMO_TYPES = frozenset(
    {
        "audio/mpeg",
        "audio/mp3",
        "audio/x-m4a",
        "audio/mp4",
        "audio/aac",
        "audio/x-caf",
        "audio/x-wav",
        "audio/aiff",
        "audio/x-aiff",
        "audio/amr",
    }
)


def of(name: str) -> str | None:
    """The type that a name ends in; None when it ends in nothing known.

    Raises `ApiError` (5004) for a name that ends in a type which cannot be sent.
    """
    extension = name.rpartition(".")[2].lower() if "." in name else ""
    found = BY_EXTENSION.get(extension) or mimetypes.guess_type(name)[0]
    if found is not None and found not in ATTACHMENT_CONTENT_TYPES:
        raise ApiError(5004, "Files of this type cannot be sent")
    return found
