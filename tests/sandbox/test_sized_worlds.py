"""Worlds by size, made by COPY, and the everyday people in them."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
import requests

from tests.sandbox.conftest import refused
from tests.sandbox.test_clock import advance, events, stopped
from tests.sandbox.test_running import run
from tests.sandbox.test_worlds import all_chats, picture
from tests.sandbox_server import SandboxServer

SIZE = {"lines": 7, "people": 90, "chats": 121, "messages": 1000}


def test_a_world_has_the_size_asked_for(sandbox: SandboxServer) -> None:
    assert sandbox.control("reset", {"world": SIZE, "seed": 5}) == {"name": "sandbox", "world": SIZE, "seed": 5}
    chats = all_chats(sandbox)
    assert len(chats) == 121
    assert sum(chat["is_group"] for chat in chats) == 6
    assert len(sandbox.api("GET", "phone_numbers").json()["phone_numbers"]) == 7
    assert len(sandbox.people()) == 90
    assert sandbox.stats()["messages"] == 1000
    kinds = Counter(person["habits"]["kind"] for person in sandbox.people())
    assert set(kinds) <= {"talker", "answers", "seldom", "dead", "blocker"}
    assert {person["service"] for person in sandbox.people()} == {"iMessage", "RCS", "SMS"}
    for chat in chats[:10]:
        whole = sandbox.control(f"chats/{chat['id']}")
        ours = [message["is_from_me"] for message in whole["messages"]]
        assert (whole["outbound"], whole["inbound"]) == (ours.count(True), ours.count(False))
        assert chat["updated_at"] == whole["messages"][-1]["created_at"]
    counted = sandbox.control("lines/+12025550101/reputation")["drivers"]
    assert counted["sent_7d"] > 0
    assert counted["active_chats"] > 0


def test_the_same_seed_makes_the_same_world_by_size(sandbox: SandboxServer) -> None:
    sandbox.control("reset", {"world": SIZE, "seed": 5, "starts_at": "2026-03-02T14:00:00Z"})
    first = picture(sandbox)
    sandbox.control("reset", {"world": SIZE, "seed": 5, "starts_at": "2026-03-02T14:00:00Z"})
    assert picture(sandbox) == first


def test_the_command_line_takes_a_size(server: SandboxServer) -> None:
    ended = run("reset", "--world", "lines=2,people", database=server.database_url)
    assert (ended.returncode, ended.stderr) == (1, "A size looks like lines=5,people=100,chats=120,messages=900.\n")


def test_everyday_people_sleep_at_night_and_take_their_time(sandbox: SandboxServer) -> None:
    stopped(sandbox, {"lines": 1, "people": 60, "chats": 60, "messages": 60}, people="everyday")
    advance(sandbox, 15 * 3600)  # 05:00 UTC: midnight in the east, nine in the west
    for chat in all_chats(sandbox):
        body = {"message": {"parts": [{"type": "text", "value": "Are you coming tomorrow?"}]}}
        assert sandbox.api("POST", f"chats/{chat['id']}/messages", body).status_code == 202
    advance(sandbox, 3600)
    at_night = Counter(each["event_type"] for each in events(sandbox))
    advance(sandbox, 14 * 3600)
    by_day = Counter(each["event_type"] for each in events(sandbox))
    assert at_night["message.sent"] + at_night["message.failed"] == 60
    assert at_night["message.read"] <= 12
    assert by_day["message.read"] >= 15
    assert by_day["message.received"] >= 8


@pytest.mark.parametrize(
    "world",
    [
        {"lines": 0},
        {"lines": 501},
        {"people": -1},
        {"people": 5, "chats": 26, "messages": 26},
        {"people": 5, "chats": 3, "messages": 2},
        {"messages": 5},
        {"people": True},
        {"groups": 4},
    ],
)
def test_a_size_that_cannot_be_is_refused(sandbox: SandboxServer, world: dict[str, Any]) -> None:
    answer = requests.post(f"{sandbox.url}/sandbox/reset", json={"world": world}, timeout=10)
    refused(answer, 400, 1005)
    assert sandbox.control("ready")["world"] == "empty"
