"""What a message may hold: every rule of the remote that can be checked before sending.

Composer, campaigns, the REST API and the sandbox all ask `check_message`, so a message one of them lets
through is never refused by another. Where the remote does not say which code a broken rule has, the choice is:
missing 1001, a wrong handle 1002, parts that do not go together 1004, a wrong value 1005.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import groupby
from typing import Final
from urllib.parse import urlsplit

from chats.v3.card_rules import check_app_card, check_app_clip, check_experience, check_link, is_url
from chats.v3.limits import (
    ACCEPTED_EXTENSIONS,
    ANIMATIONS,
    ATTACHMENT_CONTENT_TYPES,
    BUBBLE_EFFECTS,
    MAX_FILE_NAME_LENGTH,
    MAX_IDEMPOTENCY_KEY_LENGTH,
    MAX_LINK_LENGTH,
    MAX_PARTS,
    MAX_RECIPIENTS,
    MAX_TEXT_LENGTH,
    MAX_UPLOAD_BYTES,
    MAX_URL_MEDIA_BYTES,
    MAX_URL_MEDIA_PARTS,
    REFUSED_EXTENSIONS,
    SCREEN_EFFECTS,
    SERVICES,
    STYLES,
    TAPBACKS,
)
from chats.v3.text_rules import check_text, has_link, utf16_length
from chats.v3.violation import Code, Place, Violation

__all__ = [
    "ACCEPTED_EXTENSIONS",
    "ANIMATIONS",
    "ATTACHMENT_CONTENT_TYPES",
    "BUBBLE_EFFECTS",
    "MAX_FILE_NAME_LENGTH",
    "MAX_IDEMPOTENCY_KEY_LENGTH",
    "MAX_LINK_LENGTH",
    "MAX_PARTS",
    "MAX_RECIPIENTS",
    "MAX_TEXT_LENGTH",
    "MAX_UPLOAD_BYTES",
    "MAX_URL_MEDIA_BYTES",
    "MAX_URL_MEDIA_PARTS",
    "REFUSED_EXTENSIONS",
    "SCREEN_EFFECTS",
    "SERVICES",
    "STYLES",
    "TAPBACKS",
    "Violation",
    "check_attachment",
    "check_message",
    "has_link",
    "plain_text",
    "text_message",
    "utf16_length",
]

PART_TYPES: Final = ("text", "media", "link", "imessage_app", "app_clip")
# Each of these is a bubble by itself, and the name a sentence calls it by.
ALONE: Final = {"link": "a link", "imessage_app": "an app card", "app_clip": "an App Clip"}
# The remote's own storage: a URL of it counts like an attachment, not like a file to fetch.
STORAGE_PREFIX: Final = "https://cdn.linqapp.com/"
_UUID: Final = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
# Words for media that have no plural.
_UNCOUNTED: Final = frozenset({"Audio"})


def check_message(
    message: Mapping[str, object],
    *,
    opens_chat: bool = False,
    is_group: bool | None = None,
    participants: Collection[str] | None = None,
) -> list[Violation]:
    """Every rule that a message breaks, in the order of its fields and parts; empty for a good one.

    `message` is what goes under `message` in a request. It may be any JSON: nothing raises.
    `opens_chat` is for the first message of a chat made by POST /v3/chats, which may hold no link, no effect
    and no reply (POST /v3/messages allows all three). `is_group` and `participants` (handles) decide about
    mentions; None means that they are not known, and leaves it to the remote.
    """
    if not isinstance(message, Mapping):
        return [Violation(Code.STRUCTURE, "The message must be an object.")]
    return [
        *_check_body(message, opens_chat=opens_chat, is_group=is_group, participants=participants),
        *_check_service(message),
        *_check_effect(message.get("effect"), opens_chat=opens_chat),
        *_check_reply(message.get("reply_to"), opens_chat=opens_chat),
        *_check_key(message.get("idempotency_key")),
    ]


def check_attachment(*, filename: str, content_type: str, size_bytes: int) -> list[Violation]:
    """Every rule that a file to upload breaks: its name, its type, its size (1 byte to 100 MB)."""
    found = []
    if not 1 <= len(filename) <= MAX_FILE_NAME_LENGTH:
        wrong = f"The file name must have between 1 and {MAX_FILE_NAME_LENGTH} characters."
        found.append(Violation(Code.VALUE, wrong, field="filename"))
    extension = _extension(filename)
    if content_type not in ATTACHMENT_CONTENT_TYPES or extension in REFUSED_EXTENSIONS:
        found.append(Violation(Code.FILE_TYPE, "Files of this type cannot be sent.", field="content_type"))
    if size_bytes < 1:
        found.append(Violation(Code.VALUE, "The file is empty.", field="size_bytes"))
    elif size_bytes > MAX_UPLOAD_BYTES:
        found.append(Violation(Code.FILE_SIZE, "The file is larger than 100 MB.", field="size_bytes"))
    return found


def text_message(text: str, *, key: str) -> dict[str, object]:
    """The message that sends one text, with its idempotency key."""
    return {"parts": [{"type": "text", "value": text}], "idempotency_key": key}


def plain_text(parts: object) -> str:
    """What a list of parts says in one line, for an inbox: texts and links as they are, media by its kind.

    Reads the parts of requests, answers and webhooks alike, and anything else as nothing.
    """
    if not isinstance(parts, Iterable) or isinstance(parts, (str, bytes, Mapping)):
        return ""
    said: list[str] = []
    for words, run in groupby(_describe(part) for part in parts if isinstance(part, Mapping)):
        text, is_medium = words
        times = len(list(run))
        if is_medium and times > 1:
            said.append(f"{times} {text.lower()}s" if text not in _UNCOUNTED else text)
        else:
            said.extend([text] * times)
    return " ".join(text for text in said if text)


def _describe(part: Mapping[str, object]) -> tuple[str, bool]:
    """How a part reads in a preview, and whether that is a word for a medium rather than its own text."""
    match part:
        case {"type": "text" | "link", "value": str(value)}:
            return " ".join(value.split()), False
        case {"type": "media", "sticker": True}:
            return "Sticker", True
        case {"type": "media"}:
            kind = str(part.get("mime_type") or "").partition("/")[0]
            return {"image": "Photo", "video": "Video", "audio": "Audio"}.get(kind, "Attachment"), True
        case {"type": "imessage_app", "fallback_text": str(text)} if text:
            return text, False
        case {"type": "imessage_app", "layout": {"caption": str(caption)}} if caption:
            return caption, False
        case {"type": "imessage_app"}:
            return "App card", True
        case {"type": "app_clip", "title": str(title)} if title:
            return title, False
        case {"type": "app_clip", "value": str(value)}:
            return value, False
    return "", False


def _check_body(
    message: Mapping[str, object], *, opens_chat: bool, is_group: bool | None, participants: Collection[str] | None
) -> Iterator[Violation]:
    parts, experience = message.get("parts"), message.get("experience")
    if experience is not None:
        if parts is not None:
            yield Violation(Code.STRUCTURE, "A message has either parts or an experience, not both.", field="parts")
        yield from check_experience(experience, is_group=is_group)
        return
    if parts is None:
        yield Violation(Code.MISSING, "The message has no parts.", field="parts")
        return
    if not isinstance(parts, list) or not parts:
        yield Violation(Code.STRUCTURE, "The parts must be a list with at least one part.", field="parts")
        return
    if len(parts) > MAX_PARTS:
        wrong = f"A message may have at most {MAX_PARTS} parts, and this one has {len(parts):,}."
        yield Violation(Code.VALUE, wrong, field="parts")
        parts = parts[:MAX_PARTS]
    before: object = None
    for index, part in enumerate(parts):
        place = Place(index)
        if not isinstance(part, Mapping):
            yield place.wrong(Code.STRUCTURE, "a part must be an object.")
            before = None
            continue
        kind = part.get("type")
        if kind is None:
            yield place.wrong(Code.MISSING, "the type is missing.", "type")
        elif kind not in PART_TYPES:
            yield place.wrong(Code.VALUE, f"the type must be one of {', '.join(PART_TYPES)}.", "type")
        elif kind in ALONE and len(parts) > 1:
            yield place.wrong(Code.STRUCTURE, f"{ALONE[str(kind)]} must be the only part.")
        elif kind == "text" and before == "text":
            yield place.wrong(Code.STRUCTURE, "two texts may not follow each other; join them into one.")
        before = kind
        yield from _check_part(part, place, is_group=is_group, participants=participants)
        if opens_chat and _holds_link(part):
            wrong = "the first message of a chat may not hold a link."
            yield place.wrong(Code.VALUE, wrong, "value")
    fetched = sum(_is_fetched(part) for part in parts)
    if fetched > MAX_URL_MEDIA_PARTS:
        wrong = f"At most {MAX_URL_MEDIA_PARTS} files may be given by URL, and this message has {fetched}."
        yield Violation(Code.VALUE, wrong, field="parts")


def _check_part(
    part: Mapping[str, object], place: Place, *, is_group: bool | None, participants: Collection[str] | None
) -> Iterator[Violation]:
    match part.get("type"):
        case "text":
            return check_text(part, place, is_group=is_group, participants=participants)
        case "media":
            return _check_media(part, place)
        case "link":
            return check_link(part, place)
        case "imessage_app":
            return check_app_card(part, place)
        case "app_clip":
            return check_app_clip(part, place)
    return iter(())


def _check_media(part: Mapping[str, object], place: Place) -> Iterator[Violation]:
    url, attachment = part.get("url"), part.get("attachment_id")
    if url is None and attachment is None:
        yield place.wrong(Code.MISSING, "a file needs a URL or an attachment.")
    elif url is not None and attachment is not None:
        yield place.wrong(Code.STRUCTURE, "a file needs either a URL or an attachment, not both.")
    if url is not None:
        if not isinstance(url, str) or not url.startswith("https://") or not is_url(url, "https"):
            yield place.wrong(Code.VALUE, "the file's URL must begin with https://.", "url")
        elif _extension(urlsplit(url).path) in REFUSED_EXTENSIONS:
            yield place.wrong(Code.FILE_TYPE, "files of this type cannot be sent.", "url")
    if attachment is not None and not _is_uuid(attachment):
        yield place.wrong(Code.VALUE, "the attachment must be named by its id.", "attachment_id")
    if not isinstance(part.get("sticker"), bool | None):
        yield place.wrong(Code.VALUE, "whether it is a sticker must be true or false.", "sticker")


def _check_service(message: Mapping[str, object]) -> Iterator[Violation]:
    service, parts = message.get("preferred_service"), message.get("parts")
    if service is None:
        return
    if not isinstance(service, str) or service not in SERVICES:
        wrong = "The preferred service must be iMessage, RCS or SMS."
        yield Violation(Code.VALUE, wrong, field="preferred_service")
    elif service != "iMessage":
        kinds = {str(part.get("type")) for part in parts if isinstance(part, Mapping)} if type(parts) is list else set()
        if "imessage_app" in kinds or message.get("experience") is not None:
            wrong = f"An app card cannot be sent by {service}."
            yield Violation(Code.APP_CARD_SERVICE, wrong, field="preferred_service")
        if "app_clip" in kinds:
            wrong = f"An App Clip cannot be sent by {service}."
            yield Violation(Code.APP_CLIP_SERVICE, wrong, field="preferred_service")


def _check_effect(effect: object, *, opens_chat: bool) -> Iterator[Violation]:
    if effect is None:
        return
    if opens_chat:
        yield Violation(Code.VALUE, "The first message of a chat may not have an effect.", field="effect")
    if not isinstance(effect, Mapping):
        yield Violation(Code.VALUE, "The effect must be an object with a name and a type.", field="effect")
        return
    name, kind = effect.get("name"), effect.get("type")
    if name is None:
        yield Violation(Code.MISSING, "The effect has no name.", field="effect.name")
    elif not isinstance(name, str) or not name:
        yield Violation(Code.VALUE, "The effect's name must be a string that is not empty.", field="effect.name")
    if kind is None:
        yield Violation(Code.MISSING, "The effect has no type.", field="effect.type")
    elif kind not in ("screen", "bubble"):
        yield Violation(Code.VALUE, "The effect's type must be screen or bubble.", field="effect.type")
    # The remote calls its names "common values", so an unknown one is not refused; a known one in the wrong
    # place is certainly a mistake.
    elif (kind == "screen" and name in BUBBLE_EFFECTS) or (kind == "bubble" and name in SCREEN_EFFECTS):
        other = "bubble" if kind == "screen" else "screen"
        yield Violation(Code.VALUE, f"The effect {name} is a {other} effect.", field="effect.type")


def _check_reply(reply: object, *, opens_chat: bool) -> Iterator[Violation]:
    if reply is None:
        return
    if opens_chat:
        yield Violation(Code.VALUE, "The first message of a chat cannot be a reply.", field="reply_to")
    if not isinstance(reply, Mapping):
        yield Violation(Code.VALUE, "The reply must be an object that names a message.", field="reply_to")
        return
    if reply.get("message_id") is None:
        wrong = "The reply does not say which message it answers."
        yield Violation(Code.MISSING, wrong, field="reply_to.message_id")
    elif not _is_uuid(reply["message_id"]):
        wrong = "The message that is replied to must be named by its id."
        yield Violation(Code.VALUE, wrong, field="reply_to.message_id")
    index = reply.get("part_index")
    if index is not None and (type(index) is not int or index < 0):
        wrong = "The part that is replied to must be a whole number from 0."
        yield Violation(Code.VALUE, wrong, field="reply_to.part_index")


def _check_key(key: object) -> Iterator[Violation]:
    if key is not None and (not isinstance(key, str) or not 1 <= len(key) <= MAX_IDEMPOTENCY_KEY_LENGTH):
        wrong = f"The idempotency key must have between 1 and {MAX_IDEMPOTENCY_KEY_LENGTH} characters."
        yield Violation(Code.VALUE, wrong, field="idempotency_key")


def _holds_link(part: Mapping[str, object]) -> bool:
    value = part.get("value")
    if part.get("type") == "link":
        return True
    return part.get("type") == "text" and isinstance(value, str) and has_link(value[:MAX_TEXT_LENGTH])


def _is_fetched(part: object) -> bool:
    if not isinstance(part, Mapping) or part.get("type") != "media":
        return False
    url = part.get("url")
    return isinstance(url, str) and not url.startswith(STORAGE_PREFIX)


def _is_uuid(value: object) -> bool:
    return isinstance(value, str) and _UUID.fullmatch(value) is not None


def _extension(path: str) -> str:
    name, dot, extension = path.rpartition("/")[2].rpartition(".")
    return extension.lower() if dot else ""
