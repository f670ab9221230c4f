"""Editing a message."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from linq import LinqAPIV3

from tests.sandbox.conftest import LINES, open_chat, refused
from tests.sandbox.receiver import Receiver
from tests.sandbox_server import SandboxServer, wait_for

MAIL = "ana@example.com"


def first_message(server: SandboxServer, **more: Any) -> str:
    return str(open_chat(server, MAIL, **more)["message"]["id"])


def edit(server: SandboxServer, message: str, **body: Any) -> Any:
    return server.api("PATCH", f"messages/{message}", body)


def test_an_edit_is_answered_and_told(
    sandbox: SandboxServer, sdk: LinqAPIV3, receiver: Receiver, subscribe: Callable[..., Any]
) -> None:
    subscribe("message.edited")
    chat = open_chat(sandbox, MAIL)
    answer = sdk.messages.update(chat["message"]["id"], text="Hello again")
    assert answer.parts is not None
    assert [part.to_dict()["value"] for part in answer.parts] == ["Hello again"]
    assert answer.updated_at > answer.created_at
    told = receiver.wait("message.edited")
    assert told.event["webhook_version"] == "2026-02-03"
    data = told.data
    assert set(data) == {"id", "chat", "direction", "sender_handle", "part", "edited_at"}
    assert (data["id"], data["direction"]) == (answer.id, "outbound")
    assert data["part"] == {"index": 0, "text": "Hello again"}
    assert (data["chat"]["id"], data["chat"]["is_group"]) == (chat["id"], False)
    assert data["chat"]["owner_handle"]["handle"] == data["sender_handle"]["handle"] == LINES[0]
    assert data["chat"]["health_status"]["status"] == "HEALTHY"
    whole = sandbox.api("GET", f"messages/{answer.id}").json()
    assert whole["parts"][0]["value"] == "Hello again"


def test_the_older_version_never_hears_of_an_edit(
    sandbox: SandboxServer, receiver: Receiver, subscribe: Callable[..., Any]
) -> None:
    subscribe("message.edited", "message.read", version="2025-01-01")
    message = first_message(sandbox)
    assert edit(sandbox, message, text="Hello again").status_code == 200
    receiver.wait("message.read", lambda data: data["message_id"] == message)
    assert receiver.of("message.edited") == []


def test_only_the_named_part_changes_and_loses_what_belonged_to_the_old_text(sandbox: SandboxServer) -> None:
    chat = open_chat(sandbox, MAIL)["id"]
    parts = [
        {"type": "text", "value": "Look", "text_decorations": [{"range": [0, 4], "style": "bold"}]},
        {"type": "media", "url": "https://files.example.com/a.jpg"},
        {"type": "text", "value": "Nice?"},
    ]
    sent = sandbox.api("POST", f"chats/{chat}/messages", {"message": {"parts": parts}}).json()["message"]
    refused(edit(sandbox, sent["id"], text="No", part_index=1), 400, 1004)
    refused(edit(sandbox, sent["id"], text="No", part_index=3), 400, 1005)
    assert edit(sandbox, sent["id"], text="Good?", part_index=2).status_code == 200
    answer = edit(sandbox, sent["id"], text="See").json()
    assert [part.get("value") for part in answer["parts"]] == ["See", None, "Good?"]
    assert answer["parts"][0]["text_decorations"] is None


def test_the_sixth_edit_is_refused(sandbox: SandboxServer) -> None:
    message = first_message(sandbox)
    for number in range(5):
        assert edit(sandbox, message, text=f"Number {number}").status_code == 200
    refused(edit(sandbox, message, text="Once too often"), 400, 1005)
    assert sandbox.api("GET", f"messages/{message}").json()["parts"][0]["value"] == "Number 4"


def test_an_edit_after_a_quarter_of_an_hour_is_refused(sandbox: SandboxServer) -> None:
    message = first_message(sandbox)
    wait_for(lambda: sandbox.api("GET", f"messages/{message}").json()["sent_at"], what="sent")
    sandbox.control("clock", {"advance_seconds": 14 * 60})
    assert edit(sandbox, message, text="In time").status_code == 200
    sandbox.control("clock", {"advance_seconds": 2 * 60})
    refused(edit(sandbox, message, text="Too late"), 400, 1005)


def test_only_our_own_messages_are_edited(sandbox: SandboxServer) -> None:
    heard = sandbox.say(MAIL, "Hello", line=LINES[0])["message"]["id"]
    refused(edit(sandbox, heard, text="Not mine"), 403, 2005)


def test_only_an_imessage_is_edited(demo: SandboxServer) -> None:
    person = next(each["handle"] for each in demo.people() if each["service"] == "SMS")
    message = open_chat(demo, person)["message"]["id"]
    refused(edit(demo, message, text="Green"), 400, 1005)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, 1001),
        ({"text": 5}, 1003),
        ({"text": ""}, 1005),
        ({"text": "x" * 10_001}, 1005),
        ({"text": "a\x00b"}, 1005),
        ({"text": "x", "part_index": -1}, 1005),
        ({"text": "x", "part_index": "0"}, 1005),
    ],
)
def test_a_bad_edit_is_refused(sandbox: SandboxServer, body: dict[str, Any], code: int) -> None:
    message = first_message(sandbox)
    refused(edit(sandbox, message, **body), 400, code)
    assert sandbox.api("GET", f"messages/{message}").json()["parts"][0]["value"] == "Hello there"


def test_what_is_not_there_is_not_edited(sandbox: SandboxServer) -> None:
    refused(edit(sandbox, str(uuid.uuid4()), text="x"), 404, 2002)
    refused(edit(sandbox, "nonsense", text="x"), 400, 1005)
    message = first_message(sandbox)
    assert sandbox.api("DELETE", f"messages/{message}").status_code == 204
    refused(edit(sandbox, message, text="x"), 409, 2015)


def test_ten_edits_at_once_are_five(sandbox: SandboxServer) -> None:
    message = first_message(sandbox)
    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(lambda number: edit(sandbox, message, text=f"Number {number}"), range(10)))
    assert sorted(answer.status_code for answer in answers) == [200] * 5 + [400] * 5
