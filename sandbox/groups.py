"""Changes of a group: asked for by the API or made by a person, carried out when they are due.

Names, icons and members can be changed in iMessage groups only. Assumption (8.2): where the service cannot,
a new name or icon is taken and fails later (4001), as the remote does not look before it answers.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction

from sandbox import alarms, chance, clock, happenings, world
from sandbox.api.errors import ApiError
from sandbox.event_shapes import group_changed_news, group_refused_news, participant_news
from sandbox.events import tell
from sandbox.happenings import Payload, handles, happening
from sandbox.models import Chat, Participant
from sandbox.people import habits

DELAY = (0.3, 0.9)
# With our line counted: a group stays a group of three (linq-v3, 5).
LEAST_MEMBERS = 3
SUPPORTS = {"iMessage": {"iMessage"}, "RCS": {"iMessage", "RCS"}, "SMS": {"iMessage", "RCS", "SMS"}}


def ask_for(kind: str, chat: Chat, trace_id: str, **what: str | None) -> None:
    """Plan a change of a group: `group.name`, `group.icon`, `group.add`, `group.remove` or `group.leave`."""
    now = clock.now()
    delay = chance.between(*DELAY, world.current().seed, kind, chat.reuse_key, *what.values())
    with transaction.atomic():
        happenings.plan([happening(kind, alarms.later(now, delay), chat=str(chat.id), trace_id=trace_id, **what)])


def require_members_can_change(chat: Chat) -> None:
    """Raise `ApiError` unless people can be added to and removed from this chat."""
    if not chat.is_group:
        # Assumption (8.2 3): the code for changing a direct chat.
        raise ApiError(1006, "A direct chat has no participants to change")
    if chat.service != "iMessage":
        raise ApiError(2017, "Only iMessage groups can change their participants")


def active(chat: Chat) -> list[Participant]:
    """Who is in the chat now, our line included."""
    return list(chat.participants.filter(status="active").order_by("joined_at", "id"))


def check_add(chat: Chat, handle: str) -> None:
    """Raise `ApiError` when this handle cannot be added."""
    require_members_can_change(chat)
    members = active(chat)
    if any(member.handle == handle for member in members):
        raise ApiError(2015, f"{handle} is already in this chat")
    if len(members) < LEAST_MEMBERS:
        raise ApiError(2015, "Only a group of three or more can be added to")
    person = habits.meet([handle], world.current().seed)[handle]
    if person.service != "iMessage":
        raise ApiError(2017, f"{handle} is not on the service of this chat")


def check_remove(chat: Chat, handle: str) -> None:
    """Raise `ApiError` when this handle cannot be removed."""
    require_members_can_change(chat)
    members = active(chat)
    member = next((each for each in members if each.handle == handle), None)
    if member is None:
        raise ApiError(1005, f"{handle} is not in this chat")
    if member.is_me:
        raise ApiError(1005, "You cannot remove yourself; leave the chat instead")
    if len(members) - 1 < LEAST_MEMBERS:
        raise ApiError(2015, "Three participants must remain")


def check_leave(chat: Chat) -> None:
    """Raise `ApiError` when our line cannot leave."""
    if not chat.is_group:
        raise ApiError(1006, "A direct chat cannot be left")
    if chat.service != "iMessage":
        raise ApiError(2017, "Only an iMessage group can be left")
    if len(active(chat)) - 1 < LEAST_MEMBERS:
        raise ApiError(2015, "Three participants must remain")


@handles("group.name")
def _name(payloads: Sequence[Payload]) -> None:
    for payload in payloads:
        rename(_chat(payload), payload["value"], payload["trace_id"], by=payload.get("by"))


@handles("group.icon")
def _icon(payloads: Sequence[Payload]) -> None:
    for payload in payloads:
        change_icon(_chat(payload), payload["value"], payload["trace_id"], by=payload.get("by"))


def rename(chat: Chat, name: str, trace_id: str, *, by: str | None) -> None:
    """Give a group its name now. `by` is the handle of the person who did it; None is our line."""
    _change(chat, "name", name, trace_id, by=by)


def change_icon(chat: Chat, url: str, trace_id: str, *, by: str | None) -> None:
    """Give a group its icon now; `by` as for `rename`."""
    _change(chat, "icon", url, trace_id, by=by)


def _change(chat: Chat, what: str, value: str | None, trace_id: str, *, by: str | None) -> None:
    at = clock.now()
    if chat.service != "iMessage":
        tell([group_refused_news(chat, what, 4001, at, trace_id)])
        return
    members = {member.handle: member for member in active(chat)}
    actor = members.get(by or chat.line.phone_number)
    if actor is None:  # they left before it was their turn
        tell([group_refused_news(chat, what, 4001, at, trace_id)])
        return
    field = "display_name" if what == "name" else "icon"
    old = getattr(chat, field)
    setattr(chat, field, value or None)
    chat.updated_at = at
    if what == "name":
        chat.reuse_key = None  # a named group is never reused by a create
    chat.save(update_fields=[field, "updated_at", "reuse_key"])
    tell([group_changed_news(chat, what, old, value or None, actor, at, trace_id)])


@handles("group.add")
def _add(payloads: Sequence[Payload]) -> None:
    for payload in payloads:
        add(_chat(payload), payload["handle"], payload["trace_id"])


def add(chat: Chat, handle: str, trace_id: str) -> None:
    """Put somebody into a group now; who was there before comes back to the same entry, our line too."""
    at = clock.now()
    if handle == chat.line.phone_number:
        _bring_back(chat, at, trace_id)
        return
    person = habits.meet([handle], world.current().seed)[handle]
    participant, _ = Participant.objects.update_or_create(
        chat=chat,
        handle=handle,
        defaults={"person": person, "service": "iMessage", "status": "active", "joined_at": at, "left_at": None},
    )
    _members_changed(chat, participant, at, trace_id)


def _bring_back(chat: Chat, at: datetime, trace_id: str) -> None:
    """A member adds our line again: the chat is open to us as before (linq-v3, 1.2)."""
    me = chat.participants.get(is_me=True)
    if me.status == "active":
        return
    me.status, me.joined_at, me.left_at = "active", at, None
    me.save(update_fields=["status", "joined_at", "left_at"])
    chat.left_at = None
    chat.save(update_fields=["left_at"])
    _members_changed(chat, me, at, trace_id)


@handles("group.remove")
def _remove(payloads: Sequence[Payload]) -> None:
    for payload in payloads:
        part(_chat(payload), payload["handle"], "removed", payload["trace_id"])


@handles("group.leave")
def _leave(payloads: Sequence[Payload]) -> None:
    for payload in payloads:
        chat = _chat(payload)
        part(chat, chat.line.phone_number, "left", payload["trace_id"])


def part(chat: Chat, handle: str, how: str, trace_id: str) -> None:
    """Take a handle out of a group now; `how` is `left` or `removed`. Nothing happens when it is out already."""
    at = clock.now()
    participant = chat.participants.filter(handle=handle, status="active").first()
    if participant is None:
        return
    participant.status, participant.left_at = how, at
    participant.save(update_fields=["status", "left_at"])
    if participant.is_me:
        chat.left_at = at
        chat.save(update_fields=["left_at"])
    _members_changed(chat, participant, at, trace_id)


def _members_changed(chat: Chat, participant: Participant, at: datetime, trace_id: str) -> None:
    chat.updated_at = at
    chat.reuse_key = None  # a changed set of people is not the set it was made with
    chat.save(update_fields=["updated_at", "reuse_key"])
    tell([participant_news(chat, participant, at, trace_id)])


def _chat(payload: Payload) -> Chat:
    return Chat.objects.select_related("line", "peer").get(id=UUID(payload["chat"]))


def service_of(services: Sequence[str]) -> str:
    """The service of a chat with people of these services: the best one that all of them have."""
    if all(service in SUPPORTS["iMessage"] for service in services):
        return "iMessage"
    return "RCS" if all(service in SUPPORTS["RCS"] for service in services) else "SMS"
