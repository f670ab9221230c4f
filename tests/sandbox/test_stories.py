"""One story per family, from its beginning to its end, with the time moved by hand and every event in its place."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import requests

from tests.sandbox.conftest import LINES, open_chat, refused, text
from tests.sandbox.receiver import Receiver
from tests.sandbox.test_clock import advance, events, stopped
from tests.sandbox.uploads import PNG, upload
from tests.sandbox_server import SandboxServer

A, B, C, D = (f"{name}@example.com" for name in ("ann", "bob", "cem", "dot"))
Subscribe = Callable[..., Any]


@pytest.fixture
def still(sandbox: SandboxServer) -> SandboxServer:
    """A world that stands still, with people who do only what they are told."""
    stopped(sandbox)
    quiet = {"replies": 0, "reads": 0, "reacts": 0, "renames": 0, "leaves": 0, "polls": 0, "opts_out": 0, "reports": 0}
    sandbox.control("habits", quiet)
    return sandbox


def told(server: SandboxServer, *kinds: str) -> list[dict[str, Any]]:
    """The data of the events of these kinds, in order."""
    return [each["data"] for each in events(server) if each["event_type"] in kinds]


def members(server: SandboxServer, chat: str) -> dict[str, str]:
    return {each["handle"]: each["status"] for each in server.api("GET", f"chats/{chat}").json()["handles"]}


def say(server: SandboxServer, chat: str, words: str) -> requests.Response:
    return server.api("POST", f"chats/{chat}/messages", {"message": text(words)})


def test_a_groups_whole_life(still: SandboxServer) -> None:
    line = LINES[0]
    chat = open_chat(still, A, B, C)["id"]
    assert still.api("GET", f"chats/{chat}").json()["display_name"] == f"{A}, {B}, {C}"
    assert open_chat(still, C, B, A)["id"] == chat  # the same people are the same chat
    advance(still, 10)

    # It is given a name, by us and then by one of them; a named one is not found again by its people.
    assert still.api("PUT", f"chats/{chat}", {"display_name": "Crew"}).json() == {"chat_id": chat, "status": "pending"}
    advance(still, 2)
    still.control(f"people/{B}/rename_group", {"chat_id": chat, "name": "The crew"})
    still.control(f"people/{B}/change_icon", {"chat_id": chat, "url": "https://images.example.com/crew.png"})
    renamed = told(still, "chat.group_name_updated")
    assert [(each["old_value"], each["new_value"], each["changed_by_handle"]["handle"]) for each in renamed] == [
        (None, "Crew", line),
        ("Crew", "The crew", B),
    ]
    assert told(still, "chat.group_icon_updated")[0]["changed_by_handle"]["handle"] == B
    assert open_chat(still, A, B, C)["id"] != chat

    # People come and go; the chat stays the same one.
    assert still.api("POST", f"chats/{chat}/participants", {"handle": D}).status_code == 202
    assert still.api("DELETE", f"chats/{chat}/participants", {"handle": A}).status_code == 202
    advance(still, 2)
    assert members(still, chat) == {line: "active", A: "removed", B: "active", C: "active", D: "active"}
    still.control(f"people/{B}/leave", {"chat_id": chat})
    assert members(still, chat)[B] == "left"
    refused(still.api("DELETE", f"chats/{chat}/participants", {"handle": C}), 409, 2015)  # three must remain
    refused(still.api("POST", f"chats/{chat}/leave"), 409, 2015)

    # We leave when enough of them stay, and hear and do no more, until somebody adds us again.
    still.control(f"people/{C}/add", {"chat_id": chat, "handle": A})
    assert still.api("POST", f"chats/{chat}/leave").status_code == 202
    advance(still, 2)
    assert members(still, chat)[line] == "left"
    for answer in (
        say(still, chat, "Still here?"),
        still.api("POST", f"chats/{chat}/typing"),
        still.api("PUT", f"chats/{chat}", {"display_name": "Mine"}),
        still.api("POST", f"chats/{chat}/participants", {"handle": B}),
        still.control_answer(f"people/{C}/say", {"chat_id": chat, "text": "They are gone"}),
    ):
        refused(answer, 409, 2013)
    assert still.api("GET", f"chats/{chat}/messages").status_code == 200
    still.control(f"people/{C}/add", {"chat_id": chat, "handle": line})
    assert say(still, chat, "Back again").status_code == 202
    changes = [(each["participant"]["handle"], "added_at" in each) for each in told(
        still, "participant.added", "participant.removed"
    )]  # fmt: skip
    assert changes[:2] in ([(D, True), (A, False)], [(A, False), (D, True)])
    assert changes[2:] == [(B, False), (A, True), (line, False), (line, True)]
    refused(still.control_answer(f"people/{C}/add", {"chat_id": chat, "handle": line}), 409, 2015)


def test_an_opt_out_and_its_end(still: SandboxServer) -> None:
    chat, elsewhere = open_chat(still, A)["id"], open_chat(still, A, line=LINES[1])["id"]
    group = open_chat(still, A, B)["id"]
    advance(still, 10)
    still.control(f"people/{A}/opt_out", {"chat_id": chat})
    advance(still, 10)
    assert still.api("GET", f"chats/{chat}").json()["health_status"]["status"] == "OPTED_OUT"
    assert still.api("GET", f"chats/{elsewhere}").json()["health_status"]["status"] == "HEALTHY"
    before = still.stats()["accepted"]["total"]
    for each in (chat, elsewhere):
        refused(say(still, each, "One more thing"), 403, 2024)
    refused(still.api("POST", "messages", {"to": [A], "message": text("Hi")}), 403, 2024)
    assert still.stats()["accepted"]["total"] == before
    assert say(still, group, "To everybody").status_code == 202  # a group is never held back

    # One farewell may be sent all the same; it ends nothing.
    farewell = {"message": text("You are off the list."), "override_optout": True}
    assert still.api("POST", f"chats/{chat}/messages", farewell).status_code == 202
    assert [each["handle"] for each in still.control("optout_overrides")["overrides"]] == [A]
    refused(say(still, chat, "And one more"), 403, 2024)

    # Another keyword ends nothing either; any other words do, wherever they are said.
    still.say(A, "STOP", chat_id=chat)
    refused(say(still, chat, "Hello?"), 403, 2024)
    still.say(A, "Sorry, wrong chat", chat_id=group)
    for each in (chat, elsewhere):
        assert say(still, each, "Welcome back").status_code == 202
    assert not [each for each in events(still) if "opt" in each["event_type"]]


def test_an_upload_and_a_voice_memo(still: SandboxServer) -> None:
    picture = upload(still, "plan.png", "image/png", PNG)
    memo = upload(still, "hello.m4a", "audio/x-m4a", b"la la la")
    chat = open_chat(still, A)["id"]
    media = {"parts": [{"type": "media", "attachment_id": picture["attachment_id"]}]}
    sent = still.api("POST", f"chats/{chat}/messages", {"message": media}).json()["message"]
    body = {"attachment_id": memo["attachment_id"]}
    spoken = still.api("POST", f"chats/{chat}/voicememo", body).json()["voice_memo"]
    advance(still, 10)
    delivered = {each["id"]: each["parts"] for each in told(still, "message.delivered")}
    assert delivered[sent["id"]][0]["url"] == picture["download_url"]
    assert delivered[spoken["id"]][0]["mime_type"] == "audio/x-m4a"
    assert requests.get(delivered[spoken["id"]][0]["url"], timeout=10).content == b"la la la"

    # The person answers with a file of their own; then ours is deleted, and the message stays without it.
    theirs = {"type": "media", "attachment_id": upload(still, "b.png", "image/png", PNG)["attachment_id"]}
    still.control(f"people/{A}/say", {"chat_id": chat, "parts": [theirs]})
    assert told(still, "message.received")[-1]["parts"][0]["filename"] == "b.png"
    assert still.api("DELETE", f"attachments/{picture['attachment_id']}").status_code == 204
    assert requests.get(picture["download_url"], timeout=10).status_code == 404
    part = still.api("GET", f"messages/{sent['id']}").json()["parts"][0]
    assert (part["id"], part["url"], part["filename"]) == ("", "", "plan.png")
    refused(still.api("POST", f"chats/{chat}/messages", {"message": media}), 404, 2003)


def test_a_flagged_line_and_failover(still: SandboxServer, receiver: Receiver, subscribe: Subscribe) -> None:
    subscribe("phone_number.status_updated")
    first = still.api("POST", "messages", {"to": [A], "message": text("Hello")}).json()
    flagged = first["from"]
    still.control(f"lines/{flagged}/flag", {"seconds": 3600})
    refused(say(still, first["chat_id"], "Are you there?"), 403, 2027)
    body = {"to": [A], "message": text("As I said"), "continuation_message": {"text": "It is us, from another number"}}
    moved = still.api("POST", "messages", body).json()
    assert moved["from"] != flagged
    assert (moved["from_selection"]["reason"], moved["previous_chat_id"]) == ("failover_flagged", first["chat_id"])
    assert moved["message"]["parts"][0]["value"] == "It is us, from another number"

    # The new chat is the one that is used from now on, also when the flag is over.
    advance(still, 3700)
    again = still.api("POST", "messages", {"to": [A], "message": text("And so on")}).json()
    assert (again["chat_id"], again["from_selection"]["reason"]) == (moved["chat_id"], "reused_active_chat")
    assert say(still, first["chat_id"], "We are back here too").status_code == 202
    changes = [(each["previous_status"], each["new_status"]) for each in told(still, "phone_number.status_updated")]
    assert changes == [("ACTIVE", "FLAGGED"), ("FLAGGED", "ACTIVE")]
    assert [each.data["new_status"] for each in receiver.got] == ["FLAGGED", "ACTIVE"]


def test_a_renamed_group_is_refused(still: SandboxServer) -> None:
    """A group with somebody on SMS in it takes a new name, and answers later that it has none."""
    texter = next(
        handle for number in range(100, 200) if open_chat(still, handle := f"+13055556{number}")["service"] == "SMS"
    )
    chat = open_chat(still, A, texter)["id"]
    names = still.api("GET", f"chats/{chat}").json()["display_name"]
    answer = still.api("PUT", f"chats/{chat}", {"display_name": "Crew"})
    assert (answer.status_code, answer.json()["status"]) == (200, "pending")
    advance(still, 2)
    failed = told(still, "chat.group_name_update_failed")
    assert [(each["chat_id"], each["error_code"]) for each in failed] == [(chat, 4001)]
    assert told(still, "chat.group_name_updated") == []
    assert still.api("GET", f"chats/{chat}").json()["display_name"] == names
    # Nor can a member give it one.
    still.control(f"people/{A}/rename_group", {"chat_id": chat, "name": "Our crew"})
    assert [each["error_code"] for each in told(still, "chat.group_name_update_failed")] == [4001, 4001]
    refused(still.api("PUT", f"chats/{open_chat(still, D)['id']}", {"display_name": "Dot"}), 409, 1006)
