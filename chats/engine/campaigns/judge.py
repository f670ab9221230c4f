"""What a campaign decides by itself: to start, to slow down or stop on a line, to pause, and that it has ended."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from chats import clock, live
from chats.engine.campaigns import counts, dispatch, withdraw
from chats.models import Campaign, CampaignLine, Line, Recipient

State = Campaign.State
_STAND = Recipient.State

ANSWERED_FOR = (_STAND.ACCEPTED, _STAND.DELIVERED, _STAND.READ, _STAND.REPLIED, _STAND.FAILED, _STAND.OPTED_OUT)


def tick() -> None:
    """Let every campaign that is at work take its next steps. Harmless when run twice at once."""
    at_work = Campaign.objects.filter(state__in=[State.SCHEDULED, State.RUNNING]).order_by("pk")
    lines: set[int] = set()
    for campaign_id in at_work.values_list("pk", flat=True):
        start_if_due(campaign_id)
        if not still_good(campaign_id):
            continue
        lines |= set(CampaignLine.objects.filter(campaign=campaign_id).values_list("line_id", flat=True))
    for line_id in sorted(lines):
        dispatch.top_up(line_id)
    for campaign_id in at_work.filter(state=State.RUNNING).values_list("pk", flat=True):
        counts.sum_up(campaign_id)
        end_if_done(campaign_id)


def start_if_due(campaign_id: int) -> bool:
    """Start a scheduled campaign whose moment has come. One that is far too late waits for a person instead."""
    with transaction.atomic():
        campaign = _locked(campaign_id, State.SCHEDULED)
        if campaign is None:
            return False
        now = clock.now()
        if campaign.starts_at is not None and campaign.starts_at > now:
            return False
        if campaign.starts_at is not None and now - campaign.starts_at > campaign.start_within:
            _pause(campaign, Campaign.Pause.LATE, "Nothing could be sent when it should have started.", now)
            return False
        campaign.state = State.RUNNING
        campaign.save(update_fields=["state"])
        _announce(campaign)
    return True


def still_good(campaign_id: int) -> bool:
    """Hold it on lines that got worse, and pause it when people take it badly. False when it is not running."""
    with transaction.atomic():
        campaign = _locked(campaign_id, State.RUNNING)
        if campaign is None:
            return False
        now = clock.now()
        for one in CampaignLine.objects.filter(campaign=campaign).select_related("line"):
            _hold(one, now)
        reason = _verdict(campaign)
        if reason is None:
            return True
        withdraw.withdraw_all(campaign.pk)
        withdraw.hold_back(campaign.pk)
        _pause(campaign, *reason, now)
    return False


def end_if_done(campaign_id: int) -> bool:
    """Complete a running campaign in which nothing is due and nothing is on its way."""
    with transaction.atomic():
        campaign = _locked(campaign_id, State.RUNNING)
        if campaign is None:
            return False
        rows = Recipient.objects.filter(campaign=campaign)
        if rows.filter(due_at__isnull=False).exists() or rows.filter(state=_STAND.SENDING).exists():
            return False
        failed = rows.filter(state=_STAND.FAILED).exists()
        campaign.state = State.COMPLETED_WITH_FAILURES if failed else State.COMPLETED
        campaign.ended_at = clock.now()
        campaign.save(update_fields=["state", "ended_at"])
        _announce(campaign)
    return True


def _locked(campaign_id: int, state: State) -> Campaign | None:
    """The campaign, if it is in that state; nobody else decides about it until the transaction ends."""
    return Campaign.objects.select_for_update(no_key=True).filter(pk=campaign_id, state=state).first()


def _hold(one: CampaignLine, now: datetime) -> None:
    """Follow the line's health. What was stopped goes on by itself only once the line is healthy again."""
    line = one.line
    wanted, detail = "", ""
    if line.status == Line.Status.FLAGGED:
        wanted, detail = CampaignLine.Hold.STOPPED, "The line is flagged. Let it rest; it usually takes a day."
    elif line.reputation == Line.Reputation.CRITICAL:
        wanted, detail = CampaignLine.Hold.STOPPED, "The line's reputation is critical. Let its chats recover first."
    elif line.reputation == Line.Reputation.AT_RISK:
        wanted, detail = CampaignLine.Hold.SLOWED, "The line is at risk, so it sends at half its pace."
    if (one.hold, one.hold_detail) != (wanted, detail):
        one.hold, one.hold_detail, one.held_at = wanted, detail, now if wanted else None
        one.save(update_fields=["hold", "hold_detail", "held_at"])
        live.announce("campaign", line_id=line.pk, chat_id=None)


def _verdict(campaign: Campaign) -> tuple[Campaign.Pause, str] | None:
    """Why the campaign should not go on, in the team's words; None when it may."""
    found = counts.by_state(campaign.pk)
    known = sum(found.get(state, 0) for state in ANSWERED_FOR)
    if known < campaign.judged_after:
        return None
    failed, opted_out, replied = (found.get(one, 0) for one in (_STAND.FAILED, _STAND.OPTED_OUT, _STAND.REPLIED))
    if campaign.most_failures is not None and 100 * failed > campaign.most_failures * known:
        return Campaign.Pause.FAILURES, f"{failed:,} of {known:,} messages failed. Look at the reasons before going on."
    if campaign.most_opt_outs is not None and 100 * opted_out > campaign.most_opt_outs * known:
        detail = f"{opted_out:,} of {known:,} people opted out. Look again at the text, and at who gets it."
        return Campaign.Pause.OPT_OUTS, detail
    if campaign.least_replies is not None and 100 * replied < campaign.least_replies * known:
        detail = f"Only {replied:,} of {known:,} people replied. Ask them something, or write to fewer."
        return Campaign.Pause.SILENCE, detail
    return None


def _pause(campaign: Campaign, reason: Campaign.Pause, detail: str, now: datetime) -> None:
    campaign.state, campaign.pause_reason, campaign.pause_detail = State.PAUSED, reason, detail
    campaign.paused_at = now
    campaign.save(update_fields=["state", "pause_reason", "pause_detail", "paused_at"])
    _announce(campaign)


def _announce(campaign: Campaign) -> None:
    for line_id in campaign.campaign_lines.values_list("line_id", flat=True):
        live.announce("campaign", line_id=line_id, chat_id=None)
