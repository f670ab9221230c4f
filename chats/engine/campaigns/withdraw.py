"""Taking back what has not left: what a pause or a cancelled campaign does with the messages made ready.

A message that nothing of can have reached the remote is unmade, and its recipient stands where they stood
before, due at the same moment, so that going on neither skips nor repeats anybody.
"""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import Q

from chats import clock, live
from chats.engine.campaigns import counts
from chats.models import CampaignMessage, Message, Operation, Recipient
from chats.models.operation import State


def withdraw_all(campaign_id: int) -> int:
    """Unmake every message of a campaign that surely did not leave, in the caller's transaction. Returns how many."""
    waiting = Operation.objects.filter(
        message__campaign_message__recipient__campaign=campaign_id, state=State.QUEUED, first_sent_at__isnull=True
    )
    return withdraw(list(waiting.select_for_update(of=("self",)).order_by("pk")))


def withdraw(operations: Sequence[Operation]) -> int:
    """Unmake the messages of these operations, which the caller holds locked and knows to be untouched."""
    if not operations:
        return 0
    now = clock.now()
    guards = CampaignMessage.objects.filter(message__in=[one.message_id for one in operations])
    rows = {one.recipient_id: one for one in guards.select_related("message__chat")}
    recipients = list(Recipient.objects.select_for_update().filter(pk__in=rows).order_by("pk"))
    moves = []
    for row in recipients:
        before = counts.place(row, variant=rows[row.pk].variant)
        row.state, row.due_at = Recipient.State.PLANNED, rows[row.pk].created_at
        moves.append((before, counts.place(row)))
    Recipient.objects.bulk_update(recipients, ["state", "due_at"])
    counts.move(moves)
    Operation.objects.filter(pk__in=[one.pk for one in operations]).update(
        state=State.CANCELLED, settled_at=now, due_at=None, message=None, error=""
    )
    for one in rows.values():
        live.announce("message", line_id=one.message.chat.line_id, chat_id=one.message.chat_id)
    Message.objects.filter(pk__in=[one.message_id for one in rows.values()]).delete()
    return len(operations)


def hold_back(campaign_id: int) -> None:
    """Put what may have left, but is not settled, out of the way until the campaign goes on."""
    Operation.objects.filter(_of(campaign_id), state=State.QUEUED, first_sent_at__isnull=False).update(
        due_at=clock.FAR_AWAY
    )


def let_go(campaign_id: int) -> None:
    """Let what `hold_back` has put away be settled."""
    Operation.objects.filter(_of(campaign_id), due_at=clock.FAR_AWAY).update(due_at=clock.now())


def _of(campaign_id: int) -> Q:
    return Q(message__campaign_message__recipient__campaign=campaign_id)
