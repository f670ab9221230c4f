"""Location: who shares it, asking for it, and ending it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from linq import APIStatusError, LinqAPIV3
from linq.types import LocationSharingStartedWebhookEvent, LocationSharingStoppedWebhookEvent

from sandbox import chance
from tests.sandbox.conftest import LINES, open_chat, refused
from tests.sandbox.receiver import Receiver
from tests.sandbox_server import SandboxServer, wait_for

Subscribe = Callable[..., dict[str, Any]]
UNKNOWN = "00000000-0000-4000-8000-000000000000"


def person(*, shares: bool) -> str:
    """An e-mail address, so with iMessage, of somebody who does or does not share when asked (chance repeats)."""
    names = (f"person{number}@example.com" for number in range(200))
    return next(name for name in names if (chance.share(7, "shares location", name) < 0.7) is shares)


def shared(server: SandboxServer, chat: str) -> list[dict[str, Any]]:
    """The features of a chat's location."""
    body = server.api("GET", f"chats/{chat}/location").json()
    assert sorted(body) == ["data", "success"]
    assert (body["success"], body["data"]["type"]) == (True, "FeatureCollection")
    features: list[dict[str, Any]] = body["data"]["features"]
    return features


def start(server: SandboxServer, handle: str) -> str:
    """Ask somebody who agrees, and wait until they share; answers their chat."""
    chat = str(open_chat(server, handle)["id"])
    assert server.api("POST", f"chats/{chat}/location/request").status_code == 200
    server.control("clock", {"advance_seconds": 30})
    wait_for(lambda: shared(server, chat), what="the share")
    return chat


def test_nobody_shares_at_first(sandbox: SandboxServer, sdk: LinqAPIV3) -> None:
    chat = open_chat(sandbox, person(shares=True))["id"]
    found = sdk.chats.location.retrieve(chat)
    assert (found.success, found.data.features) == (True, [])


def test_somebody_who_is_asked_shares_until_it_is_stopped(
    sandbox: SandboxServer, sdk: LinqAPIV3, receiver: Receiver, subscribe: Subscribe
) -> None:
    handle = person(shares=True)
    subscribe("location.sharing.started", "location.sharing.stopped")
    chat = open_chat(sandbox, handle)["id"]
    group = open_chat(sandbox, handle, "other@example.com")["id"]
    asked = sdk.chats.location.request(chat)
    assert (asked.success, asked.message) == (True, "Location request sent")
    sandbox.control("clock", {"advance_seconds": 30})
    told = receiver.wait("location.sharing.started")
    LocationSharingStartedWebhookEvent.model_validate(told.event)
    started = told.data
    assert set(started) == {"shared_by", "shared_with", "began_at", "ends_at", "chat_id"}
    assert (started["shared_by"], started["shared_with"], started["chat_id"]) == (handle, LINES[0], chat)
    assert started["ends_at"] is None

    feature = sdk.chats.location.retrieve(chat).data.features[0]
    longitude, latitude = feature.geometry.coordinates
    assert -180 <= longitude <= 180
    assert -90 <= latitude <= 90
    assert feature.properties.handle == handle
    assert feature.properties.locality
    assert [each["properties"]["handle"] for each in shared(sandbox, group)] == [handle]

    refused(sandbox.api("POST", f"chats/{chat}/location/request"), 409, 2015)
    stopped = sdk.chats.location.stop(group, handle=handle)  # in every chat with them
    assert stopped.success is True
    sandbox.control("clock", {"advance_seconds": 2})
    ended = receiver.wait("location.sharing.stopped")
    LocationSharingStoppedWebhookEvent.model_validate(ended.event)
    assert set(ended.data) == {"shared_by", "shared_with", "began_at", "ended_at", "chat_id"}
    assert {key: ended.data[key] for key in set(ended.data) & set(started)} == {
        key: started[key] for key in set(ended.data) & set(started)
    }
    assert ended.data["ended_at"] > started["began_at"]
    assert (shared(sandbox, chat), shared(sandbox, group)) == ([], [])
    refused(sandbox.api("DELETE", f"chats/{chat}/location", {"handle": handle}), 404, 2015)


def test_a_place_is_the_persons_own_and_moves_with_time(sandbox: SandboxServer) -> None:
    chat = start(sandbox, person(shares=True))
    here = shared(sandbox, chat)
    assert shared(sandbox, chat) == here
    sandbox.control("clock", {"advance_seconds": 3600})
    there = shared(sandbox, chat)
    assert there[0]["geometry"] != here[0]["geometry"]
    assert there[0]["properties"]["locality"] == here[0]["properties"]["locality"]


def test_somebody_may_ignore_the_prompt(sandbox: SandboxServer, receiver: Receiver, subscribe: Subscribe) -> None:
    subscribe("location.sharing.started")
    chat = open_chat(sandbox, person(shares=False))["id"]
    assert sandbox.api("POST", f"chats/{chat}/location/request").status_code == 200
    sandbox.control("clock", {"advance_seconds": 60})
    assert shared(sandbox, chat) == []
    assert sandbox.stats()["webhooks"]["sent"] == 0


def test_a_prompt_can_be_repeated_after_a_minute(sandbox: SandboxServer, sdk: LinqAPIV3) -> None:
    chat = open_chat(sandbox, person(shares=False))["id"]
    sdk.chats.location.request(chat)
    with pytest.raises(APIStatusError) as limited:
        sdk.chats.location.request(chat)
    assert limited.value.status_code == 429
    error = refused(sandbox.api("POST", f"chats/{chat}/location/request"), 429, 1007)
    assert 1 <= error["retry_after"] <= 60
    sandbox.control("clock", {"advance_seconds": error["retry_after"]})
    sdk.chats.location.request(chat)


def test_a_group_cannot_be_asked(sandbox: SandboxServer) -> None:
    chat = open_chat(sandbox, "ana@example.com", "ben@example.com")["id"]
    refused(sandbox.api("POST", f"chats/{chat}/location/request"), 409, 2016)


@pytest.mark.parametrize("service", ["RCS", "SMS"])
def test_only_imessage_can_be_asked(demo: SandboxServer, service: str) -> None:
    chats = demo.api("GET", "chats", params={"limit": 100}).json()["chats"]
    chat = next(each for each in chats if each["service"] == service and not each["is_group"])
    refused(demo.api("POST", f"chats/{chat['id']}/location/request"), 409, 2017)


def test_location_needs_a_chat_and_a_handle(sandbox: SandboxServer) -> None:
    chat = open_chat(sandbox, "ana@example.com")["id"]
    refused(sandbox.api("GET", f"chats/{UNKNOWN}/location"), 404, 2001)
    refused(sandbox.api("POST", f"chats/{UNKNOWN}/location/request"), 404, 2001)
    refused(sandbox.api("GET", "chats/none/location"), 400, 1005)
    refused(sandbox.api("DELETE", f"chats/{chat}/location", {}), 400, 1001)
    refused(sandbox.api("DELETE", f"chats/{chat}/location", {"handle": "ana"}), 400, 1002)
    refused(sandbox.api("DELETE", f"chats/{chat}/location", {"handle": "ana@example.com"}), 404, 2015)


def test_a_share_can_be_for_some_time(
    sandbox: SandboxServer, sdk: LinqAPIV3, receiver: Receiver, subscribe: Subscribe
) -> None:
    subscribe("location.sharing.started", "location.sharing.stopped")
    group = open_chat(sandbox, "ana@example.com", "ben@example.com")["id"]
    for handle, more in (("ana@example.com", {"seconds": 3600}), ("ben@example.com", {})):
        sandbox.control(f"people/{handle}/share_location", {"chat_id": group, **more})
    features = sdk.chats.location.retrieve(group).data.features
    assert [each.properties.handle for each in features] == ["ana@example.com", "ben@example.com"]
    started = receiver.wait("location.sharing.started", lambda data: data["shared_by"] == "ana@example.com").data
    assert (started["chat_id"], started["shared_with"]) == (group, LINES[0])
    sandbox.control("clock", {"advance_seconds": 3601})
    assert [each["properties"]["handle"] for each in shared(sandbox, group)] == ["ben@example.com"]
    stopped = receiver.wait("location.sharing.stopped").data
    assert (stopped["shared_by"], stopped["began_at"]) == ("ana@example.com", started["began_at"])
    assert stopped["ended_at"] >= started["ends_at"]
    wait_for(lambda: sandbox.stats()["webhooks"]["waiting"] == 0)
    assert len(receiver.got) == 3


def test_nobody_sees_where_a_blocked_person_is(sandbox: SandboxServer) -> None:
    chat = open_chat(sandbox, "ana@example.com")["id"]
    sandbox.control("people/ana@example.com/share_location", {"chat_id": chat})
    assert len(shared(sandbox, chat)) == 1
    sandbox.api("POST", "blocked_handles", {"handle": "ana@example.com"})
    assert shared(sandbox, chat) == []
