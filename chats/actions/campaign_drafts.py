"""Drafting a campaign: its people, texts, lines and hours. Every change asks for a new plan of its people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, time, timedelta
from typing import Any, Final

from django.contrib.auth.models import User
from django.db import transaction

from chats import clock
from chats.actions.campaign_runs import RUN
from chats.actions.rules import NotAllowed, Refused, record
from chats.campaigns import places, windows, wording
from chats.campaigns.shares import MOST_VARIANTS
from chats.engine import wake
from chats.engine.campaigns.text import OWN_FIELDS
from chats.models import (
    Campaign,
    CampaignLine,
    CampaignStep,
    CampaignVariant,
    Contact,
    Line,
    ListedPerson,
    PeopleList,
)
from chats.queries import access, people

MOST_STEPS: Final = 4
MOST_LISTS: Final = 20
MOST_FILTERS: Final = 10
MAX_NAME: Final = 200
SHORTEST_WAIT: Final = timedelta(hours=1)
LONGEST_WAIT: Final = timedelta(days=30)
# The names in a list are those of its columns, so the first of its people know nearly all of them.
_NAMES_SAMPLE: Final = 200


@dataclass(frozen=True, kw_only=True)
class StepDraft:
    """One message: its wordings, their shares, and how long it waits after the message before it."""

    texts: Sequence[str]
    weights: Sequence[int] = (1,)
    wait: timedelta = timedelta(0)


@dataclass(frozen=True, kw_only=True)
class CampaignDraft:
    """All that a person decides about a campaign; the fields of `Campaign` say what each means."""

    name: str
    lines: Sequence[int]
    steps: Sequence[StepDraft]
    lists: Sequence[int] = ()
    filters: Sequence[Mapping[str, Any]] = ()
    defaults: Mapping[str, str] = field(default_factory=dict)
    lines_without_new_people: Sequence[int] = ()
    not_spoken_to_days: int | None = None
    not_silent_after: int | None = None
    not_in_running: bool = True
    time_zone: str = "UTC"
    opens_at: time = time(9)
    closes_at: time = time(20)
    days: Sequence[int] = (1, 2, 3, 4, 5, 6, 7)
    keeps_holidays: bool = True
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    start_within: timedelta = timedelta(hours=1)
    judged_after: int = 50
    most_failures: int | None = 10
    most_opt_outs: int | None = 3
    least_replies: int | None = None


def save_draft(
    *, draft: CampaignDraft, by: User, campaign: Campaign | None = None, copy_of: Campaign | None = None
) -> Campaign:
    """Make a campaign, or change one that is still a draft, and have its people looked up anew.

    The lists of others can be used as far as `campaign`, or the one that it is a `copy_of`, uses them already.

    Raises `NotAllowed` without `run_campaigns`, or for a campaign or a line of others; `Refused` with the
    field for whatever makes no sense: a wrong template or name, an empty audience, hours that never come.
    """
    if not access.has_right(by, f"chats.{RUN}"):
        raise NotAllowed(f"This needs the right “{RUN}”.")
    wanted = _checked(draft, by, campaign or copy_of)
    with transaction.atomic():
        row = _row(campaign, by)
        for name, value in wanted.items():
            setattr(row, name, value)
        row.plan += 1
        row.people_found = 0
        row.planned_at = row.approved_at = row.approved_by = None
        row.save()
        _save_lines(row, draft)
        _save_steps(row, draft)
        action = "campaign.create" if campaign is None else "campaign.edit"
        record(by, action, line=Line.objects.get(pk=draft.lines[0]), target=f"campaign {row.pk}")
        wake.wake_plan(row.pk, row.plan)
    return row


def duplicate_campaign(*, campaign: Campaign, by: User) -> Campaign:
    """A new draft with all that this one says, but its times and its people, who are looked up anew."""
    draft = read_draft(campaign)
    name = f"Copy of {campaign.name}"[:MAX_NAME]
    return save_draft(draft=replace(draft, name=name, starts_at=None, ends_at=None), by=by, copy_of=campaign)


def read_draft(campaign: Campaign) -> CampaignDraft:
    """What a person has decided about a campaign, to be shown in a form or copied."""
    lines = list(campaign.campaign_lines.order_by("pk"))
    steps = [
        StepDraft(
            texts=[one.text for one in step.variants.all()],
            weights=[one.weight for one in step.variants.all()],
            wait=step.wait,
        )
        for step in campaign.steps.prefetch_related("variants")
    ]
    same = {name: getattr(campaign, name) for name in _SAME}
    return CampaignDraft(
        lines=[one.line_id for one in lines],
        lines_without_new_people=[one.line_id for one in lines if not one.takes_new_people],
        steps=steps,
        lists=campaign.audience.get("lists", []),
        filters=campaign.audience.get("filters", []),
        **same,
    )


_SAME: Final = (
    "name",
    "defaults",
    "not_spoken_to_days",
    "not_silent_after",
    "not_in_running",
    "time_zone",
    "opens_at",
    "closes_at",
    "days",
    "keeps_holidays",
    "starts_at",
    "ends_at",
    "start_within",
    "judged_after",
    "most_failures",
    "most_opt_outs",
    "least_replies",
)
"""What a draft and a campaign call by the same name."""


def known_names(draft: CampaignDraft) -> frozenset[str]:
    """The fields that its people may have: everybody's own, the columns of its lists, what contacts are given."""
    names = set(OWN_FIELDS) | set(draft.defaults)
    for one in draft.lists:
        sample = ListedPerson.objects.filter(people_list=one).order_by("pk").values_list("fields", flat=True)
        for fields in sample[:_NAMES_SAMPLE]:
            names |= set(fields)
    for layout in PeopleList.objects.filter(pk__in=list(draft.lists)).values_list("layout", flat=True):
        names |= set(layout.get("columns", []))
    for attributes in Contact.objects.exclude(attributes={}).values_list("attributes", flat=True)[:_NAMES_SAMPLE]:
        names |= set(attributes)
    return frozenset(names)


def _checked(draft: CampaignDraft, by: User, before: Campaign | None) -> dict[str, Any]:
    """The campaign's columns, or `Refused` with what is wrong first."""
    name = " ".join(draft.name.replace("\0", "").split())
    if not name:
        raise Refused("Give the campaign a name.", field="name")
    if len(name) > MAX_NAME:
        raise Refused(f"A name can have {MAX_NAME} characters at the most.", field="name")
    _check_lines(draft, by)
    audience = _checked_audience(draft, by, before)
    _check_texts(draft)
    try:
        places.zone(draft.time_zone)
        windows.Window(draft.opens_at, draft.closes_at, frozenset(draft.days), draft.keeps_holidays)
    except places.UnknownZone as problem:
        raise Refused(str(problem), field="time_zone") from None
    except windows.ImpossibleWindow as problem:
        raise Refused(str(problem), field="days") from None
    if draft.starts_at is not None and draft.ends_at is not None and draft.ends_at <= draft.starts_at:
        raise Refused("The end must come after the start.", field="ends_at")
    for percent in ("most_failures", "most_opt_outs", "least_replies"):
        value = getattr(draft, percent)
        if value is not None and not 0 <= value <= 100:
            raise Refused("A share is between 0 and 100 percent.", field=percent)
    if draft.judged_after < 10:
        raise Refused("It can be judged after ten messages at the earliest.", field="judged_after")
    return {one: getattr(draft, one) for one in _SAME} | {
        "name": name,
        "audience": audience,
        "defaults": dict(draft.defaults),
        "days": sorted(set(draft.days)),
    }


def _check_lines(draft: CampaignDraft, by: User) -> None:
    if not draft.lines:
        raise Refused("Choose at least one line.", field="lines")
    seen = set(access.lines_for(by).filter(pk__in=list(draft.lines), is_active=True).values_list("pk", flat=True))
    if seen != set(draft.lines):
        raise NotAllowed("This line is not yours.")


def _checked_audience(draft: CampaignDraft, by: User, before: Campaign | None) -> dict[str, Any]:
    if not draft.lists and not draft.filters:
        raise Refused("Say who it is for: a list, or people by what is known of them.", field="lists")
    if len(draft.lists) > MOST_LISTS or len(draft.filters) > MOST_FILTERS:
        raise Refused(f"At most {MOST_LISTS} lists and {MOST_FILTERS} filters can be joined.", field="lists")
    ready = access.people_lists_for(by).filter(pk__in=list(draft.lists), state=PeopleList.State.READY)
    used = set(before.audience.get("lists", [])) if before is not None else set()
    if set(draft.lists) - used - set(ready.values_list("pk", flat=True)):
        raise Refused("This list is not there, or has not been read yet.", field="lists")
    try:
        filters = [people.read_filter(one).as_json() for one in draft.filters]
    except people.WrongFilter as problem:
        raise Refused(str(problem), field="filters") from None
    return {"lists": list(dict.fromkeys(draft.lists)), "filters": filters}


def _check_texts(draft: CampaignDraft) -> None:
    if not 1 <= len(draft.steps) <= MOST_STEPS:
        raise Refused(f"A campaign has one message and up to {MOST_STEPS - 1} follow-ups.", field="steps")
    known = known_names(draft)
    for number, step in enumerate(draft.steps):
        if not 1 <= len(step.texts) <= MOST_VARIANTS or len(step.texts) != len(step.weights):
            raise Refused(f"A message has up to {MOST_VARIANTS} variants, each with its share.", field=f"step_{number}")
        if sum(step.weights) <= 0 or min(step.weights) < 0 or max(step.weights) > 1000:
            raise Refused("Shares are whole numbers up to 1,000, and one must be above 0.", field=f"step_{number}")
        if number and not SHORTEST_WAIT <= step.wait <= LONGEST_WAIT:
            raise Refused("A follow-up waits between an hour and 30 days.", field=f"step_{number}")
        for text in step.texts:
            _check_text(text, known, field_name=f"step_{number}")


def _check_text(text: str, known: frozenset[str], *, field_name: str) -> None:
    try:
        unknown = wording.unknown_names(wording.read(text), known)
    except wording.WrongTemplate as problem:
        raise Refused(str(problem), field=field_name) from None
    if unknown:
        raise Refused(f"Nobody has a field “{unknown[0]}”.", field=field_name)


def _row(campaign: Campaign | None, by: User) -> Campaign:
    if campaign is None:
        return Campaign(created_by=by, created_at=clock.now())
    if not access.campaigns_for(by).filter(pk=campaign.pk).exists():
        raise NotAllowed("This campaign is not yours.")
    row = Campaign.objects.select_for_update(no_key=True).get(pk=campaign.pk)
    if row.state != Campaign.State.DRAFT:
        raise Refused("It has been launched already, so it can no longer be changed.")
    return row


def _save_lines(row: Campaign, draft: CampaignDraft) -> None:
    row.campaign_lines.exclude(line__in=list(draft.lines)).delete()
    CampaignLine.objects.bulk_create(
        [
            CampaignLine(campaign=row, line_id=one, takes_new_people=one not in draft.lines_without_new_people)
            for one in dict.fromkeys(draft.lines)
        ],
        update_conflicts=True,
        unique_fields=["campaign", "line"],
        update_fields=["takes_new_people"],
    )


def _save_steps(row: Campaign, draft: CampaignDraft) -> None:
    row.steps.all().delete()
    for number, step in enumerate(draft.steps):
        made = CampaignStep.objects.create(campaign=row, number=number, wait=step.wait if number else timedelta(0))
        CampaignVariant.objects.bulk_create(
            CampaignVariant(step=made, position=position, text=text, weight=weight)
            for position, (text, weight) in enumerate(zip(step.texts, step.weights, strict=True))
        )
