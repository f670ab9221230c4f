"""Pace and budgets of a line: how much may leave by it, and when the next message may.

Every message that leaves is a numbered `Departure` of its line, and everybody whom a line writes to for the
first time a `FirstContact`. Both are written in the transaction of the claim, which holds the lane's row: no
two workers can spend the same budget, not even when one takes the lane over from the other, and what was
spent is still spent after a restart. All windows roll: a budget of 20 a minute is full while the twentieth
departure before this one is less than 60 seconds old, and free to the microsecond when it is not.

Who is held by what:

==================== ========================== =============================================
Budget               A person's message         An automatic message
==================== ========================== =============================================
Gap                  may be ten messages ahead  waits for all of it, with up to half as jitter
A minute, a day      counts, is not held        held; leaves `reserve_percent` to people
To one in a minute   held                       held
New conversations    starting one, adding       held, an answer to somebody who wrote first
                     somebody: held. An answer  included; leaves `reserve_percent` to people
                     counts, is not held
Reputation critical  not held                   held
==================== ========================== =============================================

Those whom a line wrote to before this console knew of it are no new conversations.
"""

from __future__ import annotations

import enum
import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db.models import Exists, F, OuterRef

from chats import clock
from chats.models import Chat, Departure, FirstContact, Handle, Lane, Line, Message, Operation, Participant
from chats.models.operation import PACE_OF, Kind, Pace, Priority

MINUTE = timedelta(seconds=60)
DAY = timedelta(hours=24)
KEPT_FOR = 2 * DAY
PRUNED_AT_ONCE = 1000
# A person who sends a few messages at once, or a team that answers together, waits for no gap.
PEOPLE_AHEAD = 9
MOST_JITTER = 0.5
_NEVER = datetime.max.replace(tzinfo=UTC)


class Budget(enum.Enum):
    GAP = "gap"
    MINUTE = "minute"
    DAY = "day"
    NEW = "new"
    ONE = "one"
    REPUTATION = "reputation"


@dataclass(frozen=True)
class Hold:
    """What keeps an operation from leaving now."""

    by: Budget
    until: datetime | None
    """None: nobody knows."""
    pace: Pace | None = None
    """Everything of the same priority that needs this pace, or a higher one, is held too; None: only this one."""
    never: str = ""
    """Set when no waiting helps: why."""


@dataclass(frozen=True)
class Ticket:
    """What an operation would spend if it left now."""

    handle_id: int | None = None
    """The person it goes to, when it goes to one."""
    chat_id: int | None = None
    """The group it goes to, when it goes to one."""
    new: tuple[str, ...] = ()
    """The handles that the line has never written to."""
    known_since: datetime | None = None
    """Set when the line wrote to this person before this console kept count."""


def ticket(operation: Operation) -> Ticket:
    """Reads whom the operation would go to. Two queries at the most for one whom the line has written to."""
    chat, line_id = operation.chat, operation.line_id
    if chat is None:
        return Ticket()
    if operation.kind == Kind.ADD_PARTICIPANT:
        return Ticket(new=_never_met(line_id, [operation.payload["handle"]]))
    if operation.kind == Kind.CREATE_CHAT:
        new = _never_met(line_id, operation.payload["to"])
        return Ticket(handle_id=_person(chat, line_id)[0], chat_id=chat.pk if chat.is_group else None, new=new)
    if chat.is_group:
        return Ticket(chat_id=chat.pk)
    handle_id, value, has_met = _person(chat, line_id)
    if handle_id is None or has_met:
        return Ticket(handle_id=handle_id)
    if _was_spoken_to(chat):
        return Ticket(handle_id=handle_id, known_since=chat.remote_created_at or clock.now() - DAY)
    return Ticket(handle_id=handle_id, new=(value,))


def is_unpaced(line: Line) -> bool:
    """Whether nothing but one person's minute can hold a message to somebody whom the line has written to."""
    limits = (line.messages_a_minute, line.messages_a_day)
    return not line.gap_seconds and limits == (None, None) and line.reputation != Line.Reputation.CRITICAL


def holds(operation: Operation, spends: Ticket, *, lane: Lane, line: Line, now: datetime) -> list[Hold]:
    """All that holds the operation back now; nothing when it may leave. Reads a few entries of indexes."""
    found = []
    if operation.kind != Kind.ADD_PARTICIPANT:  # which is no message
        found += talk_holds(lane, line, operation.priority, now)
        found += _to_one(line, spends, now)
    if spends.new and (operation.priority != Priority.PERSON or operation.kind != Kind.SEND_MESSAGE):
        found += _new(line, operation.priority, len(spends.new), now)
    return found


def widest(found: list[Hold]) -> Hold:
    """The one that holds most, so that a drain skips most at once; of those the longest."""
    return max(found, key=lambda one: (bool(one.never), -(one.pace or Pace.NEW + 1), one.until or _NEVER))


def longest(found: list[Hold]) -> Hold:
    """The one that decides when the operation may leave."""
    return max(found, key=lambda one: (bool(one.never), one.until or _NEVER))


def spend(operation: Operation, spends: Ticket, *, lane: Lane, line: Line, now: datetime) -> None:
    """Write what the operation spends, in the transaction of its claim; `lane` is locked by it and not saved here."""
    if spends.known_since is not None and spends.handle_id is not None:
        met = [FirstContact(line=line, handle_id=spends.handle_id, at=spends.known_since)]
        FirstContact.objects.bulk_create(met, ignore_conflicts=True)
    if spends.new:
        # Who is added to a group may be somebody that we have no row of yet.
        Handle.objects.bulk_create([Handle(value=value) for value in spends.new], ignore_conflicts=True)
        people = Handle.objects.filter(value__in=spends.new)
        met = [FirstContact(line=line, handle=one, at=now, operation=operation) for one in people]
        FirstContact.objects.bulk_create(met, ignore_conflicts=True)
    if operation.kind == Kind.ADD_PARTICIPANT:
        return
    lane.departed += 1
    if line.gap_seconds:
        jitter = 0.0 if operation.priority == Priority.PERSON else random.uniform(0, MOST_JITTER)  # noqa: S311
        lane.gap_until = max(lane.gap_until or now, now) + timedelta(seconds=line.gap_seconds * (1 + jitter))
    Departure.objects.create(
        line=line,
        number=lane.departed,
        at=now,
        operation=operation,
        handle_id=spends.handle_id,
        chat_id=spends.chat_id,
    )


def give_back(operation: Operation, *, never_left: bool) -> None:
    """Nothing of it is at the remote, so whom it was to speak to first has not been spoken to.

    `never_left` says that not even the request was made, so it counts as no message either.
    """
    if operation.kind not in PACE_OF:
        return
    FirstContact.objects.filter(operation=operation).delete()
    if not never_left or operation.line_id is None:
        return
    # Only the last number can be taken back, and is, unless the lane was taken over in between.
    lane = Lane.objects.select_for_update(no_key=True).get(pk=operation.lane_id)
    gone, _ = Departure.objects.filter(line=operation.line_id, number=lane.departed, operation=operation).delete()
    if gone:
        Lane.objects.filter(pk=lane.pk).update(departed=F("departed") - 1)


def meet(line: Line, handle: Handle, *, at: datetime) -> None:
    """Note that the line has written to this person; the first time counts."""
    FirstContact.objects.bulk_create([FirstContact(line=line, handle=handle, at=at)], ignore_conflicts=True)


def forget_old() -> None:
    """Delete departures that no budget asks for any more, so many at once."""
    old = Departure.objects.filter(at__lt=clock.now() - KEPT_FOR).order_by("at").values("pk")[:PRUNED_AT_ONCE]
    Departure.objects.filter(pk__in=list(old.values_list("pk", flat=True))).delete()


def for_automatic(limit: int, line: Line) -> int:
    """What of a budget automatic messages may use; at least one where people may."""
    return limit - limit * line.reserve_percent // 100


def talk_holds(lane: Lane, line: Line, priority: int, now: datetime) -> list[Hold]:
    """What holds every message of this priority on the line."""
    holds = []
    is_automatic = priority != Priority.PERSON
    if line.gap_seconds and lane.gap_until is not None:
        ahead = 0.0 if is_automatic else line.gap_seconds * PEOPLE_AHEAD
        free_at = lane.gap_until - timedelta(seconds=ahead)
        if free_at > now:
            holds.append(Hold(Budget.GAP, free_at, Pace.TALK))
    if not is_automatic:
        return holds
    if line.reputation == Line.Reputation.CRITICAL:
        holds.append(Hold(Budget.REPUTATION, None, Pace.TALK))
    limits = ((Budget.MINUTE, line.messages_a_minute, MINUTE), (Budget.DAY, line.messages_a_day, DAY))
    asked = {
        lane.departed - for_automatic(limit, line) + 1: (budget, window)
        for budget, limit, window in limits
        if limit is not None and lane.departed >= for_automatic(limit, line)
    }
    if asked:
        for number, at in Departure.objects.filter(line=line, number__in=asked).values_list("number", "at"):
            budget, window = asked[number]
            if at + window > now:
                holds.append(Hold(budget, at + window, Pace.TALK))
    return holds


def new_conversations(line: Line, *, now: datetime) -> list[datetime]:
    """When the line met those whom it met in the last 24 hours, latest first, as many as its budget counts."""
    rows = FirstContact.objects.filter(line=line, at__gt=now - DAY).order_by("-at").values_list("at", flat=True)
    return list(rows[: line.new_conversations_a_day])


def most_new(line: Line, priority: int) -> int | None:
    """How many new conversations a day the line may begin for this priority; None: any number."""
    limit = line.new_conversations_a_day
    return limit if limit is None or priority == Priority.PERSON else for_automatic(limit, line)


def _new(line: Line, priority: int, people: int, now: datetime) -> list[Hold]:
    limit = most_new(line, priority)
    if limit is None:
        return []
    if people > limit:
        sentence = (
            "This line may start no new conversations."
            if limit == 0
            else f"It would speak to {people} new people at once, and this line may speak to {limit} in 24 hours."
        )
        return [Hold(Budget.NEW, None, never=sentence)]
    times = new_conversations(line, now=now)
    if len(times) + people <= limit:
        return []
    # A group needs room for all its new people, so it waits longer than others and by itself.
    return [Hold(Budget.NEW, times[limit - people] + DAY, Pace.NEW if people == 1 else None)]


def _to_one(line: Line, spends: Ticket, now: datetime) -> list[Hold]:
    limit = line.messages_a_minute_to_one
    if limit is None:
        return []
    if spends.chat_id is not None:
        rows = Departure.objects.filter(chat=spends.chat_id)
    elif spends.handle_id is not None:
        rows = Departure.objects.filter(line=line, handle=spends.handle_id)
    else:
        return []
    at = rows.order_by("-number").values_list("at", flat=True)[limit - 1 : limit].first()
    return [] if at is None or at + MINUTE <= now else [Hold(Budget.ONE, at + MINUTE)]


def _person(chat: Chat, line_id: int | None) -> tuple[int | None, str, bool]:
    """The other one of a direct chat, and whether the line has written to them before; nobody of a group."""
    if chat.is_group:
        return None, "", True
    has_met = Exists(FirstContact.objects.filter(line=line_id, handle=OuterRef("handle")))
    people = Participant.objects.filter(chat=chat, is_me=False, status=Participant.Status.ACTIVE).order_by("pk")
    return people.values_list("handle_id", "handle__value", has_met).first() or (None, "", True)


def _never_met(line_id: int | None, values: list[str]) -> tuple[str, ...]:
    """The handles that the line has never written to, by themselves. A word in a group is none."""
    met = FirstContact.objects.filter(line=line_id, handle=OuterRef("pk"))
    spoken_to = Message.objects.filter(
        chat__line=line_id,
        chat__is_group=False,
        chat__participants__handle=OuterRef("pk"),
        direction=Message.Direction.OUTBOUND,
        remote_id__isnull=False,
    )
    wanted = {value[:320] for value in values}
    known = Handle.objects.filter(Exists(met) | Exists(spoken_to), value__in=wanted)
    return tuple(sorted(wanted - set(known.values_list("value", flat=True))))


def _was_spoken_to(chat: Chat) -> bool:
    """Whether our line has written in a direct chat of the remote's before this console kept count.

    A chat in which they never wrote was begun by us. Messages vanish at the remote after a day, so a chat
    without any is taken to be an old conversation and not a new one.
    """
    messages = Message.objects.filter(chat=chat)
    if messages.filter(direction=Message.Direction.OUTBOUND, remote_id__isnull=False).exists():
        return True
    return not messages.filter(direction=Message.Direction.INBOUND).exists()
