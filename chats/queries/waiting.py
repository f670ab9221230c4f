"""Why an operation has not left, or is not settled yet, as one sentence for the person who waits."""

from __future__ import annotations

import math
from datetime import datetime

from django.db.models import Q
from django.utils import timezone

from chats import clock
from chats.engine import pacing
from chats.engine.pacing import Budget
from chats.models import Line, Operation
from chats.models.operation import CHANGES, OPEN, TALK, Kind, Pace, State
from chats.queries.lines import MOST_COUNTED, counted

_BUDGETS = {
    Budget.GAP: "A short gap is kept between the messages of a line.",
    Budget.MINUTE: "The line's {minute} messages a minute are spent, but for what is kept for people.",
    Budget.DAY: "The line's {day:,} messages a day are spent, but for what is kept for people.",
    Budget.NEW: "The line has begun as many new conversations as it may in 24 hours ({new}).",
    Budget.ONE: "{one} messages in a minute have gone to this chat, and no more may.",
    Budget.REPUTATION: "The line's reputation is critical; nothing automatic leaves until it recovers.",
}


def why(operation: Operation) -> str:
    """One sentence; empty once nothing is left to wait for. Reads the lane, and the chat's earlier operations."""
    now = clock.now()
    if operation.state == State.SENDING:
        return "It is being sent right now."
    if operation.state == State.ACCEPTED:
        return "" if operation.due_at is None else "The remote has it and has not shown the effect yet."
    if operation.state == State.UNKNOWN:
        return (
            "The remote may have it: its reply never came. It is settled by the same key, an event or "
            "a look at the remote, never sent blindly again."
        )
    if operation.state != State.QUEUED:
        return ""
    line = operation.line
    if line is not None and line.is_paused:
        return paused(line)
    if operation.lane.rest_until is not None and operation.lane.rest_until > now:
        return "The line rests, because the remote asked us to wait; nothing leaves on it before then."
    if _earlier_is_open(operation):
        return "An earlier operation of the same chat has to be settled first, so that their order is kept."
    held = _held(operation)
    if held:
        return held
    if operation.due_at is not None and operation.due_at > now:
        if operation.attempts:
            return "The last try did not go through; it is tried again at the time below."
        return "It is planned for the time below."
    if operation.lane.lease_expires_at is not None and operation.lane.lease_expires_at > now:
        return "A worker is busy on this line; it leaves when its turn comes."
    return "It is due and waits for a worker; if this lasts, check that the workers run."


def held_up(operation: Operation) -> str:
    """What keeps a queued operation for longer than its turn takes; empty when nothing does."""
    if operation.state != State.QUEUED:
        return ""
    if (operation.line is not None and operation.line.is_paused) or rests(operation):
        return why(operation)
    return _held(operation, but=Budget.GAP)


def paused(line: Line) -> str:
    """Why nothing leaves by a paused line, and when that may end; empty for one that is open."""
    if not line.is_paused:
        return ""
    if line.pause_reason == Line.Pause.BY_HAND:
        return f"The line is paused by hand ({line.pause_detail}); nothing leaves until somebody resumes it."
    sentence = (
        "The line is paused, because the remote has flagged it."
        if line.pause_reason == Line.Pause.FLAGGED
        else f"The line is paused, because it failed again and again: {_as_clause(line.pause_detail)}."
    )
    now = clock.now()
    if line.trial_id is not None:
        return f"{sentence} One message is trying whether it works again."
    if line.trial_at is None or line.trial_at <= now:
        return f"{sentence} The next message tries whether it works again."
    return f"{sentence} One message tries it {moment(line.trial_at, now)}."


def moment(at: datetime, now: datetime) -> str:
    """When something is expected, for the middle of a sentence: "in 40 s", "in 12 min", "on 4 Jul at 09:15 UTC"."""
    seconds = max(1, math.ceil((at - now).total_seconds()))
    if seconds < 120:
        return f"in {seconds} s"
    if seconds < 3600:
        return f"in {math.ceil(seconds / 60)} min"
    local = timezone.localtime(at)
    day = "" if local.date() == timezone.localtime(now).date() else f" on {local.day} {local:%b}"
    return f"at {local:%H:%M} {local.tzname()}{day}"


def _held(operation: Operation, *, but: Budget | None = None) -> str:
    """Which budget, `but` one, holds a queued operation back, and until when; empty when none does."""
    line, now = operation.line, clock.now()
    if line is None or operation.pace == Pace.FREE:
        return ""
    holds = pacing.holds(operation, pacing.ticket(operation), lane=operation.lane, line=line, now=now)
    holds = [one for one in holds if one.by != but]
    if not holds:
        return ""
    hold = pacing.longest(holds)
    if hold.never:
        return hold.never
    name = _BUDGETS[hold.by].format(
        minute=line.messages_a_minute,
        day=line.messages_a_day,
        new=pacing.most_new(line, operation.priority),
        one=line.messages_a_minute_to_one,
    )
    if hold.until is None:
        return name
    if hold.pace is None:
        return f"{name} It is expected to leave {moment(hold.until, now)}."
    before = _before(operation, hold.pace)
    if not before:
        return f"{name} It is expected to leave {moment(hold.until, now)}."
    return f"{name} The next one leaves {moment(hold.until, now)}, and {counted(before)} {_are(before)} before this."


def _before(operation: Operation, pace: Pace) -> int:
    """How many that the same budget holds leave before this one, counted up to `MOST_COUNTED`."""
    rows = Operation.objects.filter(lane=operation.lane_id, state=State.QUEUED, due_at__lte=clock.now())
    rows = rows.filter(priority=operation.priority, pace__gte=pace).filter(
        Q(pace__lt=operation.pace) | Q(pace=operation.pace, pk__lt=operation.pk)
    )
    return rows.order_by()[: MOST_COUNTED + 1].count()


def _are(number: int) -> str:
    return "is" if number == 1 else "are"


def _as_clause(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:].split(". ")[0].rstrip(".") if sentence else "no reason was told"


def rests(operation: Operation) -> bool:
    """Whether the operation's line rests at this moment."""
    return operation.lane.rest_until is not None and operation.lane.rest_until > clock.now()


def _earlier_is_open(operation: Operation) -> bool:
    """Whether the order within a chat holds it back: the rule is that of `chats.engine.claims`."""
    if operation.chat_id is None:
        return False
    alike = Q(kind=Kind.CREATE_CHAT)
    for kinds in (TALK, CHANGES):
        if operation.kind in kinds:
            alike |= Q(kind__in=kinds)
    earlier = Operation.objects.filter(
        alike, chat=operation.chat_id, pk__lt=operation.pk, priority__lte=operation.priority, state__in=OPEN
    )
    return earlier.exists()
