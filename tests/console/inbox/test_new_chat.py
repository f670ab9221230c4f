"""Starting a chat."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from chats.models import Chat, Line, Message, Operation
from tests.people import signed_in

KEY = "0e6f7d0e-8f5e-4a57-9a63-6c1b44a4f001"


@pytest.fixture
def client(agent: User) -> Client:
    return signed_in(agent)


def start(client: Client, on: Line, **fields: Any) -> Any:
    data = {"key": KEY, "line": on.pk, "to": "+14155550177", "text": "Hello, is this a good time?"} | fields
    return client.post("/inbox/new/", data)


def test_a_chat_starts_with_its_first_message(client: Client, line: Line) -> None:
    response = start(client, line)
    chat = Chat.objects.get()
    assert response.headers["Location"] == f"/inbox/{chat.pk}/"
    assert (chat.line, chat.is_group, chat.title) == (line, False, "+14155550177")
    operation = Operation.objects.get()
    assert (operation.kind, operation.payload, str(operation.key)) == ("create_chat", {"to": ["+14155550177"]}, KEY)


@pytest.mark.parametrize("between", [",", "\n", " ; ", ",\r\n"])
def test_several_handles_make_a_group(client: Client, line: Line, between: str) -> None:
    start(client, line, to=between.join(["+14155550177", "ann@example.com"]))
    assert Chat.objects.get().is_group
    assert Operation.objects.get().payload == {"to": ["+14155550177", "ann@example.com"]}


@pytest.mark.parametrize("typed", ["+1 415 555 0177", "+1 (415) 555-0177", "+1\u00a0415\u00a0555.0177"])
def test_a_number_may_be_written_as_people_write_it(client: Client, line: Line, typed: str) -> None:
    start(client, line, to=typed)
    assert Operation.objects.get().payload == {"to": ["+14155550177"]}


@pytest.mark.parametrize("typed", ["415 555 0177", "+44 (0)20 7946 0123"])
def test_a_number_that_could_be_anothers_is_not_repaired(client: Client, line: Line, typed: str) -> None:
    response = start(client, line, to=typed)
    assert response.status_code == 422
    assert typed in response.content.decode()
    assert Operation.objects.count() == 0


def test_the_same_key_twice_is_one_chat(client: Client, line: Line) -> None:
    first, second = start(client, line), start(client, line)
    assert first.headers["Location"] == second.headers["Location"]
    assert (Chat.objects.count(), Message.objects.count(), Operation.objects.count()) == (1, 1, 1)


def test_a_known_person_is_written_to_where_they_are(client: Client, line: Line, chat: Chat) -> None:
    assert start(client, line, to="+14155550101").headers["Location"] == f"/inbox/{chat.pk}/"
    assert Operation.objects.get().kind == "send_message"


@pytest.mark.parametrize(
    ("fields", "place", "sentence"),
    [
        ({"to": "12345"}, "to", "“12345” has no country code."),
        ({"to": ""}, "to", "Say who it is for"),
        ({"to": " , "}, "to", "Say who it is for"),
        ({"to": "+12025550101"}, "to", "That is the line’s own number.".replace("’", "&#x27;")),
        ({"text": ""}, "text", "Write something first."),
        ({"text": "x" * 10_001}, "text", "This is 1 characters too long"),
        ({"text": "See https://example.com"}, "text", "link"),
        ({"line": "999999"}, "line", "Choose one of your lines."),
    ],
)
def test_a_refusal_stands_at_its_field_and_keeps_the_rest(
    client: Client, line: Line, fields: dict[str, str], place: str, sentence: str
) -> None:
    response = start(client, line, **fields)
    page = response.content.decode()
    assert response.status_code == 422
    assert sentence in page.split(f'id="id_{place}_error"')[1].split("</p>")[0]
    assert f'value="{KEY}"' in page
    for name, written in {"to": "+14155550177", "text": "Hello, is this a good time?"}.items():
        assert (written in page) is (name not in fields)
    assert (Chat.objects.count(), Message.objects.count(), Operation.objects.count()) == (0, 0, 0)


def test_the_line_of_others_is_no_choice(outsider: User, line: Line, other_line: Line) -> None:
    client = signed_in(outsider)
    assert b"Support" not in client.get("/inbox/new/").content
    response = start(client, line)
    assert response.status_code == 422
    assert b"Choose one of your lines." in response.content
    assert (Chat.objects.count(), Operation.objects.count()) == (0, 0)


def test_the_address_can_say_whom_to_write_to(client: Client, line: Line) -> None:
    page = client.get(f"/inbox/new/?to=%2B14155550177&line={line.pk}").content.decode()
    assert "+14155550177</textarea>" in page
    assert f'<option value="{line.pk}" selected>' in page


def test_hostile_input_comes_back_as_text(client: Client, line: Line) -> None:
    page = start(client, line, to="</textarea><script>alert(1)</script>").content.decode()
    assert "<script>alert" not in page


def test_without_a_line_there_is_nothing_to_fill_in(outsider: User) -> None:
    outsider.line_access.all().delete()
    assert b"No line to write from" in signed_in(outsider).get("/inbox/new/").content


def test_each_page_has_a_key_of_its_own(client: Client, line: Line) -> None:
    page = client.get("/inbox/new/").content.decode()
    assert uuid.UUID(page.split('name="key" value="')[1].split('"')[0]).version == 4
