"""The account's allowance a day and a minute, where it has one."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.sandbox.conftest import ANA, BEN, open_chat, refused, text
from tests.sandbox_server import SandboxServer


@pytest.fixture
def limited(monkeypatch: pytest.MonkeyPatch) -> Iterator[SandboxServer]:
    """A sandbox that lets the account send three messages a day."""
    monkeypatch.setenv("SANDBOX_DAILY_LIMIT", "3")
    running = SandboxServer()
    try:
        yield running.start("empty")
    finally:
        running.stop()


def test_the_fourth_message_of_a_day_has_to_wait_until_midnight(limited: SandboxServer) -> None:
    chat = open_chat(limited, ANA)["id"]
    body = {"message": text("Hello")}
    poll = {"poll": {"options": [{"text": "x"}, {"text": "y"}]}}
    assert limited.api("POST", f"chats/{chat}/messages", body).status_code == 202
    assert limited.api("POST", "messages", {"to": [BEN], **body}).status_code == 202
    mail = "cara@example.com"
    error = refused(limited.api("POST", "messages", {"to": [mail], **body}), 429, 1007)
    assert 1 <= error["retry_after"] <= 24 * 3600
    refused(limited.api("POST", f"chats/{chat}/messages", body), 429, 1007)
    memo = {"voice_memo_url": "https://files.example.com/a.m4a"}
    refused(limited.api("POST", f"chats/{chat}/voicememo", memo), 429, 1007)
    assert limited.api("GET", "chats", params={"to": mail}).json()["chats"] == []
    limited.control("clock", {"advance_seconds": error["retry_after"]})
    opened = open_chat(limited, mail)["id"]
    assert limited.api("POST", f"chats/{opened}/polls", poll).status_code == 201
    assert limited.stats()["accepted"]["total"] == 5


def test_sends_at_once_do_not_slip_past_the_allowance(limited: SandboxServer) -> None:
    chats = [open_chat(limited, ANA)["id"], open_chat(limited, BEN)["id"]]

    def send(number: int) -> int:
        body = {"message": text(f"Number {number}")}
        return limited.api("POST", f"chats/{chats[number % 2]}/messages", body).status_code

    with ThreadPoolExecutor(6) as pool:
        assert sorted(pool.map(send, range(6))) == [202, 429, 429, 429, 429, 429]
    assert limited.stats()["accepted"]["total"] == 3


def test_the_third_message_of_a_minute_has_to_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SANDBOX_MINUTE_LIMIT", "2")
    server = SandboxServer()
    try:
        server.start("empty")
        server.control("clock", {"step": True})
        open_chat(server, ANA)
        server.control("clock", {"advance_seconds": 20})
        open_chat(server, BEN)
        send = {"to": [ANA], "message": text("Hello")}
        assert refused(server.api("POST", "messages", send), 429, 1007)["retry_after"] == 40
        server.control("clock", {"advance_seconds": 40})
        assert server.api("POST", "messages", send).status_code == 202
        assert refused(server.api("POST", "messages", send), 429, 1007)["retry_after"] == 20
    finally:
        server.stop()
