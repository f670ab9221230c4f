"""Worlds: the demo world is believable and the same for the same seed."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
import requests

from tests.sandbox.conftest import LINES, refused
from tests.sandbox_server import SandboxServer


def all_chats(server: SandboxServer) -> list[dict[str, Any]]:
    """Every chat of the world."""
    chats: list[dict[str, Any]] = []
    cursor: str | None = ""
    while cursor is not None:
        query = {"limit": 100, **({"cursor": cursor} if cursor else {})}
        page = server.api("GET", "chats", params=query).json()
        chats += page["chats"]
        cursor = page["next_cursor"]
    return chats


def first_part(message: dict[str, Any]) -> tuple[str, list[str]]:
    """What a message says and how people reacted to it."""
    part = message["parts"][0]
    return part["value"], [reaction["type"] for reaction in part["reactions"] or []]


def picture(server: SandboxServer) -> dict[str, Any]:
    """Everything that must not depend on when the world was made."""
    chats = all_chats(server)
    said = {}
    for chat in chats[:20]:
        messages = server.control(f"chats/{chat['id']}")["messages"]
        said[chat["id"]] = [(m["id"], m["from"], m["delivery_status"], *first_part(m)) for m in messages]
    return {
        "people": [{**person, "opted_out_at": bool(person["opted_out_at"])} for person in server.people()],
        "lines": server.api("GET", "phone_numbers").json(),
        "chats": [(chat["id"], chat["display_name"], chat["health_score"]["score"]) for chat in chats],
        "said": said,
    }


def test_the_demo_world_has_its_size(demo: SandboxServer) -> None:
    chats = all_chats(demo)
    assert len(chats) == 200
    groups = [chat for chat in chats if chat["is_group"]]
    assert len(groups) == 12
    assert Counter(group["service"] for group in groups) == {"iMessage": 10, "RCS": 1, "SMS": 1}
    assert sum(group["group_chat_icon"] is None for group in groups) == 8
    assert [line["phone_number"] for line in demo.api("GET", "phone_numbers").json()["phone_numbers"]] == LINES
    people = demo.people()
    assert len(people) == 60
    assert len({(person["first_name"], person["last_name"]) for person in people}) == 60
    health = Counter(chat["health_status"]["status"] for chat in chats)
    assert health["OPTED_OUT"] == 1
    assert health["AT_RISK"] >= 10
    assert health["CRITICAL"] >= 5
    assert health["HEALTHY"] >= 150
    stats = demo.stats()
    assert stats["accepted"]["total"] == 0
    assert stats["events"] == 0
    assert 3000 <= stats["messages"] <= 6000


def test_the_same_seed_makes_the_same_world(server: SandboxServer) -> None:
    server.reset("demo", seed=11)
    first = picture(server)
    server.reset("demo", seed=12)
    other = picture(server)
    server.reset("demo", seed=11)
    assert picture(server) == first
    assert other["people"] != first["people"]
    assert other["said"] != first["said"]


def test_a_reset_takes_everything_with_it(demo: SandboxServer) -> None:
    body = {"target_url": "https://hooks.example.com/", "subscribed_events": ["chat.created"]}
    assert demo.api("POST", "webhook-subscriptions", body).status_code == 201
    demo.control("faults", {"error_rate": 1})
    demo.reset("empty")
    assert all_chats(demo) == []
    assert demo.people() == []
    assert demo.api("GET", "webhook-subscriptions").json() == {"subscriptions": []}
    assert demo.control("faults")["error_rate"] == 0


@pytest.mark.parametrize("body", [{"world": "nowhere"}, {"world": 5}, {"seed": "x"}, {"seed": True}])
def test_a_reset_to_nowhere_is_refused(sandbox: SandboxServer, body: dict[str, Any]) -> None:
    refused(requests.post(f"{sandbox.url}/sandbox/reset", json=body, timeout=10), 400, 1005)
