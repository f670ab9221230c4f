"""The parts of a request as they are kept and answered."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote, urlsplit
from uuid import UUID

from chats.v3.card_rules import is_url
from sandbox import fetching, file_types, files, ids
from sandbox.api.errors import ApiError


def with_own_files_named(message: Mapping[str, Any]) -> Mapping[str, Any]:
    """The message with our own download addresses in media parts replaced by the ids of the attachments.

    The remote's storage is https, so a download address of it passes the rule for addresses; ours is plain http.
    """
    given = message.get("parts")
    if not isinstance(given, list) or not any(_own_file(part) for part in given):
        return message
    return {**message, "parts": [_named(part) for part in given]}


def _named(part: Any) -> Any:
    found = _own_file(part)
    if found is None:
        return part
    return _as_attachment(part, str(found))


def _as_attachment(part: Mapping[str, Any], attachment_id: str) -> dict[str, Any]:
    return {**{key: value for key, value in part.items() if key != "url"}, "attachment_id": attachment_id}


def _own_file(part: Any) -> UUID | None:
    if not isinstance(part, dict) or part.get("type") != "media" or part.get("attachment_id") is not None:
        return None
    url = part.get("url")
    return files.identifier_in(url) if isinstance(url, str) else None


def has_files_to_fetch(message: object) -> bool:
    """Whether a message, of any form, names a file that would be fetched."""
    given = message.get("parts") if isinstance(message, dict) else None
    return isinstance(given, list) and any(_is_to_be_fetched(part) for part in given)


def with_files_fetched(message: Mapping[str, Any]) -> Mapping[str, Any]:
    """The message with the files that would be fetched named as attachments, which they are now. Raises `ApiError`."""
    given = [
        _as_attachment(part, media(url=part["url"], attachment_id=None)["id"]) if _is_to_be_fetched(part) else part
        for part in message["parts"]
    ]
    return {**message, "parts": given}


def _is_to_be_fetched(part: Any) -> bool:
    if not isinstance(part, dict) or part.get("type") != "media" or part.get("attachment_id") is not None:
        return False
    url = part.get("url")
    return is_url(url, "https") and fetching.is_near(str(url))


def stored(message: Mapping[str, Any], line_number: str) -> list[dict[str, Any]]:
    """The parts of a checked message in the form the API answers with, without reactions.

    Raises `ApiError`: 2011 for what this account does not have, 2003 and 2007 for attachments.
    """
    if message.get("experience") is not None:
        raise ApiError(2011, "Experiences are not available for this account")
    return [_stored(part, line_number) for part in message["parts"]]


def _stored(part: Mapping[str, Any], line_number: str) -> dict[str, Any]:
    kind = part["type"]
    if kind == "text":
        return _text(part, line_number)
    if kind == "media":
        return media(url=part.get("url"), attachment_id=part.get("attachment_id"))
    if kind == "link":
        return {"type": "link", "value": part["value"]}
    raise ApiError(2011, f"Parts of the type {kind} are not available for this account")


def _text(part: Mapping[str, Any], line_number: str) -> dict[str, Any]:
    value = part["value"]
    mention = part.get("mention")
    span = part.get("mention_range") or ([0, len(value.encode("utf-16-le")) // 2] if mention else None)
    stickers = [_inline_sticker(each) for each in part.get("inline_stickers") or []]
    return {
        "type": "text",
        "value": value,
        "text_decorations": _decorations(part),
        "inline_stickers": stickers or None,
        "mentions": [{"handle": mention, "is_me": mention == line_number, "range": span}] if mention else None,
        "mention": mention,
        "mention_range": span,
    }


def _decorations(part: Mapping[str, Any]) -> list[dict[str, Any]] | None:
    """The decorations without anything that is no part of one."""
    given = part.get("text_decorations")
    if given is None:
        return None
    return [
        {name: each[name] for name in ("range", "style", "animation") if each.get(name) is not None} for each in given
    ]


def _inline_sticker(given: Mapping[str, Any]) -> dict[str, Any]:
    row = files.complete(sticker_image(url=given.get("url"), attachment_id=given.get("attachment_id")))
    if not row.content_type.startswith("image/"):
        raise ApiError(5004, "A sticker must be an image")
    part = files.part_of(row)
    return {
        "range": given["range"],
        "id": part["id"],
        "file_name": part["filename"],
        "mime_type": part["mime_type"],
        "url": part["url"],
    }


def sticker_image(*, url: object, attachment_id: object) -> UUID:
    """Which attachment a sticker shows. Its address must be one of our own storage. Raises `ApiError`."""
    if url is not None:
        found = files.identifier_in(url) if isinstance(url, str) else None
        if found is None:
            raise ApiError(1005, "The address of a sticker must be the download_url of an attachment")
        return found
    try:
        return UUID(str(attachment_id))
    except ValueError:
        raise ApiError(1005, "attachment_id must be a valid UUID") from None


def media(*, url: str | None, attachment_id: str | None, too_large: ApiError | None = None) -> dict[str, Any]:
    """A media part of an attachment, or of a file somewhere else; `too_large` is for one above ten megabytes.

    Assumption (8.2): only a file on this machine is fetched, and kept as an attachment. Any other address is taken at
    its word, so that the sandbox works without a network: the type is what its name says, the size stays unknown (0).
    """
    if attachment_id is not None:
        return files.part_of(files.complete(UUID(attachment_id)))
    assert url is not None  # noqa: S101 - the rules ask for one of the two
    name = unquote(urlsplit(url).path.rsplit("/", 1)[-1]).replace("\x00", "") or "file"
    named = file_types.of(name)
    fetched = fetching.fetch(url, name, too_large or ApiError(5005, "A file given by URL may have at most 10 MB"))
    if fetched is not None:
        return files.part_of(files.take_in(name, fetched.content_type, fetched.content))
    return {
        "type": "media",
        "id": str(ids.new()),
        "filename": name,
        "mime_type": named or "application/octet-stream",
        "size_bytes": 0,
        "url": url,
    }
