"""Launching a campaign and holding the reins: approve, launch, pause, resume, cancel, take out, try again."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.db import transaction

from chats import clock, live
from chats.actions.rules import NotAllowed, Refused, record
from chats.engine import wake
from chats.engine.campaigns import counts, withdraw
from chats.models import Campaign, CampaignMessage, CampaignRules, CampaignVariant, Recipient
from chats.queries import access
from chats.v3 import content

State = Campaign.State
RUN = "run_campaigns"
APPROVE = "approve_campaigns"


def to_be_sent(campaign: Campaign) -> int:
    """How many people the plan of a draft would write to, by its counters."""
    return counts.by_state(campaign.pk).get(Recipient.State.PLANNED, 0)


def needs_approval(campaign: Campaign) -> bool:
    """Whether it is large enough to need a second person, and has none yet."""
    rules = CampaignRules.objects.filter(pk=1).first() or CampaignRules()
    return campaign.approved_at is None and to_be_sent(campaign) > rules.approval_above


def holds_link(campaign: Campaign) -> bool:
    """Whether the first message of a campaign, in any of its wordings, holds what the remote takes for a link."""
    texts = CampaignVariant.objects.filter(step__campaign=campaign, step__number=0).values_list("text", flat=True)
    return any(content.has_link(text) for text in texts)


def approve_campaign(*, campaign: Campaign, by: User) -> Campaign:
    """Be the second person who has looked at a large campaign.

    Raises `NotAllowed` without `approve_campaigns` or one of its lines, `Refused` for one's own and for what
    is no planned draft. Any later change of the draft takes the approval away.
    """
    with transaction.atomic():
        row = _held(campaign, by, APPROVE)
        _require_planned(row)
        if row.created_by_id == by.pk:
            raise Refused("Somebody else has to approve your campaign.")
        row.approved_by, row.approved_at = by, clock.now()
        row.save(update_fields=["approved_by", "approved_at"])
        _note(row, by, "campaign.approve")
    return row


def launch_campaign(*, campaign: Campaign, count: str, by: User) -> Campaign:
    """Let a planned draft go, at its start or now. `count` is the number of people as the person has typed it.

    Raises `NotAllowed` without `run_campaigns` or one of its lines; `Refused` when the number is not the
    plan's, nobody is left to write to, its end has passed, or a large one has not been approved.
    """
    with transaction.atomic():
        row = _held(campaign, by, RUN)
        _require_planned(row)
        people = to_be_sent(row)
        if people == 0:
            raise Refused("There is nobody to write to. Look at why people were left out.")
        if count.strip().replace(",", "").replace(" ", "") != str(people):
            raise Refused(f"Type {people:,}, the number of people that it will write to.", field="count")
        strangers = Recipient.objects.filter(campaign=row, state=Recipient.State.PLANNED, chat__isnull=True)
        if strangers.exists() and holds_link(row):
            raise Refused(
                "The first message holds a link, and some of these people have never heard from us. Ask them something"
                " first, and send the link when they have answered.",
                field="step_0",
            )
        if needs_approval(row):
            raise Refused("A campaign of this size needs the approval of a second person first.")
        now = clock.now()
        if row.ends_at is not None and row.ends_at <= now:
            raise Refused("Its end has passed. Choose a later one.", field="ends_at")
        if row.starts_at is not None and row.starts_at <= now:
            # A moment that has passed while somebody was reading means now, and is no late start.
            row.starts_at = None
        row.state, row.launched_by, row.launched_at = State.SCHEDULED, by, now
        row.save(update_fields=["state", "launched_by", "launched_at", "starts_at"])
        _note(row, by, "campaign.launch", after=f"{people} people")
        wake.wake_campaigns()
    return row


def pause_campaign(*, campaign: Campaign, by: User, reason: str = "") -> Campaign:
    """Stop at once: what has not left is taken back and due again as before. Again is no error."""
    with transaction.atomic():
        row = _held(campaign, by, RUN)
        if row.state == State.PAUSED:
            return row
        if row.state not in {State.SCHEDULED, State.RUNNING}:
            raise Refused("Only a campaign that is under way can be paused.")
        withdraw.withdraw_all(row.pk)
        withdraw.hold_back(row.pk)
        row.state, row.pause_reason, row.paused_at = State.PAUSED, Campaign.Pause.BY_HAND, clock.now()
        row.pause_detail = reason.strip()[:500] or f"Paused by {by.get_full_name() or by.get_username()}."
        row.save(update_fields=["state", "pause_reason", "pause_detail", "paused_at"])
        _note(row, by, "campaign.pause", after=reason[:500])
    return row


def resume_campaign(*, campaign: Campaign, by: User) -> Campaign:
    """Go on where it stopped. Again is no error."""
    with transaction.atomic():
        row = _held(campaign, by, RUN)
        if row.state in {State.SCHEDULED, State.RUNNING}:
            return row
        if row.state != State.PAUSED:
            raise Refused("Only a paused campaign can go on.")
        now = clock.now()
        if row.ends_at is not None and row.ends_at <= now:
            raise Refused("Its end has passed, so nothing more would be sent.")
        was_late = row.pause_reason == Campaign.Pause.LATE
        if row.starts_at is not None and (row.starts_at <= now or was_late):
            row.starts_at = None
        row.state = State.SCHEDULED if row.starts_at is not None else State.RUNNING
        row.pause_reason, row.pause_detail, row.paused_at = "", "", None
        row.save(update_fields=["state", "starts_at", "pause_reason", "pause_detail", "paused_at"])
        withdraw.let_go(row.pk)
        _note(row, by, "campaign.resume")
        wake.wake_campaigns()
    return row


def cancel_campaign(*, campaign: Campaign, by: User) -> Campaign:
    """End it for good: nothing more leaves, and nobody is written to who was not yet. Again is no error."""
    with transaction.atomic():
        row = _held(campaign, by, RUN)
        if row.state == State.CANCELLED:
            return row
        if row.state in {State.COMPLETED, State.COMPLETED_WITH_FAILURES}:
            raise Refused("It has ended already.")
        withdraw.withdraw_all(row.pk)
        withdraw.let_go(row.pk)
        row.state, row.ended_at = State.CANCELLED, clock.now()
        row.pause_reason, row.pause_detail, row.paused_at = "", "", None
        row.save(update_fields=["state", "ended_at", "pause_reason", "pause_detail", "paused_at"])
        _note(row, by, "campaign.cancel")
    return row


def remove_recipient(*, campaign: Campaign, recipient_id: int, by: User) -> None:
    """Write no more to one person in this campaign. Raises `Refused` when their message is just leaving."""
    with transaction.atomic():
        row = _held(campaign, by, RUN)
        person = Recipient.objects.select_for_update().filter(campaign=row, pk=recipient_id).first()
        if person is None:
            raise Refused("This person is not in the campaign.")
        if person.state == Recipient.State.SENDING:
            raise Refused("Their message is leaving at this moment. Pause the campaign first.")
        if person.due_at is None:
            return
        latest = CampaignMessage.objects.filter(recipient=person, step=person.step).first()
        variant = latest.variant if latest is not None else 0
        before = counts.place(person, variant=variant)
        if person.last_sent_at is None:
            person.state = Recipient.State.SKIPPED
        person.reason, person.due_at, person.settled_at = "Taken out by hand.", None, clock.now()
        person.save(update_fields=["state", "reason", "due_at", "settled_at"])
        counts.move([(before, counts.place(person, variant=variant))])
        _note(row, by, "campaign.remove", target=f"recipient {person.pk}")


def archive_campaign(*, campaign: Campaign, by: User) -> Campaign:
    """Take an ended campaign, or a draft, off the list. It keeps all that it knows."""
    with transaction.atomic():
        row = _held(campaign, by, RUN)
        if row.state in {State.SCHEDULED, State.RUNNING, State.PAUSED}:
            raise Refused("It is under way. Cancel it first.")
        if row.archived_at is None:
            row.archived_at = clock.now()
            row.save(update_fields=["archived_at"])
            _note(row, by, "campaign.archive")
    return row


def _held(campaign: Campaign, by: User, right: str) -> Campaign:
    """The campaign, locked, for whoever holds the right and sees all of its lines. Raises `NotAllowed`."""
    if not access.has_right(by, f"chats.{right}"):
        raise NotAllowed(f"This needs the right “{right}”.")
    if not access.campaigns_for(by).filter(pk=campaign.pk).exists():
        raise NotAllowed("This campaign is not yours.")
    return Campaign.objects.select_for_update(no_key=True).get(pk=campaign.pk)


def _require_planned(row: Campaign) -> None:
    if row.state != State.DRAFT:
        raise Refused("It has been launched already.")
    if row.planned_at is None:
        raise Refused("Its people are still being looked up. Wait a moment.")


def _note(row: Campaign, by: User, action: str, *, target: str = "", after: str = "") -> None:
    """Write the record, and tell the pages that have the campaign open."""
    lines = list(row.campaign_lines.select_related("line").order_by("line"))
    record(by, action, line=lines[0].line if lines else None, target=target or f"campaign {row.pk}", after=after)
    for one in lines:
        live.announce("campaign", line_id=one.line_id, chat_id=None)
