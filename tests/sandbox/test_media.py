"""Files in messages: by attachment, by address, as inline stickers."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from linq import LinqAPIV3

from tests.sandbox.conftest import open_chat, refused
from tests.sandbox.receiver import Receiver
from tests.sandbox.uploads import PNG, announce, upload
from tests.sandbox_server import SandboxServer

MAIL = "ana@example.com"


def send(server: SandboxServer, chat: str, *parts: dict[str, Any]) -> Any:
    return server.api("POST", f"chats/{chat}/messages", {"message": {"parts": list(parts)}})


def test_an_uploaded_file_is_sent_by_its_id(
    sandbox: SandboxServer, sdk: LinqAPIV3, receiver: Receiver, subscribe: Callable[..., Any]
) -> None:
    subscribe("message.sent")
    slot = upload(sandbox, "a.png", "image/png", PNG)
    chat = open_chat(sandbox, MAIL)["id"]
    answer = sdk.chats.messages.send(
        chat, message={"parts": [{"type": "media", "attachment_id": slot["attachment_id"]}]}
    )
    part = {
        "type": "media",
        "id": slot["attachment_id"],
        "filename": "a.png",
        "mime_type": "image/png",
        "size_bytes": len(PNG),
        "url": slot["download_url"],
    }
    assert answer.message.parts[0].to_dict() == part | {"reactions": None}
    assert sandbox.api("GET", f"messages/{answer.message.id}").json()["parts"] == [part | {"reactions": None}]
    told = receiver.wait("message.sent", lambda data: data["id"] == answer.message.id).data
    assert told["parts"] == [part]


def test_the_older_version_has_the_same_parts(
    sandbox: SandboxServer, receiver: Receiver, subscribe: Callable[..., Any]
) -> None:
    subscribe("message.sent", version="2025-01-01")
    slot = upload(sandbox, "a.png", "image/png", PNG)
    open_chat(sandbox, MAIL, message={"parts": [{"type": "media", "attachment_id": slot["attachment_id"]}]})
    part = receiver.wait("message.sent").data["message"]["parts"][0]
    assert (part["id"], part["url"]) == (slot["attachment_id"], slot["download_url"])


def test_our_own_download_address_names_the_same_file(sandbox: SandboxServer) -> None:
    slot = upload(sandbox, "a.png", "image/png", PNG)
    chat = open_chat(sandbox, MAIL)["id"]
    part = send(sandbox, chat, {"type": "media", "url": slot["download_url"]}).json()["message"]["parts"][0]
    assert (part["id"], part["size_bytes"]) == (slot["attachment_id"], len(PNG))
    # Forty files may be given by address; our own storage does not count.
    fill = [{"type": "media", "url": f"https://files.example.com/{number}.jpg"} for number in range(40)]
    assert send(sandbox, chat, {"type": "media", "url": slot["download_url"]}, *fill).status_code == 202
    other = {"type": "media", "url": "https://files.example.com/more.jpg"}
    refused(send(sandbox, chat, other, *fill), 400, 1005)


@pytest.mark.parametrize(
    ("url", "filename", "mime_type"),
    [
        ("https://files.example.com/a%20b.jpg?size=2", "a b.jpg", "image/jpeg"),
        ("https://files.example.com/talk.m4a", "talk.m4a", "audio/x-m4a"),
        ("https://files.example.com/deck.key", "deck.key", "application/x-iwork-keynote-sffkey"),
        ("https://files.example.com/photo.php", "photo.php", "application/octet-stream"),
        ("https://files.example.com/a%00b%ff.pdf", "ab\ufffd.pdf", "application/pdf"),
        ("https://files.example.com/", "file", "application/octet-stream"),
    ],
)
def test_a_file_elsewhere_is_taken_at_its_word(sandbox: SandboxServer, url: str, filename: str, mime_type: str) -> None:
    chat = open_chat(sandbox, MAIL)["id"]
    part = send(sandbox, chat, {"type": "media", "url": url}).json()["message"]["parts"][0]
    assert (part["filename"], part["mime_type"], part["url"]) == (filename, mime_type, url)


@pytest.mark.parametrize("name", ["a.flac", "a.ogg", "a.exe", "a.py", "a.ttf"])
def test_a_name_of_an_unsupported_type_is_refused(sandbox: SandboxServer, name: str) -> None:
    chat = open_chat(sandbox, MAIL)["id"]
    refused(send(sandbox, chat, {"type": "media", "url": f"https://files.example.com/{name}"}), 400, 5004)


def test_a_file_that_is_not_there_is_refused(sandbox: SandboxServer) -> None:
    chat = open_chat(sandbox, MAIL)["id"]
    pending = announce(sandbox, "a.png", "image/png", len(PNG))["attachment_id"]
    refused(send(sandbox, chat, {"type": "media", "attachment_id": pending}), 404, 2007)
    refused(send(sandbox, chat, {"type": "media", "attachment_id": str(uuid.uuid4())}), 404, 2003)
    refused(send(sandbox, chat, {"type": "media", "attachment_id": "nonsense"}), 400, 1005)
    refused(send(sandbox, chat, {"type": "media"}), 400, 1001)
    both = {"type": "media", "attachment_id": pending, "url": "https://files.example.com/a.jpg"}
    refused(send(sandbox, chat, both), 400, 1004)
    refused(send(sandbox, chat, {"type": "media", "url": "http://files.example.com/a.jpg"}), 400, 1005)
    assert len(sandbox.control(f"chats/{chat}")["messages"]) == 1


def test_a_new_chat_may_begin_with_a_file_and_is_not_made_without_it(sandbox: SandboxServer) -> None:
    slot = upload(sandbox, "a.png", "image/png", PNG)
    media = {"parts": [{"type": "media", "attachment_id": slot["attachment_id"]}]}
    assert open_chat(sandbox, MAIL, message=media)["message"]["parts"][0]["filename"] == "a.png"
    body = {"to": ["ben@example.com"], "message": {"parts": [{"type": "media", "attachment_id": str(uuid.uuid4())}]}}
    refused(sandbox.api("POST", "messages", body), 404, 2003)
    assert sandbox.api("GET", "chats", params={"to": "ben@example.com"}).json()["chats"] == []


def test_an_inline_sticker_shows_an_uploaded_picture(sandbox: SandboxServer, sdk: LinqAPIV3) -> None:
    slot = upload(sandbox, "a.png", "image/png", PNG)
    chat = open_chat(sandbox, MAIL)["id"]

    def part(**sticker: Any) -> dict[str, Any]:
        return {"type": "text", "value": "Hi :-)", "inline_stickers": [{"range": [3, 6], **sticker}]}

    expected = {
        "range": [3, 6],
        "id": slot["attachment_id"],
        "file_name": "a.png",
        "mime_type": "image/png",
        "url": slot["download_url"],
    }
    for sticker in ({"attachment_id": slot["attachment_id"]}, {"url": slot["download_url"]}):
        sent = send(sandbox, chat, part(**sticker)).json()["message"]
        assert sent["parts"][0]["inline_stickers"] == [expected]
        sdk.messages.retrieve(sent["id"])
    refused(send(sandbox, chat, part(url="https://files.example.com/a.png")), 400, 1005)
    refused(send(sandbox, chat, part(attachment_id="nonsense")), 400, 1005)
    refused(send(sandbox, chat, part(attachment_id=str(uuid.uuid4()))), 404, 2003)
    song = upload(sandbox, "a.mp3", "audio/mpeg", b"la la")["attachment_id"]
    refused(send(sandbox, chat, part(attachment_id=song)), 400, 5004)
