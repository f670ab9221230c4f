"""Dispatch: recipients become messages and operations just before they leave, a few at a time on each line.

Few, so that a pause has little to take back and every gate is asked as late as can be. The row of
`CampaignMessage`, one for each step of a recipient, is written in the same transaction as the operation:
whatever stops in between, and however many do this at once, a step is sent to a person once.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection, transaction

from chats import clock, live
from chats.campaigns import windows
from chats.campaigns.places import place_of
from chats.engine import adopt, lanes, opening, pacing, wake
from chats.engine.campaigns import counts, text
from chats.models import (
    Campaign,
    CampaignLine,
    CampaignMessage,
    CampaignVariant,
    Chat,
    Lane,
    Line,
    Message,
    Operation,
    Recipient,
)
from chats.models.common import Health
from chats.models.operation import PACE_OF, Kind, Pace, Priority, State
from chats.v3 import content

# So many messages of campaigns wait on a lane at most; on one without any pace it is as many as leave in a second.
AHEAD = 20
AHEAD_UNPACED = 200
# Who is put off or skipped takes no room, but so many are looked at in one go at most.
LOOKED_AT = 500
NEVER_OPEN = "The campaign's hours never come for this person."
ENDED = "The campaign had ended."
OPTED_OUT = "Opted out."
PREVIEW_LENGTH = 160


@dataclass(frozen=True)
class _Ready:
    """Somebody whose next message can be made now."""

    row: Recipient
    step: int
    variant: CampaignVariant
    parts: list[dict[str, object]]


@dataclass(frozen=True)
class _Room:
    """How many more messages may be made ready on a line now, and how many of these may begin a conversation."""

    messages: int
    new: int


@dataclass
class _Batch:
    """What one transaction makes of the recipients that it has locked."""

    campaign: Campaign
    line: Line
    lane: Lane
    now: datetime
    variants: dict[int, list[CampaignVariant]]
    window: windows.Window
    moves: list[tuple[counts.Place, counts.Place]]
    changed: list[Recipient]


def top_up(line_id: int) -> int:
    """Make the next messages of all running campaigns on a line ready. Returns how many."""
    at_work = Campaign.objects.filter(state=Campaign.State.RUNNING, campaign_lines__line=line_id).order_by("pk")
    return sum(_dispatch(campaign_id, line_id) for campaign_id in at_work.values_list("pk", flat=True))


def _dispatch(campaign_id: int, line_id: int) -> int:
    with transaction.atomic():
        if not hold_running(campaign_id):
            return 0
        now = clock.now()
        line = Line.objects.get(pk=line_id)
        lane = lanes.lane_of(line)
        room = _room(campaign_id, line, lane, now)
        if room.messages <= 0:
            return 0
        campaign = Campaign.objects.get(pk=campaign_id)
        batch = _Batch(campaign, line, lane, now, _variants(campaign_id), _window(campaign), [], [])
        due = Recipient.objects.filter(campaign=campaign_id, line=line_id, due_at__lte=now)
        due = due.select_for_update(skip_locked=True, of=("self",)).select_related("handle__contact", "chat")
        due = due.order_by("due_at", "pk")
        ready = _fit(batch, due.filter(chat__isnull=False)[:LOOKED_AT], room.messages)
        most_new = min(room.new, room.messages - len(ready))
        if most_new > 0:
            ready += _fit(batch, due.filter(chat__isnull=True)[:LOOKED_AT], most_new)
        made = _write(batch, ready)
        Recipient.objects.bulk_update(batch.changed, ["state", "step", "reason", "due_at", "chat", "settled_at"])
        counts.move(batch.moves)
        if made:
            wake.wake_lane(lane.pk)
        if batch.moves:
            live.announce("campaign", line_id=line_id, chat_id=None)
    return made


def hold_running(campaign_id: int) -> bool:
    """Keep a running campaign running until this transaction ends: who pauses it waits for that. False if it is not."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT 1 FROM chats_campaign WHERE id = %s AND state = %s FOR SHARE",
            [campaign_id, Campaign.State.RUNNING],
        )
        return cursor.fetchone() is not None


def _room(campaign_id: int, line: Line, lane: Lane, now: datetime) -> _Room:
    unusable = line.is_paused or not line.is_active or line.reputation == Line.Reputation.CRITICAL
    on_line = CampaignLine.objects.filter(campaign=campaign_id, line=line).first()
    if unusable or on_line is None or on_line.hold == CampaignLine.Hold.STOPPED:
        return _Room(0, 0)
    waiting = Operation.objects.filter(lane=lane, state=State.QUEUED, priority=Priority.AUTOMATIC, due_at__isnull=False)
    queued = waiting.count()
    ahead = AHEAD if line.gap_seconds or line.messages_a_minute is not None else AHEAD_UNPACED
    most_new = pacing.most_new(line, Priority.AUTOMATIC)
    is_slowed = on_line.hold == CampaignLine.Hold.SLOWED
    if is_slowed:
        ahead = 1 if _is_rested(line, now) else 0
        most_new = most_new if most_new is None else most_new // 2
    if most_new is None:
        new = ahead
    else:
        began = len(pacing.new_conversations(line, now=now))
        new = most_new - began - waiting.filter(pace=Pace.NEW).count()
    return _Room(ahead - queued, new)


def _is_rested(line: Line, now: datetime) -> bool:
    """Whether twice the usual pause has passed since the last campaign message of the line: half the pace."""
    usual = max(line.gap_seconds * 1.25, 60 / line.messages_a_minute if line.messages_a_minute else 0.0)
    since = now - timedelta(seconds=2 * usual)
    lately = CampaignMessage.objects.filter(recipient__line=line, created_at__gt=since)
    return not lately.exists()


def _variants(campaign_id: int) -> dict[int, list[CampaignVariant]]:
    found: dict[int, list[CampaignVariant]] = {}
    rows = CampaignVariant.objects.filter(step__campaign=campaign_id).select_related("step")
    for one in rows.order_by("step__number", "position"):
        found.setdefault(one.step.number, []).append(one)
    return found


def _window(campaign: Campaign) -> windows.Window:
    return windows.Window(campaign.opens_at, campaign.closes_at, frozenset(campaign.days), campaign.keeps_holidays)


def opens_for(campaign: Campaign, row: Recipient, now: datetime) -> datetime | None:
    """When the campaign may next write to this person; None when its hours never come for them."""
    known = row.handle.contact.time_zone if row.handle.contact is not None else ""
    place = place_of(row.handle.value, time_zone=known, otherwise=campaign.time_zone)
    return windows.next_open(_window(campaign), place, now)


def _fit(batch: _Batch, due: Iterable[Recipient], most: int) -> list[_Ready]:
    """Those of the due recipients that may be written to now; the others are put off or skipped here."""
    ready: list[_Ready] = []
    for row in due:
        if len(ready) >= most:
            break
        step = next_step(row)
        reason = _closed(batch, row, step)
        if reason:
            _skip(batch, row, reason)
            continue
        opens = opens_for(batch.campaign, row, batch.now)
        if opens is None:
            _skip(batch, row, NEVER_OPEN)
            continue
        if opens > batch.now:
            if batch.campaign.ends_at is not None and opens >= batch.campaign.ends_at:
                _skip(batch, row, ENDED)
                continue
            row.due_at, row.reason = opens, "Outside the campaign's hours where they are."
            batch.changed.append(row)
            continue
        variant = text.choose(batch.variants[step], seed=str(batch.campaign.seed), handle=row.handle.value)
        try:
            parts = text.compose(variant, row, defaults=batch.campaign.defaults, opens_chat=row.chat_id is None)
        except text.Unfit as problem:
            _skip(batch, row, str(problem))
            continue
        ready.append(_Ready(row, step, variant, parts))
    return ready


def _closed(batch: _Batch, row: Recipient, step: int) -> str:
    """Why this person may no longer be written to, or ""."""
    if batch.campaign.ends_at is not None and batch.now >= batch.campaign.ends_at:
        return ENDED
    if row.handle.opted_out_at is not None:
        return OPTED_OUT
    if row.handle.blocked_at is not None:
        return "On the block list."
    if row.chat is not None and row.chat.health_status in {Health.CRITICAL, Health.OPTED_OUT}:
        return "The chat is in critical health." if row.chat.health_status == Health.CRITICAL else OPTED_OUT
    if step not in batch.variants:
        return "The campaign has no text for this step."
    return ""


def next_step(row: Recipient) -> int:
    """The step that a due recipient gets next: the first, one that was taken back, or the follow-up of the last."""
    return row.step if row.state == Recipient.State.PLANNED else row.step + 1


def _skip(batch: _Batch, row: Recipient, reason: str) -> None:
    """Send no more to this person. Whoever has had a message keeps the state of that."""
    variant = _counted_under(row)
    before = counts.place(row, variant=variant)
    if reason == OPTED_OUT:
        row.state = Recipient.State.OPTED_OUT
    elif row.last_sent_at is None:
        row.state = Recipient.State.SKIPPED
    row.reason, row.due_at, row.settled_at = reason[:300], None, batch.now
    batch.changed.append(row)
    batch.moves.append((before, counts.place(row, variant=variant)))


def _counted_under(row: Recipient) -> int:
    """The variant under which a recipient is counted now: that of the message they had last, if any."""
    if row.last_sent_at is None:
        return 0
    latest = CampaignMessage.objects.filter(recipient=row, step=row.step).first()
    return latest.variant if latest is not None else 0


def _write(batch: _Batch, ready: list[_Ready]) -> int:
    """Write message, operation and guard of everybody who is ready."""
    if not ready:
        return 0
    starts = _chats(batch, [one.row for one in ready if one.row.chat_id is None])
    messages, operations, guards = [], [], []
    for one in ready:
        row, variant, parts = one.row, one.variant, one.parts
        key = uuid.uuid4()
        message = Message(
            chat=row.chat,
            key=str(key),
            direction=Message.Direction.OUTBOUND,
            author_id=batch.campaign.launched_by_id,
            parts=parts,
            text=content.plain_text(parts),
            effect=None if row.pk in starts else variant.effect,
            happened_at=batch.now,
        )
        kind = Kind.CREATE_CHAT if row.pk in starts else Kind.SEND_MESSAGE
        operation = Operation(
            key=key,
            kind=kind,
            lane=batch.lane,
            line=batch.line,
            chat=row.chat,
            message=message,
            payload={"to": [row.handle.value]} if row.pk in starts else {},
            priority=Priority.AUTOMATIC,
            pace=PACE_OF[kind],
            requested_by_id=batch.campaign.launched_by_id,
            created_at=batch.now,
            due_at=batch.now,
            send_before=batch.campaign.ends_at,
        )
        guard = CampaignMessage(
            recipient=row, step=one.step, variant=variant.position, message=message, created_at=batch.now
        )
        before = counts.place(row, variant=_counted_under(row))
        row.state, row.step, row.reason, row.due_at = Recipient.State.SENDING, one.step, "", None
        batch.changed.append(row)
        batch.moves.append((before, counts.place(row, variant=variant.position)))
        messages.append(message)
        operations.append(operation)
        guards.append(guard)
    Message.objects.bulk_create(messages)
    Operation.objects.bulk_create(operations)
    CampaignMessage.objects.bulk_create(guards)
    for message in messages:
        chat = message.chat
        chat.sort_at, chat.last_message_text, chat.last_message_is_ours = batch.now, message.text[:PREVIEW_LENGTH], True
        live.announce("message", line_id=batch.line.pk, chat_id=chat.pk, message_id=message.pk)
    Chat.objects.bulk_update(
        sorted((one.chat for one in messages), key=lambda chat: chat.pk),
        ["sort_at", "last_message_text", "last_message_is_ours"],
    )
    return len(messages)


def _chats(batch: _Batch, rows: list[Recipient]) -> set[int]:
    """Give a chat to those who have none: what came to be meanwhile, or a new one. Returns who got a new one."""
    if not rows:
        return set()
    # One start at a time on a line: the second of two finds the chat that the first has made.
    adopt.hold_starts(batch.line.pk)
    there = opening.direct_chats(batch.line, [row.handle_id for row in rows])
    missing = [row for row in rows if row.handle_id not in there]
    for row in rows:
        row.chat = there.get(row.handle_id)
    chats = opening.open_direct_chats(batch.line, [row.handle for row in missing], now=batch.now)
    for row, chat in zip(missing, chats, strict=True):
        row.chat = chat
    return {row.pk for row in missing}
