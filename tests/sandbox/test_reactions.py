"""Our reactions: tapbacks and emoji of our own."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from linq import LinqAPIV3

from tests.sandbox.conftest import LINES, open_chat, refused
from tests.sandbox.receiver import Receiver
from tests.sandbox_server import SandboxServer, wait_for

MAIL = "ana@example.com"


def react(server: SandboxServer, message: str, operation: str = "add", kind: str = "love", **more: Any) -> Any:
    return server.api("POST", f"messages/{message}/reactions", {"operation": operation, "type": kind, **more})


def reactions(server: SandboxServer, message: str, part: int = 0) -> list[dict[str, Any]]:
    found = server.api("GET", f"messages/{message}").json()["parts"][part]["reactions"] or []
    return [each for each in found if each["is_me"]]


def heard(server: SandboxServer) -> str:
    return str(server.say(MAIL, "Hello", line=LINES[0])["message"]["id"])


@pytest.mark.parametrize("version", ["2026-02-03", "2025-01-01"])
def test_a_tapback_is_accepted_and_told_as_ours(
    sandbox: SandboxServer, sdk: LinqAPIV3, receiver: Receiver, subscribe: Callable[..., Any], version: str
) -> None:
    subscribe("reaction.added", "reaction.removed", version=version)
    message = heard(sandbox)
    answer = sdk.messages.with_raw_response.add_reaction(message, operation="add", type="love")
    assert answer.status_code == 202
    trace_id = answer.headers["X-Trace-ID"]
    assert answer.json() == {"message": "Reaction processed", "status": "accepted", "trace_id": trace_id}
    added = receiver.wait("reaction.added")
    assert added.event["trace_id"] == trace_id
    data = added.data
    assert set(data) == {
        "chat_id", "message_id", "part_index", "reaction_type", "custom_emoji", "is_from_me", "from", "from_handle",
        "reaction_id", "service", "reacted_at", "sticker",
    }  # fmt: skip
    assert (data["message_id"], data["part_index"], data["reaction_type"]) == (message, 0, "love")
    assert (data["is_from_me"], data["from"], data["service"]) == (True, LINES[0], "iMessage")
    assert (data["custom_emoji"], data["sticker"]) == (None, None)
    [shown] = reactions(sandbox, message)
    assert (shown["id"], shown["type"], shown["handle"]["handle"]) == (data["reaction_id"], "love", LINES[0])

    assert react(sandbox, message, "remove").status_code == 202
    removed = receiver.wait("reaction.removed").data
    assert (removed["reaction_id"], removed["is_from_me"]) == (data["reaction_id"], True)
    assert reactions(sandbox, message) == []


def test_an_emoji_of_ones_own(
    sandbox: SandboxServer, receiver: Receiver, subscribe: Callable[..., Any], sdk: LinqAPIV3
) -> None:
    subscribe("reaction.added")
    message = heard(sandbox)
    sdk.messages.add_reaction(message, operation="add", type="custom", custom_emoji="👩‍🚀")
    data = receiver.wait("reaction.added").data
    assert (data["reaction_type"], data["custom_emoji"]) == ("custom", "👩‍🚀")
    parts = sdk.messages.retrieve(message).parts
    assert parts is not None
    assert parts[0].reactions is not None
    assert parts[0].reactions[0].custom_emoji == "👩‍🚀"


def test_another_tapback_takes_the_place_of_the_first(
    sandbox: SandboxServer, receiver: Receiver, subscribe: Callable[..., Any]
) -> None:
    subscribe("reaction.added", "reaction.removed")
    message = heard(sandbox)
    for kind in ("love", "love", "laugh"):
        assert react(sandbox, message, kind=kind).status_code == 202
    receiver.wait("reaction.added", lambda data: data["reaction_type"] == "laugh")
    assert receiver.wait("reaction.removed").data["reaction_type"] == "love"
    assert [each["type"] for each in reactions(sandbox, message)] == ["laugh"]
    # The second love changed nothing, so nobody was told of it.
    assert sorted(each.data["reaction_type"] for each in receiver.of("reaction.added")) == ["laugh", "love"]


def test_removing_what_is_not_there_changes_nothing(
    sandbox: SandboxServer, receiver: Receiver, subscribe: Callable[..., Any]
) -> None:
    subscribe("reaction.added", "reaction.removed")
    message = heard(sandbox)
    for operation, kind in (("remove", "love"), ("add", "like"), ("remove", "love")):
        assert react(sandbox, message, operation, kind).status_code == 202
    assert react(sandbox, message, "add", "like", part_index=0).status_code == 202
    assert react(sandbox, message, "remove", "like").status_code == 202
    receiver.wait("reaction.removed", lambda data: data["reaction_type"] == "like")
    assert len(receiver.of("reaction.removed")) == 1


def test_each_part_has_reactions_of_its_own(sandbox: SandboxServer) -> None:
    parts = [{"type": "text", "value": "Look"}, {"type": "media", "url": "https://files.example.com/a.jpg"}]
    message = open_chat(sandbox, MAIL, message={"parts": parts})["message"]["id"]
    assert react(sandbox, message, kind="like", part_index=1).status_code == 202
    found = wait_for(lambda: reactions(sandbox, message, 1), what="the reaction")
    assert [each["type"] for each in found] == ["like"]
    assert reactions(sandbox, message, 0) == []
    refused(react(sandbox, message, part_index=2), 400, 1005)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"type": "love"}, 1001),
        ({"operation": "add"}, 1001),
        ({"operation": "toggle", "type": "love"}, 1005),
        ({"operation": "add", "type": "heart"}, 1005),
        ({"operation": "add", "type": ["love"]}, 1005),
        ({"operation": "add", "type": "custom"}, 1001),
        ({"operation": "add", "type": "custom", "custom_emoji": ""}, 1005),
        ({"operation": "add", "type": "custom", "custom_emoji": "yes"}, 1005),
        ({"operation": "add", "type": "custom", "custom_emoji": "👍" * 17}, 1005),
        ({"operation": "add", "type": "custom", "custom_emoji": 5}, 1005),
        ({"operation": "add", "type": "custom", "custom_emoji": "⭐\x00"}, 1005),
        ({"operation": "add", "type": "custom", "custom_emoji": "⭐\ud800"}, 1005),
        ({"operation": "add", "type": "love", "custom_emoji": "👍"}, 1004),
        ({"operation": "add", "type": "love", "emoji": "👍"}, 1004),
        ({"operation": "add", "type": "love", "placement": {"x": 0}}, 1004),
        ({"operation": "add", "type": "love", "part_index": -1}, 1005),
        ({"operation": "add", "type": "love", "part_index": "0"}, 1005),
        ({"operation": "add", "type": "love", "part_index": 1}, 1005),
    ],
)
def test_a_bad_reaction_is_refused(sandbox: SandboxServer, body: dict[str, Any], code: int) -> None:
    refused(sandbox.api("POST", f"messages/{heard(sandbox)}/reactions", body), 400, code)


def test_what_cannot_be_reacted_to(demo: SandboxServer) -> None:
    refused(react(demo, str(uuid.uuid4())), 404, 2002)
    refused(react(demo, "nonsense"), 400, 1005)
    message = heard(demo)
    assert demo.api("DELETE", f"messages/{message}").status_code == 204
    refused(react(demo, message), 409, 2015)
    services = {each["service"]: each["handle"] for each in demo.people()}
    sms = demo.say(services["SMS"], "Hello", line=LINES[0])["message"]["id"]
    refused(react(demo, sms), 409, 2017)
    rcs = demo.say(services["RCS"], "Hello", line=LINES[0])["message"]["id"]
    assert react(demo, rcs).status_code == 202
