"""Why an operation has not left, or is not settled yet, as one sentence for the person who waits."""

from __future__ import annotations

import math
from datetime import datetime

from django.db.models import Q
from django.utils import timezone

from chats import clock
from chats.engine import files, pacing
from chats.engine.claims import KEY_IS_GOOD_FOR
from chats.engine.pacing import Budget
from chats.models import Line, Operation
from chats.models.operation import CHANGES, OPEN, TALK, Kind, Pace, State
from chats.queries.lines import MOST_COUNTED, counted

_BUDGETS = {
    Budget.GAP: "A short gap is kept between the messages of a line.",
    Budget.MINUTE: "The line's budget of {minute} a minute is spent{kept}.",
    Budget.DAY: "The line's budget of {day} a day is spent{kept}.",
    Budget.NEW: "The line has begun as many new conversations as it may in 24 hours ({new}).",
    Budget.ONE: "This chat's budget of {one} a minute is spent.",
    Budget.REPUTATION: "The line's reputation is critical, so nothing automatic leaves until it recovers; "
    "the remote does not say when.",
}


def why(operation: Operation) -> str:
    """One sentence or two: what it waits for, and when that is expected to end. Empty once it waits for nothing.

    Reads the lane, the budgets, and the chat's earlier operations.
    """
    now = clock.now()
    if operation.state == State.SENDING:
        return _being_sent(operation, now)
    if operation.state == State.ACCEPTED and operation.due_at is not None:
        return f"The remote has it and has not shown the effect yet. We look {_next(operation.due_at, now)}."
    if operation.state == State.UNKNOWN:
        return _unknown(operation, now)
    if operation.state != State.QUEUED:
        return ""
    if operation.send_before is None:
        return _queued(operation, now)
    return f"{_queued(operation, now)} It fails as too late {_next(operation.send_before, now)}, if it is here then."


def _being_sent(operation: Operation, now: datetime) -> str:
    ends = operation.lease_expires_at
    if ends is None or ends <= now:
        return "The worker that was sending it stopped. We find out whether it arrived in a few seconds."
    return f"It is being sent right now; what came of it is known {moment(ends, now)} at the latest."


def _unknown(operation: Operation, now: datetime) -> str:
    sentence = (
        "The remote may have it: its reply never came. It is settled by the same key, an event or "
        "a look at the remote, never sent blindly again"
    )
    line = operation.line
    if line is None or not _is_paused(operation) or line.trial_id == operation.pk:
        due_at = _not_before(operation)
        return f"{sentence}; the next try is {_next(due_at, now)}."
    # A try could send it after all, and nothing leaves by a paused line.
    looked_for = (operation.first_sent_at or operation.created_at) + KEY_IS_GOOD_FOR
    return f"{sentence}. Nothing is asked again while the line is paused; it is looked for {_next(looked_for, now)}."


def _queued(operation: Operation, now: datetime) -> str:
    line, lane = operation.line, operation.lane
    if line is not None and _is_paused(operation):
        return paused(line)
    if lane.rest_until is not None and lane.rest_until > now:
        return f"The line rests, because the remote asked us to wait; it goes on {moment(lane.rest_until, now)}."
    earlier = _earlier(operation)
    if earlier is not None:
        return _behind(earlier, now)
    held = _file_first(operation) or _held(operation)
    if held:
        return held
    if operation.due_at is not None and operation.due_at > now:
        if operation.attempts:
            reason = f" ({_as_clause(operation.error)})" if operation.error else ""
            return f"The last try did not go through{reason}; it is tried again {moment(operation.due_at, now)}."
        return f"It leaves {moment(operation.due_at, now)}, as planned."
    if lane.lease_expires_at is not None and lane.lease_expires_at > now:
        return "A worker is busy on this line; it leaves when its turn comes, in a few seconds."
    return "It is due and waits for a worker, which takes a few seconds; if this lasts, check that the workers run."


def _behind(earlier: Operation, now: datetime) -> str:
    """Held by the order within the chat: what the earlier one waits for is what this one waits for."""
    sentence = (
        f"An earlier operation of the same chat has to be settled first, so that their order is kept: "
        f"“{earlier.get_kind_display()}”, number {earlier.pk}"
    )
    if earlier.state != State.QUEUED:
        return f"{sentence}, which is on its way."
    held = _file_first(earlier) or _held(earlier)
    if held:
        return f"{sentence}. {held}"
    if earlier.due_at is not None and earlier.due_at > now:
        return f"{sentence}, which is tried {moment(earlier.due_at, now)}."
    return f"{sentence}, which is due."


def _not_before(operation: Operation) -> datetime | None:
    """When the engine looks at it next: not while its line rests."""
    return max((at for at in (operation.due_at, operation.lane.rest_until) if at is not None), default=None)


def _next(at: datetime | None, now: datetime) -> str:
    return moment(at, now) if at is not None and at > now else "in a few seconds"


def held_up(operation: Operation) -> str:
    """What keeps a queued operation for longer than its turn takes; empty when nothing does."""
    if operation.state != State.QUEUED:
        return ""
    if (operation.line is not None and operation.line.is_paused) or rests(operation):
        return why(operation)
    return _file_first(operation) or _held(operation, but=Budget.GAP)


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
        minute=_messages(line.messages_a_minute),
        day=_messages(line.messages_a_day),
        new=pacing.most_new(line, operation.priority),
        one=_messages(line.messages_a_minute_to_one),
        kept=", but for what is kept for people" if line.reserve_percent else "",
    )
    if hold.until is None:
        return name
    if hold.pace is None:
        return f"{name} It is expected to leave {moment(hold.until, now)}."
    before = _before(operation, hold.pace)
    if not before:
        return f"{name} It is expected to leave {moment(hold.until, now)}."
    return f"{name} The next one leaves {moment(hold.until, now)}, and {counted(before)} {_are(before)} before this."


def _is_paused(operation: Operation) -> bool:
    """Whether it waits for its line to be open again. Files go up meanwhile: nobody sees them."""
    return operation.line is not None and operation.line.is_paused and operation.kind != Kind.UPLOAD_ATTACHMENT


def _file_first(operation: Operation) -> str:
    """Which file has to be with the remote before this message leaves; empty when there is none to wait for."""
    missing = files.missing(operation)
    if missing is None:
        return ""
    upload = missing.upload
    if upload is None or not upload.error:
        return f"“{missing.name}” is uploaded first; the message leaves once the remote has it."
    return f"“{missing.name}” is uploaded first, and that did not go through yet: {upload.error}"


def _before(operation: Operation, pace: Pace) -> int:
    """How many that the same budget holds leave before this one, counted up to `MOST_COUNTED`."""
    rows = Operation.objects.filter(lane=operation.lane_id, state=State.QUEUED, due_at__lte=clock.now())
    rows = rows.filter(priority=operation.priority, pace__gte=pace).filter(
        Q(pace__lt=operation.pace) | Q(pace=operation.pace, pk__lt=operation.pk)
    )
    return rows.order_by()[: MOST_COUNTED + 1].count()


def _messages(limit: int | None) -> str:
    return f"{limit or 0:,} message{'' if limit == 1 else 's'}"


def _are(number: int) -> str:
    return "is" if number == 1 else "are"


def _as_clause(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:].split(". ")[0].rstrip(".") if sentence else "no reason was told"


def rests(operation: Operation) -> bool:
    """Whether the operation's line rests at this moment."""
    return operation.lane.rest_until is not None and operation.lane.rest_until > clock.now()


def _earlier(operation: Operation) -> Operation | None:
    """What the order within a chat lets go first, if anything: the rule is that of `chats.engine.claims`."""
    if operation.chat_id is None:
        return None
    before = Operation.objects.filter(chat=operation.chat_id, pk__lt=operation.pk, state__in=OPEN)
    alike = Q(kind=Kind.CREATE_CHAT)
    for kinds in (TALK, CHANGES):
        if operation.kind in kinds:
            alike |= Q(kind__in=kinds, priority__lte=operation.priority)
    return before.filter(alike).select_related("line", "lane", "chat").order_by("pk").first()
