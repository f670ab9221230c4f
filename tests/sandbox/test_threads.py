"""Threads: a message and all its replies, from whichever of them one looks."""

from __future__ import annotations

import uuid

import pytest
from linq import LinqAPIV3

from tests.sandbox.conftest import LINES, open_chat, refused, text
from tests.sandbox_server import SandboxServer

MAIL = "ana@example.com"


@pytest.fixture
def thread(sandbox: SandboxServer) -> list[str]:
    """A message, two replies to it, and a reply to the second; around them messages that are none."""
    chat = open_chat(sandbox, MAIL)["id"]

    def send(value: str, to: str | None = None) -> str:
        more = {"reply_to": {"message_id": to}} if to else {}
        answer = sandbox.api("POST", f"chats/{chat}/messages", {"message": text(value, **more)})
        return str(answer.json()["message"]["id"])

    root = send("Root")
    send("Beside it")
    first = send("First", root)
    second = send("Second", root.upper())
    return [root, first, second, send("Third", second)]


def test_the_thread_is_the_same_from_each_of_its_messages(sdk: LinqAPIV3, thread: list[str]) -> None:
    for message in thread:
        assert [each.id for each in sdk.messages.list_messages_thread(message)] == thread


def test_the_order_can_be_turned_round(sdk: LinqAPIV3, thread: list[str]) -> None:
    assert [each.id for each in sdk.messages.list_messages_thread(thread[1], order="desc")] == thread[::-1]


@pytest.mark.parametrize("order", ["asc", "desc"])
def test_pages_of_two_make_the_whole(sandbox: SandboxServer, thread: list[str], order: str) -> None:
    address = f"messages/{thread[0]}/thread"
    first = sandbox.api("GET", address, params={"limit": 2, "order": order}).json()
    second = sandbox.api("GET", address, params={"limit": 2, "order": order, "cursor": first["next_cursor"]}).json()
    found = [each["id"] for page in (first, second) for each in page["messages"]]
    assert found == (thread if order == "asc" else thread[::-1])
    assert second["next_cursor"] is None


def test_a_message_without_replies_is_alone(sandbox: SandboxServer, sdk: LinqAPIV3) -> None:
    message = open_chat(sandbox, MAIL)["message"]["id"]
    assert [each.id for each in sdk.messages.list_messages_thread(message)] == [message]


def test_a_deleted_reply_is_left_out_and_the_thread_holds(sandbox: SandboxServer, thread: list[str]) -> None:
    assert sandbox.api("DELETE", f"messages/{thread[2]}").status_code == 204
    found = sandbox.api("GET", f"messages/{thread[3]}/thread").json()["messages"]
    assert [each["id"] for each in found] == [thread[0], thread[1], thread[3]]


@pytest.mark.parametrize("query", [{"order": "up"}, {"limit": 0}, {"limit": 101}, {"cursor": "20"}])
def test_a_bad_query_is_refused(sandbox: SandboxServer, query: dict[str, object]) -> None:
    message = open_chat(sandbox, MAIL, line=LINES[1])["message"]["id"]
    refused(sandbox.api("GET", f"messages/{message}/thread", params=query), 400, 1005)


def test_what_is_not_there_has_no_thread(sandbox: SandboxServer) -> None:
    refused(sandbox.api("GET", f"messages/{uuid.uuid4()}/thread"), 404, 2002)
    refused(sandbox.api("GET", "messages/nonsense/thread"), 400, 1005)
