"""The pages' lists: every row once while new ones arrive, a search that nothing breaks, few queries."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from pytest_django import DjangoAssertNumQueries

from chats.actions.groups import rename_group
from chats.actions.messages import send_message
from chats.engine import settle, titles
from chats.models import Chat, Line, Message, Operation, Reaction, WebhookEvent
from chats.queries import activity, groups, inbox
from chats.queries.inbox import InboxFilters
from chats.queries.paging import Page, Position
from tests import wire
from tests.people import NOON, make_chat, make_handle

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _quiet(wakes: list[Any]) -> None:
    """Nobody is woken."""


def many_chats(line: Line, count: int, **fields: Any) -> list[Chat]:
    """Chats of which three each happened at the same moment, as imports make them."""
    return [
        Chat.objects.create(line=line, sort_at=NOON + timedelta(minutes=number // 3), title=f"Chat {number}", **fields)
        for number in range(count)
    ]


def test_every_chat_comes_once_while_new_ones_arrive(line: Line, agent: User) -> None:
    chats = many_chats(line, 100)
    seen: list[Chat] = []
    after = ""
    for number in range(10):
        page = inbox.inbox_page(agent, InboxFilters(), after=after)
        seen += page.rows
        many_chats(line, 1)
        newest = Chat.objects.create(line=line, sort_at=NOON + timedelta(days=number), title="New")
        assert newest not in seen
        after = page.next
        if not after:
            break
    old = [chat for chat in seen if chat in chats]
    assert [chat.pk for chat in old] == [
        chat.pk for chat in sorted(chats, key=lambda one: (one.sort_at, one.pk), reverse=True)
    ]
    assert len(seen) == len(set(seen))


def test_pages_of_operations_and_events_come_once_too(chat: Chat, agent: User, manager: User) -> None:
    for number in range(120):
        send_message(chat=chat, text=f"Message {number}", by=agent, key=uuid.uuid4())
        event = wire.store("call.ringing", {})
        WebhookEvent.objects.filter(pk=event.pk).update(line=chat.line)
    for fetch, rows in (
        (lambda after: activity.operations_page(manager, activity.OperationFilters(), after=after), Operation),
        (lambda after: activity.events_page(manager, activity.EventFilters(), after=after), WebhookEvent),
    ):
        seen: list[int] = []
        after = ""
        for _ in range(5):
            page: Page[Any] = fetch(after)
            seen += [row.pk for row in page.rows]
            after = page.next
            if not after:
                break
        assert seen == list(rows.objects.order_by("-pk").values_list("pk", flat=True))


def test_a_thread_comes_once_from_the_newest(chat: Chat, agent: User) -> None:
    for number in range(120):
        Message.objects.create(
            chat=chat,
            direction="inbound",
            delivery_status="received",
            happened_at=NOON + timedelta(minutes=number // 3),
        )
    seen: list[int] = []
    before = ""
    for _ in range(5):
        page = inbox.thread_page(chat, before=before)
        seen += [row.pk for row in page.rows]
        before = page.next
        if not before:
            break
    assert seen == list(Message.objects.order_by("-pk").values_list("pk", flat=True))


@pytest.mark.parametrize(
    "address",
    ["x", "é", "====", "AAAA", str(Position(NOON, 10**30)), str(Position(NOON, -5)), "MjAyNi0wNy0wM3wx", "²", "9" * 30],
)
def test_a_damaged_place_is_the_start_or_nothing(address: str, chat: Chat, agent: User) -> None:
    assert len(inbox.inbox_page(agent, InboxFilters(), after=address).rows) <= 1
    assert len(activity.operations_page(agent, activity.OperationFilters(), after=address).rows) == 0


@pytest.mark.parametrize("number", ["²", "٣", "-1", "9" * 30, "1e3", "\x00", " 1"])
def test_a_filter_that_is_no_number_is_none(number: str, chat: Chat, agent: User) -> None:
    query = {"line": number, "chat": number}
    assert len(inbox.inbox_page(agent, InboxFilters.read(query)).rows) <= 1
    assert len(activity.operations_page(agent, activity.OperationFilters.read(query)).rows) == 0
    assert len(activity.events_page(agent, activity.EventFilters.read(query)).rows) == 0


# The search.
@pytest.fixture
def found(line: Line, agent: User) -> Any:
    chats = {
        "ada": make_chat(line, make_handle("+14155550101", "Ada O'Example-Smith")),
        "bea": make_chat(line, make_handle("+493012345678", "Bea Müller")),
        "dot": make_chat(line, make_handle("dot.example@mail.example.com")),
        "crew": make_chat(line, make_handle("+14155550111"), make_handle("+14155550112"), name="Night Crew 24/7"),
    }
    titles.refresh([chat.pk for chat in chats.values()])
    names = {chat.pk: name for name, chat in chats.items()}

    def search(text: str) -> list[str]:
        return sorted(names[chat.pk] for chat in inbox.inbox_page(agent, InboxFilters.read({"q": text})).rows)

    return search


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Ada", ["ada"]),
        ("ad", ["ada"]),
        ("o'exam", ["ada"]),
        ("smith ada", ["ada"]),
        ("Example-Smith", ["ada"]),
        ("müll", ["bea"]),
        ("night", ["crew"]),
        ("crew 24/7", ["crew"]),
        ("+14155550101", ["ada"]),
        ("(415) 555-0101", ["ada"]),
        ("415.555.0101", ["ada"]),
        ("+1 415 555", ["ada", "crew"]),
        ("5550101", ["ada"]),
        ("0101", ["ada"]),
        ("030 1234 5678", ["bea"]),
        ("0049 30 12345678", ["bea"]),
        ("030-1234", ["bea"]),
        ("Bea 030-1234", ["bea"]),
        ("dot.example@mail.example.com", ["dot"]),
        ("dot.example@", ["dot"]),
        ("mail", ["dot"]),
        ("crew 5550112", ["crew"]),
        ("ada crew", []),
        ("nobody", []),
        ("...", []),
        ("", ["ada", "bea", "crew", "dot"]),
    ],
)
def test_a_search_finds_by_name_and_number(text: str, names: list[str], found: Any) -> None:
    assert found(text) == names


HOSTILE = [
    "'",
    "''",
    "\\",
    "\\'",
    "a\\'b",
    "' | 'a",
    "a & !b",
    "!ada",
    "ada | bea",
    "(ada",
    "ada:*",
    "<->",
    "a <2> b",
    "%s %(x)s",
    "; DROP TABLE chats_chat; --",
    "\x00",
    "ada\x00bea",
    "_",
    "+",
    "'+'",
    "a" * 10_000,
    "1" * 10_000,
    "' " * 5_000,
    "🎈" * 3_000,
    "٣٣٣",
    "\u202e\ufeff",
]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_no_search_breaks(text: str, found: Any, agent: User) -> None:
    assert set(found(text)) <= {"ada", "bea", "crew", "dot"}
    # Nor one that did not come through the address.
    list(inbox.inbox_page(agent, InboxFilters(search=text)).rows)


@hypothesis_settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=120))
def test_no_text_at_all_breaks_the_search(agent: User, text: str) -> None:
    list(inbox.inbox_page(agent, InboxFilters(search=text)).rows)
    list(inbox.inbox_page(agent, InboxFilters.read({"q": text})).rows)


def test_a_search_ends_at_the_line(found: Any, outsider: User) -> None:
    assert list(inbox.inbox_page(outsider, InboxFilters(search="ada")).rows) == []


def test_filters_narrow(chat: Chat, group: Chat, line: Line, other_line: Line, administrator: User) -> None:
    chat.unread_count, chat.health_status = 2, "AT_RISK"
    chat.save()
    elsewhere = make_chat(other_line, make_handle("+14155550177"))

    def rows(**query: str) -> set[Chat]:
        return set(inbox.inbox_page(administrator, InboxFilters.read(query)).rows)

    assert rows() == {chat, group, elsewhere}
    assert rows(line=str(line.pk)) == {chat, group}
    assert rows(unread="1") == {chat}
    assert (rows(kind="group"), rows(kind="direct")) == ({group}, {chat, elsewhere})
    assert (rows(health="AT_RISK"), rows(health="none")) == ({chat}, {group, elsewhere})
    assert rows(kind="nonsense", health="nonsense", unread="yes") == {chat, group, elsewhere}
    assert inbox.unread_total(administrator) == 2


def test_the_inbox_takes_the_same_queries_however_long(
    line: Line, agent: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for count in (3, 60):
        many_chats(line, count)
        user = User.objects.get(pk=agent.pk)
        # The rights of the person's own and of their groups, then the chats with their lines.
        with django_assert_num_queries(3):
            page = inbox.inbox_page(user, InboxFilters(search="", unread=False))
            assert [chat.line.label for chat in page.rows] == ["Support"] * len(page.rows)


def test_a_thread_takes_the_same_queries_however_long(
    chat: Chat, agent: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    sender = chat.participants.get(is_me=False).handle
    for count in (2, 60):
        for number in range(count):
            send_message(chat=chat, text=f"Message {number}", by=agent, key=uuid.uuid4())
            theirs = Message.objects.create(
                chat=chat, direction="inbound", delivery_status="received", happened_at=NOON, sender=sender
            )
            Reaction.objects.create(message=theirs, type="love", handle=sender)
        with django_assert_num_queries(3):
            for message in inbox.thread_page(chat).rows:
                str(message.sender)
                str(message.author)
                getattr(message, "operation", None)
                [str(one.handle) for one in message.reactions.all()]


def test_the_groups_page(group: Chat, chat: Chat, manager: User, django_assert_num_queries: Any) -> None:
    quiet = make_chat(group.line, make_handle("+14155550191"), make_handle("+14155550192"))
    operation = rename_group(chat=group, name="Team", by=manager)
    user = User.objects.get(pk=manager.pk)
    with django_assert_num_queries(5):
        page = groups.groups_page(user, InboxFilters())
    facts = {one.pk: (one.people, one.has_pending) for one in page.rows}  # type: ignore[attr-defined]
    assert facts == {group.pk: (4, True), quiet.pk: (3, False)}
    assert [one.pk for one in inbox.pending_changes(group)] == [operation.pk]
    settle.fail(operation, sentence="No.")
    assert inbox.pending_changes(group) == []
    assert [one.pk for one in inbox.failed_changes(group)] == [operation.pk]
    again = rename_group(chat=group, name="Team", by=manager)
    assert inbox.failed_changes(group) == []
    assert [one.pk for one in inbox.pending_changes(group)] == [again.pk]


def test_activity_filters(chat: Chat, group: Chat, manager: User, agent: User) -> None:
    sent = send_message(chat=chat, text="Hello", by=agent, key=uuid.uuid4()).operation
    renamed = rename_group(chat=group, name="Team", by=manager)

    def rows(**query: str) -> list[Operation]:
        return list(activity.operations_page(manager, activity.OperationFilters.read(query)).rows)

    assert rows() == [renamed, sent]
    assert rows(kind="send_message") == [sent]
    assert rows(chat=str(group.pk)) == [renamed]
    assert rows(state="failed") == []
    assert rows(state="nonsense") == [renamed, sent]
