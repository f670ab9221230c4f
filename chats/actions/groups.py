"""Changing groups: name, picture, people. Every change shows as pending until the remote confirms it."""

from __future__ import annotations

from urllib.parse import urlsplit

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import QuerySet

from chats.actions.operations import enqueue
from chats.actions.rules import Refused, record, require
from chats.models import Chat, Operation, Participant
from chats.models.operation import OPEN, Kind
from chats.v3.handles import InvalidHandle, clean_handle

MAX_NAME_LENGTH = 400
"""Ours: the remote publishes no limit (linq-v3, 8.2 item 10)."""
MAX_URL_LENGTH = 2048


def rename_group(*, chat: Chat, name: str, by: User) -> Operation:
    """Ask the remote to rename a group. The old name stays until a webhook confirms the new one.

    Raises `NotAllowed` without `manage_groups` on the chat's line, `Refused` for a direct chat (the
    remote would answer 409, code 1006) or a name that is empty, too long or the same as now.
    """
    require(by, "manage_groups", chat.line)
    name = " ".join(name.replace("\x00", "").split())
    if not name:
        raise Refused("Give the group a name.", field="name")
    if len(name) > MAX_NAME_LENGTH:
        raise Refused(f"A name can have {MAX_NAME_LENGTH} characters at the most.", field="name")
    with transaction.atomic():
        chat = _open_group(chat, "Only a group has a name of its own.")
        if name == chat.display_name and not _pending(chat, Kind.RENAME_GROUP).exists():
            raise Refused("The group already has this name.", field="name")
        record(by, "group.rename", line=chat.line, chat=chat, before=chat.display_name, after=name)
        return enqueue(Kind.RENAME_GROUP, line=chat.line, chat=chat, by=by, payload={"display_name": name})


def set_group_icon(*, chat: Chat, url: str, by: User) -> Operation:
    """Ask the remote to use the picture at a public https address for the group.

    Raises `NotAllowed` without `manage_groups`, `Refused` for a direct chat or an address that is not https.
    """
    require(by, "manage_groups", chat.line)
    url = url.strip()
    if not _is_https(url):
        raise Refused("Give the address of a picture that starts with https://.", field="url")
    with transaction.atomic():
        chat = _open_group(chat, "Only a group has a picture of its own.")
        record(by, "group.icon", line=chat.line, chat=chat, before=chat.icon_url, after=url)
        return enqueue(
            Kind.SET_GROUP_ICON,
            line=chat.line,
            chat=chat,
            by=by,
            payload={"group_chat_icon": url, "before": chat.icon_url},
        )


def add_participant(*, chat: Chat, handle: str, by: User) -> Operation:
    """Ask the remote to add a person to a group.

    Raises `NotAllowed` without `manage_groups`; `Refused` for a direct chat, a handle that is none,
    a person who is in the group or being added, or a group of fewer than three (linq-v3, section 5).
    """
    require(by, "manage_groups", chat.line)
    value = _handle(handle)
    with transaction.atomic():
        chat = _open_group(chat, "Only a group can take in more people.")
        people = _people(chat)
        if value in people:
            raise Refused("This person is already in the group.", field="handle")
        if _pending(chat, Kind.ADD_PARTICIPANT).filter(payload__handle=value).exists():
            raise Refused("This person is already being added.", field="handle")
        if len(people) < 3:
            raise Refused("A group needs three people before more can be added.", field="handle")
        coming = set(_pending(chat, Kind.ADD_PARTICIPANT).values_list("payload__handle", flat=True))
        if len(people | coming) >= 32:
            raise Refused("The group is full: 31 people beside our line is the most.", field="handle")
        record(by, "group.add", line=chat.line, chat=chat, target=value)
        return enqueue(Kind.ADD_PARTICIPANT, line=chat.line, chat=chat, by=by, payload={"handle": value})


def remove_participant(*, chat: Chat, handle: str, by: User) -> Operation:
    """Ask the remote to remove a person from a group.

    Raises `NotAllowed` without `manage_groups`; `Refused` for our own line (leave instead), somebody
    who is not in it or already being removed, or when fewer than three would remain (linq-v3, 1.2).
    """
    require(by, "manage_groups", chat.line)
    value = _handle(handle)
    with transaction.atomic():
        chat = _open_group(chat, "Only from a group can a person be removed.")
        people = _people(chat)
        if value == chat.line.phone_number:
            raise Refused("To take our own line out, leave the group.", field="handle")
        if value not in people:
            raise Refused("This person is not in the group.", field="handle")
        going = set(_pending(chat, Kind.REMOVE_PARTICIPANT).values_list("payload__handle", flat=True))
        if value in going:
            raise Refused("This person is already being removed.", field="handle")
        if len(people - going) <= 3:
            raise Refused("A group keeps three people at least, so nobody more can be removed.", field="handle")
        record(by, "group.remove", line=chat.line, chat=chat, target=value)
        return enqueue(Kind.REMOVE_PARTICIPANT, line=chat.line, chat=chat, by=by, payload={"handle": value})


def leave_group(*, chat: Chat, by: User) -> Operation:
    """Ask the remote to take our line out of a group. Afterwards nothing can be sent there.

    Raises `NotAllowed` without `manage_groups`; `Refused` for a direct chat, when already leaving, or
    with fewer than four people in it, ourselves included (linq-v3, 1.2).
    """
    require(by, "manage_groups", chat.line)
    with transaction.atomic():
        chat = _open_group(chat, "Only a group can be left.")
        if _pending(chat, Kind.LEAVE_GROUP).exists():
            raise Refused("Our line is already leaving this group.")
        if len(_people(chat)) < 4:
            raise Refused("A group can be left only while it has four people or more.")
        record(by, "group.leave", line=chat.line, chat=chat)
        return enqueue(Kind.LEAVE_GROUP, line=chat.line, chat=chat, by=by)


def _open_group(chat: Chat, otherwise: str) -> Chat:
    """The group's row, locked; two changes of one group are checked one after the other."""
    chat = Chat.objects.select_for_update(no_key=True, of=("self",)).select_related("line").get(pk=chat.pk)
    if not chat.is_group:
        raise Refused(otherwise)
    if chat.left_at is not None:
        raise Refused("Our line has left this group, so it can no longer be changed.")
    if chat.remote_id is None:
        raise Refused("The group is still being made. Try again in a moment.")
    return chat


def _is_https(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:  # brackets around what is no address
        return False
    return parts.scheme == "https" and bool(parts.hostname) and url.isprintable() and len(url) <= MAX_URL_LENGTH


def _people(chat: Chat) -> set[str]:
    """The handles in the group now, our own line's included."""
    active = Participant.objects.filter(chat=chat, status=Participant.Status.ACTIVE)
    return set(active.values_list("handle__value", flat=True))


def _pending(chat: Chat, kind: Kind) -> QuerySet[Operation]:
    """Changes of this kind that the remote has neither confirmed nor refused yet."""
    return Operation.objects.filter(
        chat=chat, kind=kind, state__in=[*OPEN, Operation.State.ACCEPTED], due_at__isnull=False
    )


def _handle(value: str) -> str:
    try:
        return clean_handle(value)
    except InvalidHandle as problem:
        raise Refused(str(problem), field="handle") from None
