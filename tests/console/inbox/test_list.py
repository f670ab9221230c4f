"""The list: order, filters in the address, pages, updates, and what it costs."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from django.contrib.auth.models import User
from django.test import Client

from chats.models import Chat, Line, LineAccess
from tests.console.inbox.words import HTMX, LIST, rows_of
from tests.people import NOON, make_chat, make_handle, make_line, signed_in

HOSTILE = "<script>alert(1)</script>\u202e\"'><img src=x onerror=alert(1)>"


@pytest.fixture
def client(agent: User) -> Client:
    return signed_in(agent)


def many(line: Line, number: int) -> list[Chat]:
    """Chats, newest first."""
    return [
        make_chat(line, make_handle(f"+1415777{n:04}", f"Person {n}"), sort_at=NOON - timedelta(minutes=n))
        for n in range(number)
    ]


def test_chats_stand_newest_first(client: Client, line: Line) -> None:
    chats = many(line, 3)
    Chat.objects.filter(pk=chats[2].pk).update(sort_at=NOON + timedelta(hours=1))
    assert rows_of(client.get("/inbox/")) == [chats[2].pk, chats[0].pk, chats[1].pk]


def test_a_row_tells_the_whole_story(client: Client, chat: Chat) -> None:
    Chat.objects.filter(pk=chat.pk).update(
        last_message_text="See you at five", last_message_is_ours=True, unread_count=120, health_status="AT_RISK"
    )
    row = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", client.get("/inbox/rows/").content.decode()))
    for word in ("AE", "Ada Example", "You: See you at five", "99+", "Support", "iMessage", "At risk"):
        assert word in row


def test_a_healthy_chat_says_nothing_of_it(client: Client, chat: Chat) -> None:
    Chat.objects.filter(pk=chat.pk).update(health_status="HEALTHY")
    assert "Healthy" not in client.get("/inbox/rows/").content.decode()


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("q=ada", ["chat"]),
        ("q=5550111", ["group"]),
        ("q=crew", ["group"]),
        ("q=nobody", []),
        ("q=%27+%7C+%21%26", []),
        ("kind=group", ["group"]),
        ("kind=direct", ["chat"]),
        ("kind=nonsense", ["chat", "group"]),
        ("unread=1", ["chat"]),
        ("health=AT_RISK", ["group"]),
        ("health=none", ["chat"]),
        ("line=999999999999999999999", ["chat", "group"]),
        ("line=999", []),
        ("q=example&unread=1&kind=direct", ["chat"]),
        ("after=damaged", ["chat", "group"]),
        ("q=%00", []),
        ("q=ada%00", ["chat"]),
        ("health=%00", ["chat", "group"]),
    ],
)
def test_filters_narrow_the_list(client: Client, chat: Chat, group: Chat, query: str, expected: list[str]) -> None:
    Chat.objects.filter(pk=chat.pk).update(unread_count=1, sort_at=NOON + timedelta(minutes=1))
    Chat.objects.filter(pk=group.pk).update(health_status="AT_RISK")
    names = {chat.pk: "chat", group.pk: "group"}
    assert [names[pk] for pk in rows_of(client.get(f"/inbox/?{query}"))] == expected


def test_filters_stay_in_every_address(client: Client, chat: Chat) -> None:
    page = client.get("/inbox/?q=Ada&kind=direct&health=&unread=").content.decode()
    assert f'href="/inbox/{chat.pk}/?q=Ada&amp;kind=direct"' in page
    assert 'value="Ada"' in page
    assert '<option value="direct" selected>' in page
    # each set filter, and the address without it
    assert re.findall(r'class="chip" href="([^"]+)"', page) == ["/inbox/?kind=direct", "/inbox/?q=Ada"]


def test_htmx_gets_the_list_alone_and_a_short_address(client: Client, chat: Chat) -> None:
    response = client.get("/inbox/?q=ada&line=&kind=&health=", headers=LIST)
    assert b"<html" not in response.content
    assert rows_of(response) == [chat.pk]
    assert response.headers["HX-Push-Url"] == "/inbox/?q=ada"
    assert {"HX-Request", "HX-Target"} <= {name.strip() for name in response.headers["Vary"].split(",")}


def test_an_open_chat_stays_in_the_address(client: Client, chat: Chat) -> None:
    open_chat = f"http://testserver/inbox/{chat.pk}/?q=old"
    response = client.get("/inbox/?q=new", headers=LIST | {"HX-Current-URL": open_chat})
    assert response.headers["HX-Push-Url"] == f"/inbox/{chat.pk}/?q=new"


def test_another_site_cannot_choose_the_address(client: Client, chat: Chat) -> None:
    headers = LIST | {"HX-Current-URL": f"https://evil.example/inbox/{chat.pk}/"}
    assert client.get("/inbox/?q=new", headers=headers).headers["HX-Push-Url"] == "/inbox/?q=new"


def test_a_page_restored_from_history_comes_whole(client: Client, chat: Chat) -> None:
    response = client.get("/inbox/", headers=LIST | {"HX-History-Restore-Request": "true"})
    assert b"<html" in response.content


def test_older_chats_follow_without_gap_or_repeat(client: Client, line: Line) -> None:
    chats = many(line, 45)
    Chat.objects.update(sort_at=NOON)  # all at the same moment: the id decides
    first = client.get("/inbox/")
    address = re.search(r'href="(/inbox/\?after=[^"]+)"', first.content.decode())
    assert address is not None
    second = client.get(address.group(1), headers=HTMX | {"HX-Target": "chats-older"})
    assert b"<html" not in second.content
    assert rows_of(first) + rows_of(second) == sorted((chat.pk for chat in chats), reverse=True)
    assert len(rows_of(first)) == 40
    assert b"chats-older" not in second.content
    assert rows_of(client.get(address.group(1))) == rows_of(second)  # as a link, without htmx


@pytest.mark.parametrize("number", [3, 40])
def test_the_page_costs_the_same_whatever_it_shows(
    client: Client, line: Line, number: int, django_assert_num_queries: Any
) -> None:
    changed = ",".join(str(one.pk) for one in many(line, number))
    # session, person, two for the rights; lines, chats, unread
    with django_assert_num_queries(7):
        client.get("/inbox/")
    with django_assert_num_queries(7):
        client.get("/inbox/?q=person&kind=direct", headers=LIST)
    # no lines, no counter
    with django_assert_num_queries(5):
        client.get("/inbox/rows/")
    with django_assert_num_queries(5):
        client.get(f"/inbox/rows/?ids={changed}")


def test_changed_rows_come_alone_and_as_the_filters_want(client: Client, chat: Chat, group: Chat) -> None:
    response = client.get(f"/inbox/rows/?ids={chat.pk},{group.pk}&kind=group")
    assert rows_of(response) == [group.pk]
    assert f'data-asked="{chat.pk},{group.pk}"' in response.content.decode()
    assert "data-first-page" not in response.content.decode()
    assert "data-first-page" in client.get("/inbox/rows/").content.decode()


def test_a_row_says_when_it_looks_different(client: Client, chat: Chat) -> None:
    def version() -> str:
        return str(re.findall(r'data-version="(\w+)"', client.get("/inbox/rows/").content.decode())[0])

    first = version()
    assert version() == first
    Chat.objects.filter(pk=chat.pk).update(unread_count=3)
    assert version() != first


@pytest.mark.parametrize("number", [0, 1, 7])
def test_the_tab_says_how_much_is_unread(client: Client, chat: Chat, number: int) -> None:
    Chat.objects.filter(pk=chat.pk).update(unread_count=number)
    title = "Inbox | Chatdeck" if number == 0 else f"({number}) Inbox | Chatdeck"
    assert f"<title>{title}</title>" in client.get("/inbox/").content.decode()


def test_hostile_names_and_previews_are_text(client: Client, line: Line) -> None:
    chat = make_chat(line, make_handle("+14155550100", HOSTILE), last_message_text=HOSTILE)
    Line.objects.filter(pk=line.pk).update(label=HOSTILE[:80])
    for path in ("/inbox/", f"/inbox/{chat.pk}/", f"/inbox/?{urlencode({'q': HOSTILE})}"):
        page = client.get(path).content.decode()
        assert "<script>alert" not in page
        assert "<img src=x" not in page
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page


def test_without_a_line_it_says_whom_to_ask(outsider: User) -> None:
    LineAccess.objects.all().delete()
    assert b"Ask an administrator to give you a line." in signed_in(outsider).get("/inbox/").content


def test_without_chats_it_says_what_comes_next(client: Client, administrator: User) -> None:
    assert b"They appear here by themselves when somebody writes." in client.get("/inbox/").content
    page = signed_in(administrator).get("/inbox/").content.decode()
    assert "Go to Setup" in page
    assert 'href="/setup/"' in page


def test_nothing_found_offers_to_clear_the_filters(client: Client, chat: Chat) -> None:
    page = client.get("/inbox/?q=nobody").content.decode()
    assert "No chat found" in page
    assert "Clear filters" in page


def test_the_line_filter_shows_only_to_who_has_several(client: Client, agent: User, chat: Chat) -> None:
    assert 'name="line"' not in client.get("/inbox/").content.decode()
    LineAccess.objects.create(user=agent, line=make_line("+12025550177", "Second"))
    assert 'name="line"' in client.get("/inbox/").content.decode()
