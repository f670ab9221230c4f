"""Progress: what became of a campaign's messages, written where the engine learns it.

Each function is called inside the transaction that brought the news, with the message or chat locked, and
does nothing for messages of no campaign. A recipient's state only moves forward, but for a failure that the
remote overtakes with a delivery.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from chats import clock
from chats.engine.campaigns import counts
from chats.models import CampaignMessage, CampaignStep, Message, Recipient
from chats.v3.opt_out import is_opt_out

State = Recipient.State

_RANK: Final = {
    State.PLANNED: 0,
    State.SENDING: 1,
    State.ACCEPTED: 2,
    State.FAILED: 3,
    State.SKIPPED: 3,
    State.DELIVERED: 4,
    State.READ: 5,
    State.REPLIED: 6,
    State.OPTED_OUT: 7,
}
_SHOWN_AS: Final = {
    Message.Status.QUEUED: State.ACCEPTED,
    Message.Status.SENT: State.ACCEPTED,
    Message.Status.DELIVERED: State.DELIVERED,
    Message.Status.READ: State.READ,
}
OPTED_OUT: Final = 2024


def taken(message_id: int, *, at: datetime) -> None:
    """The remote has accepted the message: plan the next step, unless the person has answered meanwhile."""
    found = _locked(message_id)
    if found is None:
        return
    guard, row = found
    row.last_sent_at = max(row.last_sent_at or at, at)
    if row.state in {State.SENDING, State.FAILED}:
        before = counts.place(row, variant=guard.variant)
        row.state, row.reason = State.ACCEPTED, ""
        _plan_next(row, guard, at)
        counts.move([(before, counts.place(row, variant=guard.variant))])
    row.save(update_fields=["state", "reason", "last_sent_at", "due_at", "settled_at", "step"])


def moved(message: Message) -> None:
    """The message was sent, delivered or read."""
    target = _SHOWN_AS.get(Message.Status(message.delivery_status))
    found = _locked(message.pk) if target is not None else None
    if found is None or target is None:
        return
    guard, row = found
    # A follow-up that is on its way says more of a person than the delivery of the message before it.
    if guard.step != row.step or _RANK[State(row.state)] >= _RANK[target]:
        return
    before = counts.place(row, variant=guard.variant)
    row.state, row.reason = target, ""
    counts.move([(before, counts.place(row, variant=guard.variant))])
    row.save(update_fields=["state", "reason"])


def failed(message_id: int, *, sentence: str, code: int | None) -> None:
    """The message will not arrive. Who cannot be reached gets no follow-up."""
    found = _locked(message_id)
    if found is None:
        return
    guard, row = found
    target = State.OPTED_OUT if code == OPTED_OUT else State.FAILED
    if guard.step != row.step or _RANK[State(row.state)] >= _RANK[target]:
        return
    before = counts.place(row, variant=guard.variant)
    row.state, row.reason, row.due_at, row.settled_at = target, sentence[:300], None, clock.now()
    counts.move([(before, counts.place(row, variant=guard.variant))])
    row.save(update_fields=["state", "reason", "due_at", "settled_at"])


def heard(message: Message) -> None:
    """Somebody wrote in a direct chat: whoever of a campaign they are has replied, and gets no follow-up."""
    rows = Recipient.objects.select_for_update().filter(
        chat=message.chat_id, last_sent_at__lte=message.happened_at, replied_at__isnull=True
    )
    found = sorted(rows.order_by("pk"), key=lambda row: (row.last_sent_at, row.pk), reverse=True)
    # It answers the latest campaign; of the earlier ones it stops what would still follow.
    for row in [*found[:1], *(one for one in found[1:] if one.due_at is not None or one.state == State.SENDING)]:
        guards = CampaignMessage.objects.filter(recipient=row, created_at__lte=message.happened_at)
        guard = guards.order_by("-step").first()
        if guard is None:
            continue
        if guard.replied_at is None:
            guard.replied_at = message.happened_at
            guard.save(update_fields=["replied_at"])
        target = State.OPTED_OUT if is_opt_out(message.text) else State.REPLIED
        if row.state == State.SENDING and guard.step != row.step:
            # The follow-up may be leaving at this moment; `taken` finds the reply and plans nothing more.
            row.replied_at = row.replied_at or message.happened_at
            row.save(update_fields=["replied_at"])
            continue
        before = counts.place(row, variant=_variant(row))
        row.replied_at = row.replied_at or message.happened_at
        row.due_at, row.settled_at = None, row.settled_at or clock.now()
        if _RANK[target] > _RANK[State(row.state)] or row.state == State.PLANNED:
            row.state, row.reason = target, "" if target == State.REPLIED else "Opted out."
        counts.move([(before, counts.place(row, variant=_variant(row)))])
        row.save(update_fields=["state", "reason", "replied_at", "due_at", "settled_at"])


def _plan_next(row: Recipient, guard: CampaignMessage, at: datetime) -> None:
    following = CampaignStep.objects.filter(campaign=row.campaign_id, number=guard.step + 1).first()
    if following is None or row.replied_at is not None:
        row.due_at, row.settled_at = None, row.settled_at or clock.now()
    else:
        row.due_at = at + following.wait


def _variant(row: Recipient) -> int:
    """The variant under which a recipient is counted: that of the message of their step, once there is one."""
    latest = CampaignMessage.objects.filter(recipient=row, step=row.step).first()
    return latest.variant if latest is not None else 0


def _locked(message_id: int) -> tuple[CampaignMessage, Recipient] | None:
    guard = CampaignMessage.objects.filter(message=message_id).first()
    if guard is None:
        return None
    return guard, Recipient.objects.select_for_update().get(pk=guard.recipient_id)
