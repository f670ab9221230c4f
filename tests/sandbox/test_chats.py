"""Chats: create or reuse, list, retrieve, read."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from linq import LinqAPIV3

from tests.sandbox.conftest import ANA, BEN, CARA, LINES, open_chat, refused, text
from tests.sandbox_server import SandboxServer, wait_for

UNKNOWN = "00000000-0000-4000-8000-000000000000"


def create(server: SandboxServer, **changes: Any) -> Any:
    body = {"from": LINES[0], "to": [ANA], "message": text("Hello there"), **changes}
    return server.api("POST", "chats", {key: value for key, value in body.items() if value is not None})


def test_a_new_chat_starts_pending_and_healthy(sandbox: SandboxServer) -> None:
    answer = create(sandbox)
    assert answer.status_code == 201
    assert list(answer.json()) == ["chat"]
    chat = answer.json()["chat"]
    assert set(chat) == {
        "id", "display_name", "handles", "health_status", "health_score", "is_group", "service", "message",
    }  # fmt: skip
    assert chat["display_name"] == ANA
    assert chat["is_group"] is False
    assert [(each["handle"], each["is_me"], each["status"]) for each in chat["handles"]] == [
        (LINES[0], True, "active"),
        (ANA, False, "active"),
    ]
    assert chat["health_status"]["status"] == "HEALTHY"
    assert chat["health_score"]["score"] == 100
    message = chat["message"]
    assert message["delivery_status"] == "pending"
    assert (message["sent_at"], message["delivered_at"], message["service"]) == (None, None, None)
    assert message["from_handle"]["handle"] == LINES[0]


def test_the_same_people_get_the_same_chat_in_any_order(sandbox: SandboxServer) -> None:
    first = open_chat(sandbox, ANA, BEN)
    again = open_chat(sandbox, BEN, ANA)
    assert again["id"] == first["id"]
    assert again["message"]["id"] != first["message"]["id"]
    assert open_chat(sandbox, ANA)["id"] != first["id"]
    assert open_chat(sandbox, ANA, BEN, CARA)["id"] != first["id"]
    assert open_chat(sandbox, ANA, BEN, line=LINES[1])["id"] != first["id"]


def test_a_named_group_is_not_reused(sandbox: SandboxServer) -> None:
    first = open_chat(sandbox, ANA, "b@example.com")
    group = open_chat(sandbox, "a@example.com", "b@example.com")
    assert group["id"] != first["id"]
    assert sandbox.api("PUT", f"chats/{group['id']}", {"display_name": "Crew"}).status_code == 200
    wait_for(lambda: sandbox.api("GET", f"chats/{group['id']}").json()["display_name"] == "Crew")
    assert open_chat(sandbox, "a@example.com", "b@example.com")["id"] != group["id"]


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"from": None}, 400, 1001),
        ({"from": "2025550101"}, 400, 1002),
        ({"from": "+12025550199"}, 403, 2006),
        ({"to": None}, 400, 1001),
        ({"to": []}, 400, 1005),
        ({"to": ANA}, 400, 1003),
        ({"to": ["305 555"]}, 400, 1002),
        ({"to": [LINES[0]]}, 400, 1005),
        ({"to": [f"+130555501{number}" for number in range(10, 42)]}, 400, 1005),
        ({"message": None}, 400, 1001),
        ({"message": "Hello"}, 400, 1003),
        ({"message": text("Look: https://example.com")}, 400, 1005),
        ({"message": {"parts": [{"type": "link", "value": "https://example.com"}]}}, 400, 1005),
        ({"message": text("Hi", effect={"type": "screen", "name": "confetti"})}, 400, 1005),
        ({"message": {"parts": [{"type": "text", "value": "a"}, {"type": "text", "value": "b"}]}}, 400, 1004),
        ({"message": {"parts": [{"type": "media", "attachment_id": UNKNOWN}]}}, 404, 2003),
        ({"override_optout": "yes"}, 400, 1003),
    ],
)  # fmt: skip
def test_a_bad_create_is_refused_and_makes_nothing(
    sandbox: SandboxServer, changes: dict[str, Any], status: int, code: int
) -> None:
    refused(create(sandbox, **changes), status, code)
    assert sandbox.api("GET", "chats").json()["chats"] == []
    assert sandbox.stats()["accepted"]["total"] == 0


def test_a_link_may_go_into_a_chat_that_is_there(sandbox: SandboxServer) -> None:
    first = open_chat(sandbox, ANA)
    link = {"parts": [{"type": "link", "value": "https://example.com"}]}
    assert open_chat(sandbox, ANA, message=link)["id"] == first["id"]


def test_creates_at_once_make_one_chat(sandbox: SandboxServer) -> None:
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: create(sandbox), range(8)))
    for answer in answers:
        if answer.status_code != 201:
            refused(answer, 409, 2009)
    assert len(sandbox.api("GET", "chats").json()["chats"]) == 1
    accepted = sum(answer.status_code == 201 for answer in answers)
    assert sandbox.stats()["accepted"]["total"] == accepted


def test_the_list_comes_newest_first_in_pages(sandbox: SandboxServer) -> None:
    made = [open_chat(sandbox, f"+130555501{number}", line=LINES[number % 2])["id"] for number in range(10, 17)]
    seen, cursor = [], None
    for expected in (3, 3, 1):
        query = {"limit": 3, **({"cursor": cursor} if cursor else {})}
        page = sandbox.api("GET", "chats", params=query).json()
        assert len(page["chats"]) == expected
        seen += [chat["id"] for chat in page["chats"]]
        cursor = page["next_cursor"]
        open_chat(sandbox, f"+130555502{expected}{len(seen)}")  # what is new arrives before the pages
    assert cursor is None
    assert seen == made[::-1]


def test_the_list_can_be_of_a_line_or_a_person(sandbox: SandboxServer) -> None:
    first = open_chat(sandbox, ANA)["id"]
    group = open_chat(sandbox, ANA, BEN, line=LINES[1])["id"]
    other = open_chat(sandbox, BEN, line=LINES[1])["id"]

    def ids(**query: str) -> list[str]:
        return [chat["id"] for chat in sandbox.api("GET", "chats", params=query).json()["chats"]]

    assert ids(**{"from": LINES[1]}) == [other, group]
    assert ids(to=ANA) == [group, first]
    assert ids(to=ANA, **{"from": LINES[0]}) == [first]
    assert ids(to=LINES[0]) == []


def test_the_sdk_reads_every_chat_of_the_demo_world(demo: SandboxServer, sdk: LinqAPIV3) -> None:
    chats = list(sdk.chats.list_chats(limit=100))
    assert len({chat.id for chat in chats}) == len(chats) == 200
    one = sdk.chats.retrieve(chats[0].id)
    assert one == chats[0]
    messages = list(sdk.chats.messages.list(chats[0].id, limit=5))
    assert [message.chat_id for message in messages] == [chats[0].id] * len(messages)
    times = [message.created_at for message in messages]
    assert times == sorted(times, reverse=True)
    assert sdk.messages.retrieve(messages[0].id) == messages[0]
    assert len(sdk.phone_numbers.list().phone_numbers) == 5


def test_reading_a_chat_marks_what_came_in(sandbox: SandboxServer) -> None:
    said = sandbox.say("ana@example.com", "Anybody there?", line=LINES[0])
    messages = f"chats/{said['chat_id']}/messages"
    before = sandbox.api("GET", messages).json()["messages"][0]
    assert (before["delivery_status"], before["is_read"], before["is_from_me"]) == ("received", False, False)
    assert sandbox.api("POST", f"chats/{said['chat_id']}/read").status_code == 204
    after = sandbox.api("GET", messages).json()["messages"][0]
    assert (after["delivery_status"], after["is_read"]) == ("read", True)


def test_a_direct_chat_cannot_be_renamed(sandbox: SandboxServer) -> None:
    chat = open_chat(sandbox, ANA)
    refused(sandbox.api("PUT", f"chats/{chat['id']}", {"display_name": "Ana"}), 409, 1006)
