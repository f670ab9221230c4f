"""What people do with messages when they are told to: polls, votes, edits, tapbacks taken back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from linq import LinqAPIV3

from tests.sandbox.conftest import LINES, open_chat, refused
from tests.sandbox.receiver import Receiver
from tests.sandbox_server import SandboxServer

A, B, C = (f"{name}@example.com" for name in ("ann", "bob", "cem"))
WHEN = ["Today", "Tomorrow"]
Subscribe = Callable[..., Any]


@pytest.fixture
def quiet(sandbox: SandboxServer) -> SandboxServer:
    """People who do nothing by themselves."""
    sandbox.control("habits", {"replies": 0, "reacts": 0, "renames": 0, "leaves": 0, "polls": 0})
    return sandbox


def test_a_person_makes_a_poll_and_it_is_received(
    quiet: SandboxServer, sdk: LinqAPIV3, receiver: Receiver, subscribe: Subscribe
) -> None:
    subscribe()
    made = quiet.control(f"people/{A}/poll", {"line": LINES[0], "options": WHEN})
    poll = made["poll"]
    told = receiver.wait("poll.received")
    data = told.data
    assert set(data) == {
        "message_id", "chat", "direction", "sender_handle", "service", "poll", "created_at", "updated_at",
        "received_at",
    }  # fmt: skip
    assert (data["message_id"], data["direction"], data["service"]) == (poll["message_id"], "inbound", "iMessage")
    assert (data["chat"]["id"], data["chat"]["owner_handle"]["handle"]) == (made["chat_id"], LINES[0])
    assert data["sender_handle"]["handle"] == A
    assert [(each["text"], each["creator_handle"]["handle"]) for each in data["poll"]["options"]] == [
        ("Today", A),
        ("Tomorrow", A),
    ]
    assert receiver.of("message.received") == []
    read = sdk.messages.poll.retrieve(poll["message_id"])
    assert [option.text for option in read.poll.options] == WHEN
    message = sdk.messages.retrieve(poll["message_id"])
    assert (message.parts, message.is_from_me, message.delivery_status) == ([], False, "received")
    assert quiet.control(f"chats/{made['chat_id']}")["inbound"] == 1


def test_we_and_they_vote_in_a_poll_of_theirs(
    quiet: SandboxServer, sdk: LinqAPIV3, receiver: Receiver, subscribe: Subscribe
) -> None:
    subscribe("poll.vote.added", "poll.vote.removed", "poll.updated")
    group = open_chat(quiet, A, B, C)["id"]
    poll = quiet.control(f"people/{A}/poll", {"chat_id": group, "options": [{"text": each} for each in WHEN]})["poll"]
    message, option = poll["message_id"], poll["poll"]["options"][0]["option_id"]
    assert sdk.messages.poll.vote(message, operation="add", option_id=option).poll.total_voters == 1
    ours = receiver.wait("poll.vote.added").data
    assert (ours["direction"], ours["sender_handle"]["handle"]) == ("outbound", LINES[0])
    assert ours["chat"]["owner_handle"]["handle"] == LINES[0]
    more = quiet.control(f"people/{B}/poll_options", {"message_id": message, "options": ["Never"]})
    assert [each["text"] for each in more["poll"]["options"]] == [*WHEN, "Never"]
    updated = receiver.wait("poll.updated").data
    assert (updated["direction"], updated["sender_handle"]["handle"]) == ("inbound", LINES[0])
    assert [each["creator_handle"]["handle"] for each in updated["added_options"]] == [B]
    voted = quiet.control(f"people/{B}/vote", {"message_id": message, "option": "Never"})
    assert voted["poll"]["total_voters"] == 2
    theirs = receiver.wait("poll.vote.added", lambda data: data["direction"] == "inbound").data
    assert theirs["sender_handle"]["handle"] == B
    quiet.control(f"people/{B}/vote", {"message_id": message, "option": "Never", "operation": "remove"})
    assert receiver.wait("poll.vote.removed").data["sender_handle"]["handle"] == B


def test_a_person_votes_in_a_poll_of_ours_by_the_options_id(quiet: SandboxServer) -> None:
    chat = open_chat(quiet, A)["id"]
    options = {"options": [{"text": each} for each in WHEN]}
    poll = quiet.api("POST", f"chats/{chat}/polls", {"poll": options}).json()
    option = poll["poll"]["options"][1]["option_id"]
    voted = quiet.control(f"people/{A}/vote", {"message_id": poll["message_id"], "option_id": option})
    assert [[each["handle"] for each in row["voters"]] for row in voted["poll"]["options"]] == [[], [A]]
    again = {"message_id": poll["message_id"], "option_id": option}
    refused(quiet.control_answer(f"people/{A}/vote", again), 409, 2015)
    refused(quiet.control_answer(f"people/{B}/vote", again), 400, 1005)
    refused(quiet.control_answer(f"people/{A}/vote", {**again, "operation": "toggle"}), 400, 1005)
    refused(quiet.control_answer(f"people/{A}/vote", {"message_id": poll["message_id"], "option": "x"}), 400, 1005)


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"line": LINES[0]}, 400, 1001),
        ({"line": LINES[0], "options": ["One"]}, 400, 1005),
        ({"line": LINES[0], "options": ["One", 2]}, 400, 1003),
        ({"line": LINES[0], "options": "One"}, 400, 1003),
        ({"options": WHEN}, 400, 1001),
    ],
)
def test_a_poll_that_cannot_be_is_refused(quiet: SandboxServer, body: dict[str, Any], status: int, code: int) -> None:
    refused(quiet.control_answer(f"people/{A}/poll", body), status, code)
    assert quiet.stats()["events"] == 0


def test_a_blocked_person_is_not_heard_in_a_poll_either(quiet: SandboxServer) -> None:
    quiet.api("POST", "blocked_handles", {"handle": A})
    assert quiet.control(f"people/{A}/poll", {"line": LINES[0], "options": WHEN})["poll"] is None
    assert [each["event_type"] for each in quiet.control("events")["events"]] == ["chat.created"]


def test_members_of_groups_put_things_to_the_vote_by_themselves(sandbox: SandboxServer) -> None:
    start = {"world": "empty", "starts_at": "2026-03-02T14:00:00Z"}
    sandbox.control("reset", start)
    sandbox.control("habits", {"polls": 1, "renames": 0, "leaves": 0, "replies": 0})
    open_chat(sandbox, A, B, C)
    sandbox.control("clock", {"advance_seconds": 3700})
    polls = [each for each in sandbox.control("events")["events"] if each["event_type"] == "poll.received"]
    assert len(polls) == 1
    assert polls[0]["data"]["sender_handle"]["handle"] in (A, B, C)


def test_a_person_edits_what_they_said(quiet: SandboxServer, receiver: Receiver, subscribe: Subscribe) -> None:
    subscribe("message.edited")
    said = quiet.say(A, "Helo", line=LINES[0])["message"]["id"]
    shown = quiet.control(f"people/{A}/edit", {"message_id": said, "text": "Hello"})
    assert shown["parts"][0]["value"] == "Hello"
    data = receiver.wait("message.edited").data
    assert (data["id"], data["direction"], data["sender_handle"]["handle"]) == (said, "inbound", A)
    assert data["part"] == {"index": 0, "text": "Hello"}
    ours = open_chat(quiet, A)["message"]["id"]
    refused(quiet.control_answer(f"people/{A}/edit", {"message_id": ours, "text": "Mine"}), 403, 2005)
    refused(quiet.control_answer(f"people/{A}/edit", {"message_id": said, "text": ""}), 400, 1005)
    quiet.control("clock", {"advance_seconds": 901})
    refused(quiet.control_answer(f"people/{A}/edit", {"message_id": said, "text": "Late"}), 400, 1005)


def test_a_person_takes_a_tapback_back(quiet: SandboxServer, receiver: Receiver, subscribe: Subscribe) -> None:
    subscribe("reaction.removed")
    message = open_chat(quiet, A)["message"]["id"]
    refused(quiet.control_answer(f"people/{A}/react", {"message_id": message, "remove": True}), 409, 2015)
    quiet.control(f"people/{A}/react", {"message_id": message, "type": "laugh"})
    assert quiet.control(f"people/{A}/react", {"message_id": message, "remove": True}) == {"message_id": message}
    data = receiver.wait("reaction.removed").data
    assert (data["message_id"], data["reaction_type"], data["from"]) == (message, "laugh", A)
    assert quiet.api("GET", f"messages/{message}").json()["parts"][0]["reactions"] is None
