"""Groups: names, icons, members, leaving; each change is confirmed by an event."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.sandbox.conftest import ANA, LINES, open_chat, refused, text
from tests.sandbox.receiver import Receiver
from tests.sandbox_server import SandboxServer

A, B, C, D = (f"{name}@example.com" for name in ("ann", "bob", "cem", "dot"))


def handles(server: SandboxServer, chat: str) -> dict[str, str]:
    return {each["handle"]: each["status"] for each in server.api("GET", f"chats/{chat}").json()["handles"]}


def test_a_new_name_is_pending_and_then_confirmed(
    sandbox: SandboxServer, receiver: Receiver, subscribe: Callable[..., Any]
) -> None:
    subscribe("chat.group_name_updated", "chat.group_name_update_failed")
    chat = open_chat(sandbox, A, B)["id"]
    answer = sandbox.api("PUT", f"chats/{chat}", {"display_name": "Crew"})
    assert answer.status_code == 200
    assert answer.json() == {"chat_id": chat, "status": "pending"}
    data = receiver.wait("chat.group_name_updated").data
    assert set(data) == {"chat_id", "old_value", "new_value", "changed_by_handle", "updated_at"}
    assert (data["chat_id"], data["old_value"], data["new_value"]) == (chat, None, "Crew")
    assert data["changed_by_handle"]["handle"] == LINES[0]
    assert sandbox.api("GET", f"chats/{chat}").json()["display_name"] == "Crew"


def test_a_new_icon_is_confirmed(sandbox: SandboxServer, receiver: Receiver, subscribe: Callable[..., Any]) -> None:
    subscribe("chat.group_icon_updated")
    chat = open_chat(sandbox, A, B)["id"]
    icon = "https://images.example.com/crew.png"
    assert sandbox.api("PUT", f"chats/{chat}", {"group_chat_icon": icon}).status_code == 200
    assert receiver.wait("chat.group_icon_updated").data["new_value"] == icon
    assert sandbox.api("GET", f"chats/{chat}").json()["group_chat_icon"] == icon


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, 1001),
        ({"display_name": 5}, 1003),
        ({"display_name": "x" * 256}, 1005),
        ({"group_chat_icon": "http://images.example.com/crew.png"}, 5007),
        ({"group_chat_icon": "https://images.example.com/crew.pdf"}, 5006),
    ],
)
def test_a_bad_change_is_refused(sandbox: SandboxServer, body: dict[str, Any], code: int) -> None:
    chat = open_chat(sandbox, A, B)["id"]
    refused(sandbox.api("PUT", f"chats/{chat}", body), 400, code)


@pytest.mark.parametrize(
    ("body", "event"),
    [
        ({"display_name": "Crew"}, "chat.group_name_update_failed"),
        ({"group_chat_icon": "https://images.example.com/crew.png"}, "chat.group_icon_update_failed"),
    ],
)
def test_a_group_on_sms_cannot_be_changed(
    demo: SandboxServer, receiver: Receiver, subscribe: Callable[..., Any], body: dict[str, str], event: str
) -> None:
    subscribe(event)
    chats = demo.api("GET", "chats", params={"limit": 100}).json()
    chats["chats"] += demo.api("GET", "chats", params={"limit": 100, "cursor": chats["next_cursor"]}).json()["chats"]
    group = next(chat for chat in chats["chats"] if chat["is_group"] and chat["service"] == "SMS")
    assert demo.api("PUT", f"chats/{group['id']}", body).json()["status"] == "pending"
    data = receiver.wait(event).data
    assert set(data) == {"chat_id", "error_code", "failed_at"}
    assert (data["chat_id"], data["error_code"]) == (group["id"], 4001)
    for method in ("POST", "DELETE"):
        refused(demo.api(method, f"chats/{group['id']}/participants", {"handle": A}), 409, 2017)


def test_somebody_is_added_and_removed(
    sandbox: SandboxServer, receiver: Receiver, subscribe: Callable[..., Any]
) -> None:
    subscribe("participant.added", "participant.removed")
    chat = open_chat(sandbox, A, B)["id"]
    answer = sandbox.api("POST", f"chats/{chat}/participants", {"handle": C})
    assert answer.status_code == 202
    assert answer.json() == {
        "message": "Participant addition queued",
        "status": "accepted",
        "trace_id": answer.headers["X-Trace-ID"],
    }
    added = receiver.wait("participant.added")
    assert set(added.data) == {"chat_id", "handle", "participant", "added_at"}
    assert (added.data["chat_id"], added.data["handle"]) == (chat, C)
    assert added.event["trace_id"] == answer.headers["X-Trace-ID"]
    assert handles(sandbox, chat) == {LINES[0]: "active", A: "active", B: "active", C: "active"}

    answer = sandbox.api("DELETE", f"chats/{chat}/participants", {"handle": A})
    assert (answer.status_code, answer.json()["message"]) == (202, "Participant removal queued")
    removed = receiver.wait("participant.removed").data
    assert set(removed) == {"chat_id", "handle", "participant", "removed_at"}
    assert removed["participant"]["status"] == "removed"
    assert removed["participant"]["left_at"] == removed["removed_at"]
    assert handles(sandbox, chat) == {LINES[0]: "active", A: "removed", B: "active", C: "active"}
    assert open_chat(sandbox, A, B)["id"] != chat  # its people changed, so a create makes a new one


def test_members_can_only_be_changed_by_the_rules(sandbox: SandboxServer) -> None:
    direct = open_chat(sandbox, A)["id"]
    group = open_chat(sandbox, A, B)["id"]
    refused(sandbox.api("POST", f"chats/{direct}/participants", {"handle": C}), 409, 1006)
    refused(sandbox.api("POST", f"chats/{group}/participants", {}), 400, 1001)
    refused(sandbox.api("POST", f"chats/{group}/participants", {"handle": "nobody"}), 400, 1002)
    refused(sandbox.api("POST", f"chats/{group}/participants", {"handle": A}), 409, 2015)
    refused(sandbox.api("DELETE", f"chats/{group}/participants", {"handle": C}), 400, 1005)
    refused(sandbox.api("DELETE", f"chats/{group}/participants", {"handle": LINES[0]}), 400, 1005)
    refused(sandbox.api("DELETE", f"chats/{group}/participants", {"handle": A}), 409, 2015)
    assert handles(sandbox, group) == {LINES[0]: "active", A: "active", B: "active"}


def test_a_person_of_another_service_cannot_be_added(demo: SandboxServer) -> None:
    handle = next(person["handle"] for person in demo.people() if person["service"] == "RCS")
    group = open_chat(demo, A, B)["id"]
    refused(demo.api("POST", f"chats/{group}/participants", {"handle": handle}), 409, 2017)


def test_leaving_ends_everything_but_reading(
    sandbox: SandboxServer, receiver: Receiver, subscribe: Callable[..., Any]
) -> None:
    subscribe("participant.removed")
    small = open_chat(sandbox, A, B)["id"]
    refused(sandbox.api("POST", f"chats/{small}/leave"), 409, 2015)
    refused(sandbox.api("POST", f"chats/{open_chat(sandbox, A)['id']}/leave"), 409, 1006)
    chat = open_chat(sandbox, A, B, C)["id"]
    answer = sandbox.api("POST", f"chats/{chat}/leave")
    assert answer.status_code == 202
    assert answer.json()["message"] == "Leave group chat queued"
    left = receiver.wait("participant.removed").data
    assert (left["chat_id"], left["handle"], left["participant"]["status"]) == (chat, LINES[0], "left")
    refused(sandbox.api("POST", f"chats/{chat}/messages", {"message": text("Wait")}), 409, 2013)
    refused(sandbox.api("PUT", f"chats/{chat}", {"display_name": "Crew"}), 409, 2013)
    refused(sandbox.api("POST", f"chats/{chat}/participants", {"handle": D}), 409, 2013)
    refused(sandbox.api("POST", f"chats/{chat}/typing"), 409, 2013)
    assert sandbox.api("GET", f"chats/{chat}").status_code == 200
    assert open_chat(sandbox, A, B, C)["id"] != chat


def test_people_change_groups_too(sandbox: SandboxServer, receiver: Receiver, subscribe: Callable[..., Any]) -> None:
    subscribe("chat.group_name_updated", "participant.removed")
    chat = open_chat(sandbox, A, B, C)["id"]
    sandbox.control(f"people/{A}/rename_group", {"chat_id": chat, "name": "Ours now"})
    renamed = receiver.wait("chat.group_name_updated").data
    assert (renamed["new_value"], renamed["changed_by_handle"]["handle"]) == ("Ours now", A)
    sandbox.control(f"people/{B}/leave", {"chat_id": chat})
    left = receiver.wait("participant.removed").data
    assert (left["handle"], left["participant"]["status"]) == (B, "left")
    assert handles(sandbox, chat)[B] == "left"


def test_an_unnamed_group_shows_its_recipients(sandbox: SandboxServer) -> None:
    assert open_chat(sandbox, A, ANA)["display_name"] == ", ".join(sorted([A, ANA]))
