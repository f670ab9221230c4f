"""Who may do what: every action, tried by everyone. What is refused changes nothing and leaves no trace."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser, User
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile

from chats.actions import attachments, groups, messages, operations
from chats.actions.rules import NotAllowed
from chats.models import Attachment, AuditRecord, Chat, Contact, Handle, LineAccess, Message, Operation, Participant
from chats.models.operation import State
from tests.people import NOON, make_person
from tests.sandbox.uploads import PNG

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _quiet(wakes: list[Any]) -> None:
    """Nobody is woken."""


def _send(chat: Chat, group: Chat, by: User) -> object:
    return messages.send_message(chat=chat, text="Hello", by=by, key=uuid.uuid4())


def _attach(chat: Chat, group: Chat, by: User) -> object:
    return attachments.store_attachment(line=chat.line, file=SimpleUploadedFile("a.png", PNG), by=by)


def _send_file(chat: Chat, group: Chat, by: User) -> object:
    file = attachments.store_attachment(line=chat.line, file=SimpleUploadedFile("a.png", PNG), by=by)
    return messages.send_message(chat=chat, text="", by=by, key=uuid.uuid4(), files=[file.pk])


def _start(chat: Chat, group: Chat, by: User) -> object:
    return messages.start_chat(line=chat.line, to=["+14155550123"], text="Hello", by=by, key=uuid.uuid4())


def _start_in_an_old_one(chat: Chat, group: Chat, by: User) -> object:
    return messages.start_chat(line=chat.line, to=["+14155550101"], text="Hello", by=by, key=uuid.uuid4())


ACTIONS: dict[str, tuple[str, Callable[[Chat, Chat, User], object], int]] = {
    # name: the right it needs, the call, how many operations it writes
    "send_message": ("reply", _send, 1),
    "send_message with a file": ("reply", _send_file, 2),
    "store_attachment": ("reply", _attach, 0),
    "start_chat": ("reply", _start, 1),
    "start_chat again": ("reply", _start_in_an_old_one, 1),
    "mark_read": ("reply", lambda chat, group, by: messages.mark_read(chat=chat, by=by), 1),
    "mark_unread": ("reply", lambda chat, group, by: messages.mark_unread(chat=group, by=by), 0),
    "rename_group": ("manage", lambda chat, group, by: groups.rename_group(chat=group, name="Team", by=by), 1),
    "set_group_icon": (
        "manage",
        lambda chat, group, by: groups.set_group_icon(chat=group, url="https://example.com/a.png", by=by),
        1,
    ),
    "add_participant": (
        "manage",
        lambda chat, group, by: groups.add_participant(chat=group, handle="+14155550120", by=by),
        1,
    ),
    "remove_participant": (
        "manage",
        lambda chat, group, by: groups.remove_participant(chat=group, handle="+14155550111", by=by),
        1,
    ),
    "leave_group": ("manage", lambda chat, group, by: groups.leave_group(chat=group, by=by), 1),
}
REPLY, MANAGE = {"agent", "manager", "administrator"}, {"manager", "administrator"}
PEOPLE = ["agent", "manager", "administrator", "outsider", "roleless", "lineless", "inactive", "anonymous"]


@pytest.fixture
def cast(chat: Chat, agent: User, manager: User, administrator: User, outsider: User) -> dict[str, Any]:
    """Everyone who may turn up, those who must not get in among them."""
    inactive = make_person("inactive", "Manager", chat.line)
    inactive.is_active = False
    inactive.save()
    return {
        "agent": agent,
        "manager": manager,
        "administrator": administrator,
        "outsider": outsider,
        "roleless": make_person("roleless", "", chat.line),
        "lineless": make_person("lineless", "Manager"),
        "inactive": inactive,
        "anonymous": AnonymousUser(),
    }


def everything() -> dict[str, list[tuple[Any, ...]]]:
    """All rows that an action could change."""
    models: list[Any] = [Attachment, Chat, Participant, Handle, Contact, Message, Operation, AuditRecord]
    return {model.__name__: sorted(model.objects.values_list(), key=lambda row: row[0]) for model in models}


@pytest.mark.parametrize("who", PEOPLE)
@pytest.mark.parametrize("action", ACTIONS)
def test_an_action_is_for_those_who_may(action: str, who: str, chat: Chat, group: Chat, cast: dict[str, Any]) -> None:
    Chat.objects.filter(pk=chat.pk).update(unread_count=3)
    right, act, written = ACTIONS[action]
    before = everything()
    if who in (REPLY if right == "reply" else MANAGE):
        act(chat, group, cast[who])
        assert Operation.objects.count() == written
        assert everything() != before
    else:
        with pytest.raises(NotAllowed):
            act(chat, group, cast[who])
        assert everything() == before


@pytest.mark.parametrize("who", PEOPLE)
@pytest.mark.parametrize("action", ["cancel", "retry"])
def test_somebody_elses_operation(action: str, who: str, chat: Chat, cast: dict[str, Any]) -> None:
    by_another = make_person("another", "Agent", chat.line)
    operation = messages.send_message(chat=chat, text="Hello", by=by_another, key=uuid.uuid4()).operation
    before = _prepare(operation, action)
    if who in MANAGE:
        _do(action, operation, cast[who])
        operation.refresh_from_db()
        assert operation.state == (State.CANCELLED if action == "cancel" else State.QUEUED)
        assert AuditRecord.objects.filter(action=f"operation.{action}", actor=cast[who]).count() == 1
    else:
        with pytest.raises(NotAllowed):
            _do(action, operation, cast[who])
        assert everything() == before


@pytest.mark.parametrize("action", ["cancel", "retry"])
def test_ones_own_operation(action: str, chat: Chat, agent: User) -> None:
    operation = messages.send_message(chat=chat, text="Hello", by=agent, key=uuid.uuid4()).operation
    _prepare(operation, action)
    _do(action, operation, agent)
    operation.refresh_from_db()
    assert operation.state == (State.CANCELLED if action == "cancel" else State.QUEUED)


@pytest.mark.parametrize("action", ["cancel", "retry"])
@pytest.mark.parametrize("lost", ["role", "line"])
def test_ones_own_operation_without_the_right(action: str, lost: str, chat: Chat, agent: User) -> None:
    operation = messages.send_message(chat=chat, text="Hello", by=agent, key=uuid.uuid4()).operation
    before = _prepare(operation, action)
    if lost == "role":
        agent.groups.clear()
    else:
        LineAccess.objects.filter(user=agent).delete()
    with pytest.raises(NotAllowed):
        _do(action, operation, User.objects.get(pk=agent.pk))
    assert everything() == before


@pytest.mark.parametrize("who", PEOPLE)
def test_a_file_that_was_not_sent(who: str, chat: Chat, cast: dict[str, Any]) -> None:
    by = cast[who]
    row = Attachment(line=chat.line, uploaded_by=by if by.pk else None, name="a.png", size=3, created_at=NOON)
    row.file.save("", ContentFile(b"abc"), save=False)
    row.save()
    name = row.file.name
    if who in REPLY:
        attachments.discard_attachment(attachment=row, by=by)
        assert Attachment.objects.count() == 0
    else:
        with pytest.raises(NotAllowed):
            attachments.discard_attachment(attachment=row, by=by)
        assert Attachment.objects.get() == row
    assert default_storage.exists(name) == (who not in REPLY)


def _prepare(operation: Operation, action: str) -> dict[str, list[tuple[Any, ...]]]:
    if action == "retry":
        Operation.objects.filter(pk=operation.pk).update(
            state=State.FAILED, error="No.", settled_at=NOON, due_at=None, first_sent_at=NOON
        )
        Message.objects.filter(operation=operation).update(delivery_status="failed", error="No.")
    return everything()


def _do(action: str, operation: Operation, by: User) -> None:
    operation.refresh_from_db()
    if action == "cancel":
        operations.cancel_operation(operation=operation, by=by)
    else:
        operations.retry_operation(operation=operation, by=by)


def test_the_lines_that_a_person_sees_do_not_add_up_with_rights(chat: Chat, agent: User, outsider: User) -> None:
    """A manager of one line who is given another as well manages both; being an agent there gives nothing here."""
    with pytest.raises(NotAllowed):
        _send(chat, chat, outsider)
    LineAccess.objects.create(user=outsider, line=chat.line)
    _send(chat, chat, outsider)
    assert Operation.objects.count() == 1
