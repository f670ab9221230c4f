"""Messages of an unpaced lane in batches: claimed in one transaction, sent one by one, written down in one.

A claim and a result of its own for each message cost more than the call. What a batch may hold is what the rules of
`claims` would let leave now one after the other, and nothing that needs a second thought: everything else is left to
`claims.claim_next`. Each message of a batch has its own fence and lease, as if it had been claimed alone.

A batch is small in time. As many are taken as should leave within `PLANNED` seconds at the speed of the last ones,
and what has not been begun `LATEST` seconds after its claim, or when a call went wrong, is given back as if it had
never been claimed. So a pause, an opt-out or a person's reply waits for no more than that and the call in hand.
A worker that dies leaves its batch "sending"; the sweep finds out what became of each, with the same keys.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, F, OuterRef

from chats import clock, live
from chats.engine import batch_sql, breaker, carry, claims, gates, lanes, pacing, remote, settle
from chats.engine.claims import LEASE, Claim
from chats.engine.kinds import HANDLERS
from chats.engine.kinds.base import Answer
from chats.models import Chat, Departure, FirstContact, Handle, Lane, Line, Operation, Participant
from chats.models.operation import Kind, Pace, State

log = logging.getLogger(__name__)

MOST = 100
PLANNED = 0.25
LATEST = 0.5
# Parts that need nothing but themselves; a file has to be at the remote first.
_WORDS = {"text", "link"}
# What is read of an operation here, at the gates and by the handler of a message; anything else costs a query each.
_READ = [
    *("key", "kind", "state", "pace", "attempts", "first_sent_at", "fence", "send_before", "lane", "line", "chat"),
    *("chat__remote_id", "chat__is_group", "chat__left_at", "message"),
    *("message__parts", "message__effect", "message__reply_to_remote_id", "message__reply_to_part"),
    *("message__preferred_service", "message__remote_id", "message__key"),
]


@dataclass(frozen=True)
class Batch:
    """Claims in the order in which they leave. The last of them is the departure `last_number` of the lane."""

    lane_id: int
    claims: list[Claim]
    last_number: int


class Tempo:
    """How many messages to take at once, by how fast the last ones left."""

    def __init__(self) -> None:
        self.most = 1

    def learn(self, *, handled: int, of: int, seconds: float) -> None:
        """So many of those that were taken left well, in so many seconds."""
        if handled < of:
            self.most = max(handled, 1)
            return
        in_time = int(PLANNED * handled / seconds) if seconds > 0 else MOST
        self.most = max(1, min(in_time, MOST, max(2 * self.most, 8)))


def take(lane_id: int, fence: int, *, most: int) -> Batch | None:
    """Claim up to `most` messages at once; None when fewer than two can be, which says nothing of single ones."""
    if most < 2:
        return None
    with transaction.atomic():
        lane = lanes.hold(lane_id, fence)
        now = clock.now()
        if lane is None or lane.line is None or not _flows(lane, lane.line, now):
            return None
        rows = claims.due(lane.pk, now).select_for_update(skip_locked=True, no_key=True, of=("self",))
        rows = rows.select_related("chat", "message").only(*_READ)
        operations, people = _may_leave(lane.line, list(rows[:most]), now)
        if len(operations) < 2:
            return None
        batch_sql.depart(lane.line, operations, people, after=lane.departed, now=now)
        lane.departed += len(operations)
        lanes.keep(lane)
        claimed = {
            "state": State.SENDING,
            "pace": Pace.FREE,
            "attempts": 1,
            "first_sent_at": now,
            "lease_expires_at": now + LEASE,
        }
        Operation.objects.filter(pk__in=[operation.pk for operation in operations]).update(
            fence=F("fence") + 1, **claimed
        )
        for operation in operations:
            operation.fence += 1
            vars(operation).update(claimed)
        return Batch(lane.pk, [Claim(one, State.QUEUED, True, now) for one in operations], lane.departed)


def carry_out(batch: Batch, tempo: Tempo) -> int:
    """Send the batch, up to the first that goes wrong or is too late. Returns how many were carried out."""
    began = time.monotonic()
    handler = HANDLERS[Kind.SEND_MESSAGE]
    answers: list[tuple[Claim, Answer]] = []
    wrong: tuple[Claim, Exception] | None = None
    for claim in batch.claims:
        if time.monotonic() - began >= LATEST:
            break
        try:
            answers.append((claim, handler.call(remote.client(), claim.operation)))
        except Exception as problem:  # noqa: BLE001
            wrong = (claim, problem)
            break
    handled = len(answers) + (wrong is not None)
    tempo.learn(handled=len(answers), of=len(batch.claims), seconds=time.monotonic() - began)
    if answers:
        _record(answers)
    if handled < len(batch.claims):
        _give_back(batch, batch.claims[handled:])
    if wrong is not None:
        # Last, when it is the last departure again, which a call that never left takes back.
        carry.went_wrong(wrong[0], handler, wrong[1])
    return handled


def _flows(lane: Lane, line: Line, now: datetime) -> bool:
    """Whether nothing holds a message of this lane back but what is between the line and one person."""
    return not line.is_paused and (lane.rest_until is None or lane.rest_until <= now) and pacing.is_unpaced(line)


def _may_leave(line: Line, rows: list[Operation], now: datetime) -> tuple[list[Operation], dict[int, int]]:
    """Those from the beginning of `rows` that may leave now without a second thought, and to whom each goes.

    Operations to a group have no entry in the second.
    """
    direct = [row.chat_id for row in rows if row.chat is not None and not row.chat.is_group]
    people: dict[int, list[tuple[Handle, bool]]] = {}
    has_met = Exists(FirstContact.objects.filter(line=line, handle=OuterRef("handle")))
    active = Participant.objects.filter(chat__in=direct, is_me=False, status=Participant.Status.ACTIVE)
    read = active.select_related("handle").only("chat", "handle__opted_out_at", "handle__blocked_at")
    for one in read.annotate(has_met=has_met):
        people.setdefault(one.chat_id, []).append((one.handle, one.has_met))
    full = batch_sql.full_recipients(
        line,
        people=[handle.pk for found in people.values() for handle, _ in found],
        groups=[row.chat.pk for row in rows if row.chat is not None and row.chat.is_group],
        now=now,
    )
    found: list[Operation] = []
    recipients: dict[int, int] = {}
    seen: set[batch_sql.Recipient] = set()
    for row in rows:
        row.line = line
        chat = row.chat
        if chat is None or not _is_plain(row):
            break
        person = None
        recipient = ("group", chat.pk)
        if not chat.is_group:
            match people.get(chat.pk):
                case [(handle, True)]:
                    person, recipient = handle, ("person", handle.pk)
                case _:
                    break
        # The second to the same recipient would have to be counted with the first.
        if recipient in seen or recipient in full or gates.check(row, now=now, person=person) is not None:
            break
        seen.add(recipient)
        found.append(row)
        if person is not None:
            recipients[row.pk] = person.pk
    return found, recipients


def _is_plain(operation: Operation) -> bool:
    """A message of words alone that nobody has tried to send yet."""
    return (
        operation.kind == Kind.SEND_MESSAGE
        and operation.message is not None
        and all(part.get("type") in _WORDS for part in operation.message.parts)
        and operation.state == State.QUEUED
        and operation.pace == Pace.TALK
        and operation.attempts == 0
        and operation.first_sent_at is None
    )


def _record(answers: list[tuple[Claim, Answer]]) -> None:
    """Write what the remote accepted, where the claim is still ours (law 3)."""
    try:
        with live.together(), transaction.atomic():
            _record_at_once(answers)
    except Exception:
        # One answer that cannot be written must not cost the others theirs.
        log.exception("The results of %s operations are written one by one", len(answers))
        for claim, answer in answers:
            carry.take_answer(claim, HANDLERS[Kind.SEND_MESSAGE], answer)


def _record_at_once(answers: list[tuple[Claim, Answer]]) -> None:
    now = clock.now()
    # The same order everywhere, chats before operations, so that two writers never wait for each other.
    chats = [claim.operation.chat_id for claim, _ in answers if claim.operation.chat_id is not None]
    list(Chat.objects.select_for_update(no_key=True).filter(pk__in=chats).order_by("pk").values_list("pk"))
    ours = batch_sql.accept(
        [(claim.operation.pk, claim.operation.fence, answer.trace_id) for claim, answer in answers],
        now=now,
        look_at=now + timedelta(seconds=settle.LOOK_AFTER[0]),
    )
    late = [claim for claim, _ in answers if claim.operation.pk not in ours]
    if late:
        log.info("The results of %s operations came after their claims had ended.", len(late))
    written = [(claim.operation, answer) for claim, answer in answers if claim.operation.pk in ours]
    if not written:
        return
    attached = batch_sql.attach(
        [
            (operation.message_id, answer.sent)
            for operation, answer in written
            if operation.message_id is not None and answer.sent is not None
        ]
    )
    for operation, answer in written:
        if operation.message_id not in attached and answer.write is not None:
            # Something is known of the message already: the usual way reads it first.
            answer.write()
        settle.announce(operation)
    first = written[0][0]
    breaker.answered(first, Line.objects.get(pk=first.line_id) if first.line_id is not None else None)


def _give_back(batch: Batch, unbegun: list[Claim]) -> None:
    """Undo the claims of the last of a batch: nothing of them has left."""
    with transaction.atomic():
        back = batch_sql.give_back([(claim.operation.pk, claim.operation.fence) for claim in unbegun])
        lane = Lane.objects.select_for_update(no_key=True).get(pk=batch.lane_id)
        # If somebody has taken the lane over, or swept one of these, the numbers stay spent.
        if back == len(unbegun) and lane.departed == batch.last_number:
            lane.departed -= back
            Departure.objects.filter(line=lane.line_id, number__gt=lane.departed).delete()
            lane.save(update_fields=["departed"])
