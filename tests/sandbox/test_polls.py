"""Polls: made, read, added to, voted on by us and by people."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from linq import LinqAPIV3

from tests.sandbox.conftest import LINES, open_chat, refused
from tests.sandbox.receiver import Receiver
from tests.sandbox_server import SandboxServer

MAIL = "ana@example.com"
LUNCH = {"options": [{"text": "Soup"}, {"text": "Salad"}]}


def ask(server: SandboxServer, chat: str, poll: Any = None) -> Any:
    return server.api("POST", f"chats/{chat}/polls", {"poll": poll or LUNCH})


def names(poll: dict[str, Any]) -> list[str]:
    return [option["text"] for option in poll["options"]]


@pytest.fixture
def chat(sandbox: SandboxServer) -> str:
    return str(open_chat(sandbox, MAIL)["id"])


def test_a_poll_is_sent_and_told_by_its_own_events(
    sandbox: SandboxServer, sdk: LinqAPIV3, chat: str, receiver: Receiver, subscribe: Callable[..., Any]
) -> None:
    subscribe()
    made = sdk.chats.polls.with_raw_response.create(chat, poll=LUNCH)
    assert made.status_code == 201
    poll = made.parse()
    assert (poll.chat_id, poll.poll.total_voters, poll.reactions) == (chat, 0, [])
    assert [option.text for option in poll.poll.options] == ["Soup", "Salad"]
    assert {option.creator_handle.handle for option in poll.poll.options} == {LINES[0]}
    stages = {"sent": ["sent_at"], "delivered": ["sent_at", "delivered_at"]}
    stages["read"] = [*stages["delivered"], "read_at"]
    for stage, named in stages.items():
        told = receiver.wait(f"poll.{stage}")
        assert told.event["trace_id"] == made.headers["X-Trace-ID"]
        data = told.data
        assert set(data) == {
            "message_id", "chat", "direction", "sender_handle", "service", "poll", "created_at", "updated_at",
            "sent_at", "delivered_at", "read_at",
        }  # fmt: skip
        assert (data["message_id"], data["direction"], data["service"]) == (poll.message_id, "outbound", "iMessage")
        assert set(data["chat"]) == {"id", "is_group", "owner_handle"}
        assert names(data["poll"]) == ["Soup", "Salad"]
        assert [name for name in stages["read"] if data[name] is not None] == named
    assert [
        each for each in receiver.got if each.type.startswith("message.") and poll.message_id in str(each.data)
    ] == []
    whole = sdk.messages.retrieve(poll.message_id)
    assert (whole.parts, whole.is_from_me) == ([], True)


def test_people_vote(sandbox: SandboxServer, receiver: Receiver, subscribe: Callable[..., Any]) -> None:
    subscribe("poll.vote.added")
    people = [f"person{number}@example.com" for number in range(4)]
    polls = {each: ask(sandbox, open_chat(sandbox, each)["id"]).json()["message_id"] for each in people}
    friendly = next(each["handle"] for each in sandbox.people() if each["habits"]["kind"] == "friendly")
    data = receiver.wait("poll.vote.added", lambda data: data["message_id"] == polls[friendly]).data
    assert set(data) == {"message_id", "chat", "direction", "sender_handle", "service", "option_id"}
    assert (data["direction"], data["sender_handle"]["handle"]) == ("inbound", friendly)
    poll = sandbox.api("GET", f"messages/{polls[friendly]}/poll").json()["poll"]
    voters = {option["option_id"]: [each["handle"] for each in option["voters"]] for option in poll["options"]}
    assert voters[data["option_id"]] == [friendly]
    assert poll["total_voters"] == 1


def test_we_vote_for_several_options_and_count_once(
    sandbox: SandboxServer, sdk: LinqAPIV3, chat: str, receiver: Receiver, subscribe: Callable[..., Any]
) -> None:
    subscribe("poll.vote.added", "poll.vote.removed")
    message = ask(sandbox, chat).json()["message_id"]
    soup, salad = (option.option_id for option in sdk.messages.poll.retrieve(message).poll.options)
    for option in (soup, salad, salad):
        poll = sdk.messages.poll.vote(message, operation="add", option_id=option).poll
    ours = [[each.handle for each in option.voters if each.handle == LINES[0]] for option in poll.options]
    assert ours == [[LINES[0]], [LINES[0]]]
    mine = {"option_id": salad, "operation": "remove"}
    for _ in range(2):
        assert sandbox.api("POST", f"messages/{message}/poll/votes", mine).status_code == 200
    data = receiver.wait("poll.vote.removed").data
    assert (data["option_id"], data["direction"], data["sender_handle"]["handle"]) == (salad, "outbound", LINES[0])
    receiver.wait("poll.vote.added", lambda data: data["option_id"] == salad)
    told = [each.data["option_id"] for each in receiver.of("poll.vote.added") if each.data["direction"] == "outbound"]
    assert sorted(told) == sorted([soup, salad])
    assert len(receiver.of("poll.vote.removed")) == 1


def test_options_are_added_at_the_end(
    sandbox: SandboxServer, sdk: LinqAPIV3, chat: str, receiver: Receiver, subscribe: Callable[..., Any]
) -> None:
    subscribe("poll.updated")
    message = ask(sandbox, chat).json()["message_id"]
    poll = sdk.messages.poll.add_options(message, options=[{"text": "Pizza"}, {"text": "Rice"}])
    assert [option.text for option in poll.poll.options] == ["Soup", "Salad", "Pizza", "Rice"]
    data = receiver.wait("poll.updated").data
    assert set(data) == {"message_id", "chat", "direction", "sender_handle", "service", "added_options"}
    assert [option["text"] for option in data["added_options"]] == ["Pizza", "Rice"]
    more = {"options": [{"text": f"Number {number}"} for number in range(97)]}
    refused(sandbox.api("POST", f"messages/{message}/poll/options", more), 400, 1005)


def test_a_reaction_to_a_poll_has_an_event_of_its_own(
    sandbox: SandboxServer, chat: str, receiver: Receiver, subscribe: Callable[..., Any]
) -> None:
    subscribe("poll.reaction.added", "reaction.added")
    message = ask(sandbox, chat).json()["message_id"]
    body = {"operation": "add", "type": "sticker", "emoji": "⭐"}
    assert sandbox.api("POST", f"messages/{message}/reactions", body).status_code == 202
    data = receiver.wait("poll.reaction.added", lambda data: data["is_from_me"]).data
    assert (data["message_id"], data["reaction_type"]) == (message, "sticker")
    shown = sandbox.api("GET", f"messages/{message}/poll").json()["reactions"]
    assert data["reaction_id"] in [each["id"] for each in shown]
    assert receiver.of("reaction.added") == []


def test_a_poll_that_nobody_gets_fails(
    sandbox: SandboxServer, receiver: Receiver, subscribe: Callable[..., Any], chat: str
) -> None:
    subscribe("poll.failed")
    sandbox.control(f"people/{MAIL}/habits", {"reachable": False})
    message = ask(sandbox, chat).json()["message_id"]
    data = receiver.wait("poll.failed").data
    assert set(data) == {
        "message_id", "chat", "direction", "sender_handle", "service", "poll", "error", "failed_at",
    }  # fmt: skip
    assert (data["message_id"], data["error"]) == (message, {"code": 4001, "message": "Message send failed"})


def test_a_key_makes_one_poll(sandbox: SandboxServer, chat: str) -> None:
    poll = {**LUNCH, "idempotency_key": "k1"}
    first, again = ask(sandbox, chat, poll), ask(sandbox, chat, poll)
    assert (again.status_code, again.json()) == (201, first.json())
    assert sandbox.stats()["accepted"]["total"] == 2
    assert sandbox.api("DELETE", f"messages/{first.json()['message_id']}").status_code == 204
    refused(ask(sandbox, chat, poll), 404, 2002)
    refused(sandbox.api("GET", f"messages/{first.json()['message_id']}/poll"), 404, 2002)


def test_two_polls_are_not_the_same_message(sandbox: SandboxServer, chat: str) -> None:
    ask(sandbox, chat)
    ask(sandbox, chat, {"options": [{"text": "Yes"}, {"text": "No"}]})
    assert sandbox.stats()["accepted"]["duplicates_by_content_and_recipient"] == 0
    ask(sandbox, chat)
    assert sandbox.stats()["accepted"]["duplicates_by_content_and_recipient"] == 1


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, 1001),
        ({"poll": []}, 1003),
        ({"poll": {}}, 1001),
        ({"poll": {"options": "Soup"}}, 1003),
        ({"poll": {"options": [{"text": "Soup"}]}}, 1005),
        ({"poll": {"options": [{"text": str(number)} for number in range(101)]}}, 1005),
        ({"poll": {"options": ["Soup", "Salad"]}}, 1003),
        ({"poll": {"options": [{"text": "Soup"}, {}]}}, 1001),
        ({"poll": {"options": [{"text": "Soup"}, {"text": 5}]}}, 1003),
        ({"poll": {"options": [{"text": "Soup"}, {"text": ""}]}}, 1005),
        ({"poll": {"options": [{"text": "Soup"}, {"text": "x" * 256}]}}, 1005),
        ({"poll": {**LUNCH, "idempotency_key": "k" * 256}}, 1005),
    ],
)
def test_a_bad_poll_is_refused(sandbox: SandboxServer, chat: str, body: dict[str, Any], code: int) -> None:
    refused(sandbox.api("POST", f"chats/{chat}/polls", body), 400, code)
    assert sandbox.stats()["accepted"]["total"] == 1


def test_a_bad_vote_is_refused(sandbox: SandboxServer, chat: str) -> None:
    poll = ask(sandbox, chat).json()
    address = f"messages/{poll['message_id']}/poll/votes"
    option = poll["poll"]["options"][0]["option_id"]
    refused(sandbox.api("POST", address, {"operation": "add"}), 400, 1001)
    refused(sandbox.api("POST", address, {"option_id": option}), 400, 1001)
    refused(sandbox.api("POST", address, {"operation": "toggle", "option_id": option}), 400, 1005)
    refused(sandbox.api("POST", address, {"operation": "add", "option_id": 5}), 400, 1003)
    refused(sandbox.api("POST", address, {"operation": "add", "option_id": "nonsense"}), 400, 1005)
    refused(sandbox.api("POST", address, {"operation": "add", "option_id": str(uuid.uuid4())}), 400, 1005)
    refused(sandbox.api("POST", f"messages/{poll['message_id']}/poll/options", {}), 400, 1001)
    refused(sandbox.api("POST", f"messages/{poll['message_id']}/poll/options", {"options": []}), 400, 1005)


def test_polls_are_for_imessage_and_for_chats_that_are_there(demo: SandboxServer) -> None:
    refused(ask(demo, str(uuid.uuid4())), 404, 2001)
    refused(demo.api("GET", f"messages/{uuid.uuid4()}/poll"), 404, 2002)
    refused(demo.api("GET", "messages/nonsense/poll"), 400, 1005)
    for service in ("SMS", "RCS"):
        person = next(each["handle"] for each in demo.people() if each["service"] == service)
        refused(ask(demo, open_chat(demo, person)["id"]), 409, 2017)
    text = open_chat(demo, MAIL)["message"]["id"]
    refused(demo.api("GET", f"messages/{text}/poll"), 404, 2002)
    refused(demo.api("POST", f"messages/{text}/poll/options", {"options": [{"text": "x"}]}), 404, 2002)


def test_whoever_opted_out_is_not_asked(sandbox: SandboxServer, chat: str) -> None:
    sandbox.say(MAIL, "STOP", chat_id=chat)
    refused(ask(sandbox, chat), 403, 2024)
    assert sandbox.stats()["accepted"]["total"] == 1
