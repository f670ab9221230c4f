"""Voice memos."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from linq import LinqAPIV3

from tests.sandbox.conftest import LINES, open_chat, refused
from tests.sandbox.receiver import Receiver
from tests.sandbox.uploads import PNG, announce, upload
from tests.sandbox_server import SandboxServer

MAIL = "ana@example.com"


def memo(server: SandboxServer, chat: str, **body: Any) -> Any:
    return server.api("POST", f"chats/{chat}/voicememo", body)


def test_a_memo_is_accepted_and_delivered_like_a_message(
    sandbox: SandboxServer, sdk: LinqAPIV3, receiver: Receiver, subscribe: Callable[..., Any]
) -> None:
    subscribe("message.sent", "message.delivered")
    slot = upload(sandbox, "hello.m4a", "audio/x-m4a", b"la la la")
    chat = open_chat(sandbox, MAIL)["id"]
    answer = sdk.chats.send_voicememo(chat, attachment_id=slot["attachment_id"]).voice_memo
    assert (answer.from_, answer.to, answer.status) == (LINES[0], [MAIL], "pending")
    assert (answer.chat.id, answer.chat.is_active, answer.chat.is_group) == (chat, True, False)
    assert answer.chat.service == "iMessage"
    assert answer.voice_memo.to_dict() == {
        "id": slot["attachment_id"],
        "filename": "hello.m4a",
        "mime_type": "audio/x-m4a",
        "size_bytes": 8,
        "url": slot["download_url"],
        "duration_ms": None,
    }
    for kind in ("message.sent", "message.delivered"):
        data = receiver.wait(kind, lambda data: data["id"] == answer.id).data
        assert [part["filename"] for part in data["parts"]] == ["hello.m4a"]
    whole = sdk.messages.retrieve(answer.id)
    assert whole.parts is not None
    assert whole.parts[0].type == "media"


@pytest.mark.parametrize(
    ("name", "mime_type"),
    [
        ("a.mp3", "audio/mpeg"),
        ("a.m4a", "audio/x-m4a"),
        ("a.aac", "audio/aac"),
        ("a.caf", "audio/x-caf"),
        ("a.wav", "audio/x-wav"),
        ("a.aiff", "audio/x-aiff"),
        ("a.amr", "audio/amr"),
        ("a", "audio/x-m4a"),
    ],
)
def test_every_format_is_taken_by_address(sandbox: SandboxServer, name: str, mime_type: str) -> None:
    chat = open_chat(sandbox, MAIL)["id"]
    answer = memo(sandbox, chat, voice_memo_url=f"https://files.example.com/{name}")
    assert answer.status_code == 202
    assert answer.json()["voice_memo"]["voice_memo"]["mime_type"] == mime_type


def test_a_bad_memo_is_refused(sandbox: SandboxServer) -> None:
    chat = open_chat(sandbox, MAIL)["id"]
    picture = upload(sandbox, "a.png", "image/png", PNG)["attachment_id"]
    url = "https://files.example.com/a.m4a"
    refused(memo(sandbox, chat), 400, 1001)
    refused(memo(sandbox, chat, voice_memo_url=url, attachment_id=picture), 400, 1004)
    refused(memo(sandbox, chat, voice_memo_url="http://files.example.com/a.m4a"), 400, 1005)
    refused(memo(sandbox, chat, voice_memo_url=5), 400, 1005)
    refused(memo(sandbox, chat, attachment_id=5), 400, 1003)
    refused(memo(sandbox, chat, attachment_id="nonsense"), 400, 1005)
    refused(memo(sandbox, chat, voice_memo_url=url, override_optout="yes"), 400, 1003)
    refused(memo(sandbox, chat, attachment_id=picture), 400, 5004)
    refused(memo(sandbox, chat, voice_memo_url="https://files.example.com/a.pdf"), 400, 5004)
    refused(memo(sandbox, chat, voice_memo_url="https://files.example.com/a.ogg"), 400, 5004)
    refused(memo(sandbox, chat, attachment_id=str(uuid.uuid4())), 404, 2003)
    pending = announce(sandbox, "a.m4a", "audio/x-m4a", 5)["attachment_id"]
    refused(memo(sandbox, chat, attachment_id=pending), 404, 2007)
    refused(memo(sandbox, str(uuid.uuid4()), voice_memo_url=url), 404, 2001)
    assert len(sandbox.control(f"chats/{chat}")["messages"]) == 1


def test_a_memo_over_ten_megabytes_is_too_large(sandbox: SandboxServer) -> None:
    chat = open_chat(sandbox, MAIL)["id"]
    most = 10 * 1024 * 1024
    fits = upload(sandbox, "a.wav", "audio/x-wav", bytes(most))["attachment_id"]
    assert memo(sandbox, chat, attachment_id=fits).status_code == 202
    larger = upload(sandbox, "a.wav", "audio/x-wav", bytes(most + 1))["attachment_id"]
    error = refused(memo(sandbox, chat, attachment_id=larger), 413, 5001)
    assert error["message"] == "Voice memo file too large - maximum size is 10MB"


def test_whoever_opted_out_hears_no_memo(sandbox: SandboxServer) -> None:
    chat = open_chat(sandbox, MAIL)["id"]
    sandbox.say(MAIL, "STOP", chat_id=chat)
    url = "https://files.example.com/a.m4a"
    refused(memo(sandbox, chat, voice_memo_url=url), 403, 2024)
    assert memo(sandbox, chat, voice_memo_url=url, override_optout=True).status_code == 202


def test_a_group_and_an_sms_person_get_it_as_an_ordinary_file(demo: SandboxServer) -> None:
    person = next(each["handle"] for each in demo.people() if each["service"] == "SMS")
    url = "https://files.example.com/a.m4a"
    direct = memo(demo, open_chat(demo, person)["id"], voice_memo_url=url).json()["voice_memo"]
    assert direct["chat"]["service"] == "SMS"
    group = memo(demo, open_chat(demo, MAIL, "ben@example.com")["id"], voice_memo_url=url).json()["voice_memo"]
    assert (group["chat"]["is_group"], group["to"]) == (True, [MAIL, "ben@example.com"])
