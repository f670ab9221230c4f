"""Who may see what. This is the one place that decides; every page, search, stream and action asks here.

Lines are the boundary (law 11). A person sees the lines given to them, or all of them with the
`use_all_lines` permission. What is out of sight answers exactly as what does not exist.
"""

from __future__ import annotations

from typing import TypeVar

from django.contrib.auth.models import AnonymousUser, User
from django.db.models import Exists, Model, OuterRef, Q, QuerySet
from django.http import Http404

from chats.models import (
    Attachment,
    Campaign,
    CampaignLine,
    Chat,
    Contact,
    Line,
    LineAccess,
    Message,
    Operation,
    Participant,
    PeopleList,
    WebhookEvent,
)
from chats.models.operation import TOUCHES, Kind

M = TypeVar("M", bound=Model)
_RIGHT_FOR = {
    **dict.fromkeys(TOUCHES, "reply_to_chats"),
    Kind.MARK_READ: "reply_to_chats",
    Kind.SHARE_CONTACT_CARD: "reply_to_chats",
    Kind.REQUEST_LOCATION: "reply_to_chats",
    Kind.READ_LOCATION: "reply_to_chats",
    Kind.STOP_LOCATION: "reply_to_chats",
    Kind.BLOCK_HANDLE: "reply_to_chats",
    Kind.UNBLOCK_HANDLE: "reply_to_chats",
    Kind.CHECK_CAPABILITY: "reply_to_chats",
    Kind.SAVE_CONTACT_CARD: "manage_lines",
    Kind.SET_FORWARDING: "manage_lines",
    Kind.START_AUDIT: "manage_lines",
}
"""The right to ask for what sends no message; changes of groups need `manage_groups`."""

# What `request.user` may be.
Person = User | AnonymousUser


def has_right(user: Person, right: str) -> bool:
    """Whether the role of this person holds `right`, e.g. "chats.manage_groups"."""
    return bool(user.is_active and user.is_authenticated and user.has_perm(right))


def has_a_say(user: Person, operation: Operation) -> bool:
    """Whether this person, who sees the operation, may take it back or retry it: their own, or with the right any."""
    if has_right(user, "chats.retry_operations"):
        return True
    right = "reply_to_chats" if operation.message_id else _RIGHT_FOR.get(Kind(operation.kind), "manage_groups")
    return operation.requested_by_id == user.pk and has_right(user, f"chats.{right}")


def sees_all_lines(user: Person) -> bool:
    return has_right(user, "chats.use_all_lines")


def lines_for(user: Person) -> QuerySet[Line]:
    """The lines this person sees: all, those given, or none."""
    if not user.is_authenticated or not user.is_active:
        return Line.objects.none()
    if sees_all_lines(user):
        return Line.objects.all()
    return Line.objects.filter(Exists(LineAccess.objects.filter(user_id=user.pk, line=OuterRef("pk"))))


def within_lines(user: Person, rows: QuerySet[M], *, line: str = "line") -> QuerySet[M]:
    """Those of `rows` whose `line` (a lookup path) this person sees; rows of no line only with all lines."""
    if user.is_authenticated and sees_all_lines(user):
        return rows
    return rows.filter(**{f"{line}__in": lines_for(user).values("pk")})


def chats_for(user: Person) -> QuerySet[Chat]:
    return within_lines(user, Chat.objects.all())


def messages_for(user: Person) -> QuerySet[Message]:
    return within_lines(user, Message.objects.all(), line="chat__line")


def operations_for(user: Person) -> QuerySet[Operation]:
    return within_lines(user, Operation.objects.all())


def events_for(user: Person) -> QuerySet[WebhookEvent]:
    return within_lines(user, WebhookEvent.objects.all())


def campaigns_for(user: Person) -> QuerySet[Campaign]:
    """Campaigns all of whose lines this person sees. One without lines is seen by who made it, and with all lines."""
    if user.is_authenticated and sees_all_lines(user):
        return Campaign.objects.all()
    if not user.is_authenticated or not user.is_active:
        return Campaign.objects.none()
    lines = CampaignLine.objects.filter(campaign=OuterRef("pk"))
    foreign = lines.exclude(line__in=lines_for(user).values("pk"))
    return Campaign.objects.filter(Exists(lines) | Q(created_by_id=user.pk), ~Exists(foreign))


def people_lists_for(user: Person) -> QuerySet[PeopleList]:
    """The lists that this person brought; those of everybody with all lines."""
    if not user.is_authenticated or not user.is_active:
        return PeopleList.objects.none()
    if sees_all_lines(user):
        return PeopleList.objects.all()
    return PeopleList.objects.filter(created_by_id=user.pk)


def contacts_for(user: Person) -> QuerySet[Contact]:
    """People who take part in a chat of this person's lines; everybody with all lines."""
    if user.is_authenticated and sees_all_lines(user):
        return Contact.objects.all()
    seen = Participant.objects.filter(handle__contact=OuterRef("pk"), chat__line__in=lines_for(user).values("pk"))
    return Contact.objects.filter(Exists(seen))


def get_line(user: Person, pk: int) -> Line:
    return _one(lines_for(user), pk)


def get_chat(user: Person, pk: int) -> Chat:
    """The chat, or `Http404` whether it is missing or on a line of others."""
    return _one(chats_for(user).select_related("line"), pk)


def get_message(user: Person, pk: int) -> Message:
    return _one(messages_for(user).select_related("chat__line"), pk)


def get_unsent_file(user: User, pk: int) -> Attachment:
    """A file that this person has picked and not sent, while they see its line. It is nobody else's."""
    mine = Attachment.objects.filter(uploaded_by=user, message__isnull=True).select_related("line")
    return _one(within_lines(user, mine), pk)


def get_operation(user: Person, pk: int) -> Operation:
    return _one(operations_for(user).select_related("chat__line", "line", "message"), pk)


def get_event(user: Person, pk: int) -> WebhookEvent:
    return _one(events_for(user).select_related("line", "chat"), pk)


def _one(rows: QuerySet[M], pk: int) -> M:
    found = rows.filter(pk=pk).first()
    if found is None:
        raise Http404
    return found
