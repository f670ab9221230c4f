"""Who may open what: the boundary of the lines, and the rights of the roles."""

from __future__ import annotations

import re
import uuid
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from chats.models import AuditRecord, Chat, Message, Operation
from tests.console.inbox.words import HTMX, THREAD, fail, rows_of, send, write
from tests.people import make_chat, make_handle, make_person, signed_in

READS = ["", "head/", "older/", "updates/"]
CHANGES = ["send/", "read/", "unread/"]


@pytest.fixture
def message(chat: Chat) -> Message:
    return write(chat, "For the team only")


def change(client: Client, chat: Chat, verb: str, **headers: str) -> Any:
    data = {"text": "Hi", "key": str(uuid.uuid4()), "seen": 10**9}
    return client.post(f"/inbox/{chat.pk}/{verb}", data, headers=headers)


def without_chance(response: Any, pk: int) -> str:
    """The answer without what differs between any two: the moment, the form tokens, the address."""
    text = re.sub(r'data-now="[^"]*"|\b[A-Za-z0-9]{64}\b', "", response.content.decode())
    return text.replace(f"/inbox/{pk}/", "")


def nothing_happened(chat: Chat) -> bool:
    was = Chat.objects.get(pk=chat.pk)
    return (
        Operation.objects.count() == 0
        and AuditRecord.objects.count() == 0
        and Message.objects.filter(direction="outbound").count() == 0
        and was.unread_count == chat.unread_count
    )


@pytest.mark.parametrize("path", ["/inbox/", "/inbox/rows/", "/inbox/unread/", "/inbox/new/"])
def test_who_is_not_signed_in_is_sent_to_the_sign_in(client: Client, db: None, path: str) -> None:
    response = client.get(path)
    assert response.status_code == 302
    assert response.headers["Location"].startswith("/login/?next=")


@pytest.mark.parametrize("verb", READS)
def test_a_chat_is_not_shown_without_a_sign_in(client: Client, chat: Chat, message: Message, verb: str) -> None:
    response = client.get(f"/inbox/{chat.pk}/{verb}")
    assert response.status_code == 302
    assert b"For the team only" not in response.content


@pytest.mark.parametrize("verb", CHANGES)
def test_nothing_changes_without_a_sign_in(client: Client, chat: Chat, verb: str) -> None:
    assert change(client, chat, verb).status_code == 302
    assert nothing_happened(chat)


def test_somebody_who_is_not_staff_is_sent_to_the_sign_in(chat: Chat) -> None:
    response = signed_in(User.objects.create_user("visitor")).get(f"/inbox/{chat.pk}/")
    assert response.status_code == 302


def test_staff_without_a_role_may_not_enter(chat: Chat) -> None:
    client = signed_in(make_person("roleless", "", chat.line))
    assert [client.get(path).status_code for path in ("/inbox/", "/inbox/rows/", f"/inbox/{chat.pk}/")] == [403] * 3
    assert change(client, chat, "send/").status_code == 403
    assert nothing_happened(chat)


@pytest.mark.parametrize("headers", [{}, HTMX, THREAD])
@pytest.mark.parametrize("verb", READS)
def test_an_outsider_finds_what_does_not_exist(
    outsider: User, chat: Chat, message: Message, verb: str, headers: dict[str, str]
) -> None:
    client = signed_in(outsider)
    there = client.get(f"/inbox/{chat.pk}/{verb}", headers=headers)
    nowhere = client.get(f"/inbox/{chat.pk + 1000}/{verb}", headers=headers)
    assert there.status_code == nowhere.status_code == 404
    assert without_chance(there, chat.pk) == without_chance(nowhere, chat.pk + 1000)


@pytest.mark.parametrize("verb", CHANGES)
def test_an_outsider_changes_and_sends_nothing(outsider: User, chat: Chat, verb: str) -> None:
    assert change(signed_in(outsider), chat, verb).status_code == 404
    assert nothing_happened(chat)


@pytest.mark.parametrize("verb", ["retry", "cancel"])
def test_an_outsider_has_no_say_over_a_message(outsider: User, agent: User, chat: Chat, verb: str) -> None:
    send(signed_in(agent), chat, "Hello")
    message = Message.objects.get()
    if verb == "retry":
        fail(message)
    before = Operation.objects.values().get()
    response = signed_in(outsider).post(f"/inbox/{chat.pk}/messages/{message.pk}/{verb}/")
    assert response.status_code == 404
    assert Operation.objects.values().get() == before


def test_lists_searches_and_counts_end_at_the_lines(
    outsider: User, agent: User, chat: Chat, group: Chat, other_line: Any
) -> None:
    theirs = make_chat(other_line, make_handle("+14155550999", "Ada Elsewhere"), unread_count=2)
    Chat.objects.filter(pk=chat.pk).update(unread_count=5)
    assert rows_of(signed_in(outsider).get("/inbox/")) == [theirs.pk]
    assert rows_of(signed_in(outsider).get("/inbox/?q=ada")) == [theirs.pk]
    assert rows_of(signed_in(agent).get("/inbox/?q=ada")) == [chat.pk]
    assert rows_of(signed_in(outsider).get(f"/inbox/?line={chat.line_id}")) == []
    assert rows_of(signed_in(outsider).get(f"/inbox/rows/?ids={chat.pk},{group.pk},{theirs.pk}")) == [theirs.pk]
    assert signed_in(outsider).get("/inbox/unread/").json() == {"total": 2}
    assert signed_in(agent).get("/inbox/unread/").json() == {"total": 5}
    assert b"Support" not in signed_in(outsider).get("/inbox/").content


@pytest.mark.parametrize("who", ["agent", "manager", "administrator"])
def test_every_role_reads_and_replies(request: pytest.FixtureRequest, chat: Chat, message: Message, who: str) -> None:
    client = signed_in(request.getfixturevalue(who))
    page = client.get(f"/inbox/{chat.pk}/")
    assert page.status_code == 200
    assert b"For the team only" in page.content
    assert send(client, chat, f"From the {who}").status_code == 200
    assert Message.objects.get(direction="outbound").text == f"From the {who}"


def test_a_reader_sees_the_thread_but_no_box_and_sends_nothing(chat: Chat, message: Message) -> None:
    reader = make_person("reader", "", chat.line)
    reader.user_permissions.add(Permission.objects.get(codename="read_chats"))
    client = signed_in(reader)
    page = client.get(f"/inbox/{chat.pk}/").content.decode()
    assert "For the team only" in page
    assert "Your role can read chats but not reply." in page
    assert 'id="composer"' not in page
    assert "New chat" not in page
    assert [change(client, chat, verb).status_code for verb in CHANGES] == [403] * 3
    assert client.get("/inbox/new/").status_code == 403
    assert nothing_happened(chat)


def test_a_line_taken_away_takes_its_chats_along(agent: User, chat: Chat) -> None:
    client = signed_in(agent)
    assert client.get(f"/inbox/{chat.pk}/").status_code == 200
    agent.line_access.all().delete()
    assert client.get(f"/inbox/{chat.pk}/").status_code == 404
    assert rows_of(client.get("/inbox/")) == []


@pytest.mark.parametrize("verb", [*CHANGES, "messages/1/retry/", "messages/1/cancel/"])
def test_a_change_is_never_made_by_a_get(agent: User, chat: Chat, verb: str) -> None:
    assert signed_in(agent).get(f"/inbox/{chat.pk}/{verb}").status_code == 405


def test_a_change_from_another_site_is_refused(agent: User, chat: Chat) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(agent)
    assert change(client, chat, "send/").status_code == 403
    assert nothing_happened(chat)
