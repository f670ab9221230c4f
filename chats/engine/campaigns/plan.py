"""Planning: making a campaign's audience into recipients, each with a line, or with the reason why not.

It works on sets of rows in the database, in pieces short enough that nobody waits for them, and may be
stopped and begun again at any point: who is there already is not added twice. A change of the draft begins
a new plan with the next number, and an older one that is still at work finds that out and ends.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction

from chats import clock
from chats.campaigns import forecast
from chats.engine.campaigns import plan_sql as sql
from chats.models import Campaign, CampaignLine, CampaignRules, ListedPerson, Recipient
from chats.queries.people import handles_matching, read_filter
from chats.queries.rooms_left import rooms_left

log = logging.getLogger(__name__)

# So many people become rows in one transaction: well under a second each.
PIECE = 10_000


class Overtaken(Exception):
    """The draft was changed or launched while its people were looked up; another plan is at work."""


@dataclass(frozen=True)
class _Plan:
    campaign: Campaign
    number: int
    now: datetime
    lines: list[int]

    @property
    def names(self) -> dict[str, Any]:
        """What every statement may refer to."""
        return {"campaign": self.campaign.pk, "plan": self.number, "now": self.now}


def make_plan(campaign_id: int, number: int) -> bool:
    """Find everybody whom the campaign is for. False when another plan has taken its place meanwhile."""
    campaign = Campaign.objects.get(pk=campaign_id)
    lines = list(CampaignLine.objects.filter(campaign=campaign).order_by("line").values_list("line_id", flat=True))
    plan = _Plan(campaign, number, clock.now(), lines)
    try:
        _guard(plan)
        for found in _find_people(plan):
            with transaction.atomic():
                _guard(plan)
                _people_found(plan, found)
        with transaction.atomic():
            _guard(plan)
            _settle(plan)
    except Overtaken:
        log.info("Plan %s of campaign %s was overtaken.", number, campaign_id)
        return False
    return True


def _guard(plan: _Plan) -> None:
    """Go on only while this is the newest plan of a draft; holds the campaign until the transaction ends."""
    rows = Campaign.objects.filter(pk=plan.campaign.pk, plan=plan.number, state=Campaign.State.DRAFT)
    if transaction.get_connection().in_atomic_block:
        rows = rows.select_for_update(no_key=True)
    if not rows.exists():
        raise Overtaken


def _find_people(plan: _Plan) -> Iterator[int]:
    """Make recipients of everybody in the audience, piece by piece; yields how many rows each piece had."""
    audience = plan.campaign.audience
    for people_list in audience.get("lists", []):
        after = 0
        listed = ListedPerson.objects.filter(people_list=people_list).order_by("pk")
        while piece := list(listed.filter(pk__gt=after).values_list("pk", flat=True)[:PIECE]):
            names = plan.names | {"list": people_list, "first": piece[0], "last": piece[-1]}
            # By themselves, in the order of their values: whoever else adds one of these waits for a moment only.
            _run(sql.HANDLES_OF_LIST, names)
            _run(sql.RECIPIENTS_OF_LIST, names)
            after = piece[-1]
            yield len(piece)
    for wanted in audience.get("filters", []):
        found = handles_matching(read_filter(wanted), lines=plan.lines).order_by("pk")
        after = 0
        while piece := list(found.filter(pk__gt=after).values_list("pk", flat=True)[:PIECE]):
            _run(sql.RECIPIENTS_OF_HANDLES, plan.names | {"handles": piece})
            after = piece[-1]
            yield len(piece)


def _people_found(plan: _Plan, more: int) -> None:
    Campaign.objects.filter(pk=plan.campaign.pk).update(people_found=plan.campaign.people_found + more)
    plan.campaign.people_found += more


def _settle(plan: _Plan) -> None:
    """Decide of everybody who was found: which line, or why not. The first reason that holds is the one shown."""
    campaign, names = plan.campaign, plan.names | {"lines": plan.lines}
    _run(sql.FORGET_OLDER_PLANS, names)
    _run(sql.SKIP_OPTED_OUT, names)
    _run(sql.SKIP_BLOCKED, names)
    _run(sql.SKIP_SENDERS_WITHOUT_A_NUMBER, names)
    _run(sql.TAKE_EXISTING_CHATS, names)
    _run(sql.SKIP_SECOND_HANDLES, names)
    _run(sql.SKIP_OTHER_LINES, names)
    _run(sql.SKIP_UNHEALTHY_CHATS, names)
    if campaign.not_spoken_to_days is not None:
        since = plan.now - timedelta(days=campaign.not_spoken_to_days)
        _run(sql.SKIP_SPOKEN_TO, names | {"since": since, "days": campaign.not_spoken_to_days})
    if campaign.not_silent_after is not None:
        _run(sql.SKIP_SILENT, names | {"most": campaign.not_silent_after})
    if campaign.not_in_running:
        _run(sql.SKIP_IN_OTHER_CAMPAIGNS, names)
    rules = CampaignRules.objects.filter(pk=1).first() or CampaignRules()
    if rules.most_messages is not None:
        since = plan.now - timedelta(days=rules.in_days)
        _run(sql.SKIP_HAD_ENOUGH, names | {"since": since, "most": rules.most_messages, "days": rules.in_days})
    _spread(plan, names)
    _run(sql.COUNT, names)
    Campaign.objects.filter(pk=campaign.pk).update(planned_at=plan.now)


def _spread(plan: _Plan, names: dict[str, Any]) -> None:
    """Give the people whom no line knows to the lines that may begin conversations, by the room these have."""
    new = Recipient.objects.filter(campaign=plan.campaign, state=Recipient.State.PLANNED, line__isnull=True).count()
    if not new:
        return
    takes = plan.campaign.campaign_lines.filter(takes_new_people=True).values_list("line_id", flat=True)
    shares = forecast.spread(new, [one for one in rooms_left(plan.now) if one.line_id in set(takes)])
    if shares:
        upto, bounds = 0, []
        for line_id, count in sorted(shares.items()):
            upto += count
            bounds.append((line_id, upto))
        _run(
            sql.SPREAD_NEW_PEOPLE,
            names
            | {
                "seed": str(plan.campaign.seed),
                "shared": [line_id for line_id, _ in bounds],
                "bounds": [bound for _, bound in bounds],
            },
        )
    _run(sql.SKIP_WITHOUT_A_LINE, names)


def _run(statement: str, names: dict[str, Any]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, names)
