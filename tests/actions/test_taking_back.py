"""Taking back what the remote refused for the moment: exactly while it surely does not have it."""

from __future__ import annotations

import uuid
from functools import partial
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.urls import reverse

from chats.actions.groups import rename_group
from chats.actions.messages import send_message
from chats.actions.operations import cancel_operation
from chats.actions.rules import Refused
from chats.models import Chat, Operation
from chats.models.operation import NOT_THERE, State
from tests import wire
from tests.engine.worker import Clock, at_once, only_operation, work
from tests.people import signed_in
from tests.remote import Answer, Asked, Remote, wrong

SEND = "/v3/chats/([^/]+)/messages"
TURNED_AWAY = [(429, 1007), (503, 4004), (401, 2004), (408, None)]
MAYBE_THERE = [(500, 3001), (500, 3006), (504, 3005), (500, 4002)]


@pytest.fixture(autouse=True)
def _frozen(moment: Clock, wakes: list[Any]) -> None:
    """Time moves only where a test moves it."""


def say(chat: Chat, by: User) -> Operation:
    return send_message(chat=chat, text="Hello", by=by, key=uuid.uuid4()).operation


def accept(asked: Asked) -> Answer:
    return Answer(202, {"chat_id": asked.path.split("/")[3], "message": wire.sent(str(uuid.uuid4()))})


def refuse(remote: Remote, status: int, code: int | None) -> None:
    remote.on("POST", SEND, Answer(status, wrong(code) if code else {}, {"Retry-After": "1"} if status == 429 else {}))


@pytest.mark.django_db
@pytest.mark.parametrize(("status", "code"), TURNED_AWAY)
def test_what_was_turned_away_is_taken_back_for_good(
    status: int, code: int | None, chat: Chat, agent: User, remote: Remote, moment: Clock
) -> None:
    say(chat, agent)
    refuse(remote, status, code)
    work()
    operation = only_operation()
    assert (operation.state, operation.attempts, operation.can_be_taken_back) == (State.QUEUED, 1, True)
    cancel_operation(operation=operation, by=agent)
    moment.tick(hours=1)
    assert work() == 0
    assert only_operation().state == State.CANCELLED
    assert len(remote.asked) == 1


@pytest.mark.django_db
@pytest.mark.parametrize(("status", "code"), MAYBE_THERE)
def test_what_failed_half_way_may_be_there_and_is_not(
    status: int, code: int, chat: Chat, agent: User, remote: Remote, moment: Clock
) -> None:
    say(chat, agent)
    refuse(remote, status, code)
    work()
    operation = only_operation()
    assert (operation.state, operation.attempts, operation.can_be_taken_back) == (State.QUEUED, 1, False)
    with pytest.raises(Refused, match="The remote may have it already"):
        cancel_operation(operation=operation, by=agent)
    refuse(remote, 429, 1007)  # the next try is turned away, which says nothing of the first
    moment.tick(minutes=1)
    work()
    assert only_operation().can_be_taken_back is False
    remote.on("POST", SEND, accept)
    moment.tick(minutes=5)
    work()
    assert only_operation().state == State.ACCEPTED
    keys = {asked.key for asked in remote.asked}
    assert keys == {str(operation.key)}
    assert len(remote.asked) == 3


@pytest.mark.django_db
@pytest.mark.parametrize("offered", [True, False])
def test_pages_offer_what_the_action_permits(
    offered: bool, chat: Chat, group: Chat, manager: User, remote: Remote, django_assert_num_queries: Any
) -> None:
    refuse(remote, *((429, 1007) if offered else (500, 3006)))
    remote.on("PUT", "/v3/chats/([^/]+)", Answer(429 if offered else 500, wrong(1007 if offered else 3006)))
    message, change = say(chat, manager), rename_group(chat=group, name="Night crew", by=manager)
    work()
    assert Operation.objects.filter(NOT_THERE).count() == (2 if offered else 0)
    client = signed_in(manager)
    thread = client.get(reverse("admin:chat", args=[chat.pk])).content.decode()
    panel = client.get(reverse("admin:chat_panel", args=[group.pk])).content.decode()
    page = client.get(reverse("admin:operation", args=[message.pk])).content.decode()
    shown = (
        reverse("admin:message_cancel", args=[chat.pk, message.message_id]) in thread,
        reverse("admin:panel_cancel", args=[group.pk, change.pk]) in panel,
        reverse("admin:operation_cancel", args=[message.pk]) in page,
    )
    assert shown == (offered, offered, offered)


@pytest.mark.django_db
def test_the_panel_offers_anothers_change_only_with_the_right(
    group: Chat, manager: User, administrator: User, remote: Remote
) -> None:
    change = rename_group(chat=group, name="Night crew", by=administrator)
    address = reverse("admin:panel_cancel", args=[group.pk, change.pk])
    panel = reverse("admin:chat_panel", args=[group.pk])
    assert address in signed_in(manager).get(panel).content.decode()
    role = manager.groups.get()
    role.permissions.remove(role.permissions.get(codename="retry_operations"))
    assert address not in signed_in(manager).get(panel).content.decode()
    assert signed_in(manager).post(address).status_code == 403
    assert only_operation().state == State.QUEUED


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("round_", range(3))
def test_taken_back_while_a_worker_takes_it(
    round_: int, chat: Chat, agent: User, remote: Remote, moment: Clock
) -> None:
    operation = say(chat, agent)
    refuse(remote, 429, 1007)
    work()
    remote.asked.clear()
    remote.on("POST", SEND, accept)
    moment.tick(minutes=1)
    taken_back, _ = at_once(partial(cancel_operation, operation=operation, by=agent), work)
    state = only_operation().state
    if isinstance(taken_back, Refused):
        assert (state, len(remote.asked)) == (State.ACCEPTED, 1)
    else:
        assert (state, len(remote.asked)) == (State.CANCELLED, 0)
