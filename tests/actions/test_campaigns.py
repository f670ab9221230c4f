"""Drafting, approving, launching, pausing and ending campaigns, and who may."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User

from chats.actions import campaign_drafts, campaign_runs
from chats.actions.campaign_drafts import CampaignDraft, StepDraft, save_draft
from chats.actions.rules import NotAllowed, Refused
from chats.engine.campaigns import dispatch, judge, plan
from chats.models import (
    AuditRecord,
    Campaign,
    CampaignMessage,
    CampaignRules,
    Line,
    LineAccess,
    ListedPerson,
    Message,
    Operation,
    PeopleList,
    Recipient,
)
from chats.queries import access
from tests.people import NOON, make_person

pytestmark = pytest.mark.django_db

State = Campaign.State


@pytest.fixture(autouse=True)
def moment(time_machine: Any) -> Any:
    time_machine.move_to(NOON, tick=False)
    return time_machine


@pytest.fixture
def people_list(manager: User) -> PeopleList:
    made = PeopleList.objects.create(name="List", state="ready", created_by=manager, created_at=NOON)
    ListedPerson.objects.bulk_create(
        ListedPerson(people_list=made, handle=f"+1202555{index:04}", fields={"city": "Rome"}) for index in range(3)
    )
    return made


@pytest.fixture
def draft(line: Line, people_list: PeopleList) -> CampaignDraft:
    return CampaignDraft(
        name="Autumn",
        lines=[line.pk],
        lists=[people_list.pk],
        steps=[StepDraft(texts=["How is {{ city }}?"]), StepDraft(texts=["Still there?"], wait=timedelta(days=1))],
        opens_at=time(8),
        keeps_holidays=False,
    )


def changed(draft: CampaignDraft, **other: Any) -> CampaignDraft:
    return CampaignDraft(**{name: getattr(draft, name) for name in draft.__dataclass_fields__} | other)


def saved(draft: CampaignDraft, by: User) -> Campaign:
    campaign = save_draft(draft=draft, by=by)
    assert plan.make_plan(campaign.pk, campaign.plan)
    campaign.refresh_from_db()
    return campaign


def launched(draft: CampaignDraft, by: User) -> Campaign:
    return campaign_runs.launch_campaign(campaign=saved(draft, by), count="3", by=by)


def running(draft: CampaignDraft, by: User) -> Campaign:
    campaign = launched(draft, by)
    assert judge.start_if_due(campaign.pk)
    campaign.refresh_from_db()
    return campaign


def test_a_draft_is_kept_as_it_was_decided(draft: CampaignDraft, manager: User, people_list: PeopleList) -> None:
    campaign = saved(draft, manager)
    assert (campaign.state, campaign.plan, campaign.planned_at, campaign.people_found) == ("draft", 1, NOON, 3)
    assert campaign_drafts.read_draft(campaign) == changed(
        draft,
        days=[1, 2, 3, 4, 5, 6, 7],
        steps=[
            StepDraft(texts=["How is {{ city }}?"], weights=[1]),
            StepDraft(texts=["Still there?"], weights=[1], wait=timedelta(days=1)),
        ],
        lines_without_new_people=[],
        filters=[],
    )
    assert AuditRecord.objects.get().action == "campaign.create"
    again = save_draft(draft=changed(draft, name=" Autumn  2 "), by=manager, campaign=campaign)
    assert (again.pk, again.name, again.plan, again.planned_at) == (campaign.pk, "Autumn 2", 2, None)
    assert campaign.steps.count() == 2


@pytest.mark.parametrize(
    ("change", "field", "sentence"),
    [
        ({"name": "  "}, "name", "Give the campaign a name."),
        ({"name": "x" * 201}, "name", "A name can have 200 characters at the most."),
        ({"lines": []}, "lines", "Choose at least one line."),
        ({"lists": []}, "lists", "Say who it is for: a list, or people by what is known of them."),
        ({"lists": [0]}, "lists", "This list is not there, or has not been read yet."),
        ({"filters": [{"shoe": 44}]}, "filters", "There is no filter “shoe”."),
        ({"steps": []}, "steps", "A campaign has one message and up to 3 follow-ups."),
        ({"steps": [StepDraft(texts=["Hi"])] * 5}, "steps", "A campaign has one message and up to 3 follow-ups."),
        (
            {"steps": [StepDraft(texts=["Hi {{"])]},
            "step_0",
            "The template has a mistake: expected “}}”, found end of file.",
        ),
        ({"steps": [StepDraft(texts=["{{ shoe }}"])]}, "step_0", "Nobody has a field “shoe”."),
        (
            {"steps": [StepDraft(texts=["Hi"]), StepDraft(texts=["Hi"])]},
            "step_1",
            "A follow-up waits between an hour and 30 days.",
        ),
        (
            {"steps": [StepDraft(texts=["Hi", "Ho"], weights=[0, 0])]},
            "step_0",
            "Shares are whole numbers up to 1,000, and one must be above 0.",
        ),
        ({"steps": [StepDraft(texts=["Hi"] * 5)]}, "step_0", "A message has up to 4 variants, each with its share."),
        ({"time_zone": "Mars"}, "time_zone", "“Mars” is not a time zone. Write it like Europe/Paris."),
        ({"days": []}, "days", "Choose at least one day of the week."),
        ({"closes_at": time(7)}, "days", "The window must close later than it opens, on the same day."),
        ({"starts_at": NOON, "ends_at": NOON}, "ends_at", "The end must come after the start."),
        ({"most_failures": 101}, "most_failures", "A share is between 0 and 100 percent."),
        ({"judged_after": 9}, "judged_after", "It can be judged after ten messages at the earliest."),
    ],
)
def test_what_makes_no_sense_is_refused(
    change: dict[str, Any], field: str, sentence: str, draft: CampaignDraft, manager: User
) -> None:
    with pytest.raises(Refused) as refused:
        save_draft(draft=changed(draft, **change), by=manager)
    assert (refused.value.field, refused.value.sentence) == (field, sentence)
    assert not Campaign.objects.exists()


@pytest.mark.parametrize("who", ["agent", "outsider"])
def test_who_may_not_changes_nothing(
    who: str, draft: CampaignDraft, manager: User, request: pytest.FixtureRequest
) -> None:
    by = request.getfixturevalue(who)
    campaign = saved(draft, manager)
    records = AuditRecord.objects.count()
    for attempt in (
        lambda: save_draft(draft=draft, by=by),
        lambda: save_draft(draft=draft, by=by, campaign=campaign),
        lambda: campaign_runs.launch_campaign(campaign=campaign, count="3", by=by),
        lambda: campaign_runs.pause_campaign(campaign=campaign, by=by),
        lambda: campaign_runs.resume_campaign(campaign=campaign, by=by),
        lambda: campaign_runs.cancel_campaign(campaign=campaign, by=by),
        lambda: campaign_runs.archive_campaign(campaign=campaign, by=by),
        lambda: campaign_runs.approve_campaign(campaign=campaign, by=by),
        lambda: campaign_runs.remove_recipient(
            campaign=campaign, recipient_id=Recipient.objects.order_by("pk")[0].pk, by=by
        ),
    ):
        with pytest.raises(NotAllowed):
            attempt()
    campaign.refresh_from_db()
    assert (campaign.state, campaign.plan, campaign.approved_at, campaign.archived_at) == ("draft", 1, None, None)
    assert (Campaign.objects.count(), AuditRecord.objects.count()) == (1, records)
    assert set(Recipient.objects.values_list("state", flat=True)) == {"planned"}


def test_a_campaign_on_a_line_of_others_is_theirs(
    draft: CampaignDraft, manager: User, administrator: User, other_line: Line, line: Line
) -> None:
    with pytest.raises(NotAllowed):
        save_draft(draft=changed(draft, lines=[line.pk, other_line.pk]), by=manager)
    wide = save_draft(draft=changed(draft, lines=[line.pk, other_line.pk]), by=administrator)
    with pytest.raises(NotAllowed):
        save_draft(draft=draft, by=manager, campaign=wide)


def test_the_number_has_to_be_typed(draft: CampaignDraft, manager: User) -> None:
    campaign = saved(draft, manager)
    for typed in ("", "2", "yes", "33"):
        with pytest.raises(Refused) as refused:
            campaign_runs.launch_campaign(campaign=campaign, count=typed, by=manager)
        assert refused.value.sentence == "Type 3, the number of people that it will write to."
    row = campaign_runs.launch_campaign(campaign=campaign, count=" 3 ", by=manager)
    assert (row.state, row.launched_by, row.launched_at) == ("scheduled", manager, NOON)
    with pytest.raises(Refused, match="It has been launched already."):
        campaign_runs.launch_campaign(campaign=campaign, count="3", by=manager)


def test_a_plan_that_is_not_ready_is_waited_for(draft: CampaignDraft, manager: User) -> None:
    campaign = save_draft(draft=draft, by=manager)
    with pytest.raises(Refused, match="Its people are still being looked up. Wait a moment."):
        campaign_runs.launch_campaign(campaign=campaign, count="3", by=manager)


def test_a_campaign_for_nobody_is_not_launched(draft: CampaignDraft, manager: User) -> None:
    campaign = save_draft(draft=draft, by=manager)
    ListedPerson.objects.all().delete()
    assert plan.make_plan(campaign.pk, campaign.plan)
    with pytest.raises(Refused, match="There is nobody to write to. Look at why people were left out."):
        campaign_runs.launch_campaign(campaign=campaign, count="0", by=manager)


def test_a_link_to_strangers_is_refused(draft: CampaignDraft, manager: User) -> None:
    campaign = saved(changed(draft, steps=[StepDraft(texts=["Hi", "https://example.com"], weights=[1, 1])]), manager)
    with pytest.raises(Refused, match="The first message holds a link"):
        campaign_runs.launch_campaign(campaign=campaign, count="3", by=manager)


def test_a_large_campaign_needs_somebody_else(draft: CampaignDraft, manager: User, line: Line) -> None:
    CampaignRules.objects.create(pk=1, approval_above=2)
    campaign = saved(draft, manager)
    with pytest.raises(Refused, match="A campaign of this size needs the approval of a second person first."):
        campaign_runs.launch_campaign(campaign=campaign, count="3", by=manager)
    with pytest.raises(Refused, match="Somebody else has to approve your campaign."):
        campaign_runs.approve_campaign(campaign=campaign, by=manager)
    second = make_person("second", "Manager", line)
    campaign_runs.approve_campaign(campaign=campaign, by=second)
    # A change takes the approval away.
    save_draft(draft=draft, by=manager, campaign=campaign)
    campaign.refresh_from_db()
    assert plan.make_plan(campaign.pk, campaign.plan)
    with pytest.raises(Refused, match="needs the approval"):
        campaign_runs.launch_campaign(campaign=campaign, count="3", by=manager)
    campaign_runs.approve_campaign(campaign=campaign, by=second)
    assert campaign_runs.launch_campaign(campaign=campaign, count="3", by=manager).state == "scheduled"


def test_it_starts_at_its_moment_and_not_far_too_late(draft: CampaignDraft, manager: User, moment: Any) -> None:
    campaign = launched(changed(draft, starts_at=NOON + timedelta(hours=2)), manager)
    assert not judge.start_if_due(campaign.pk)
    moment.shift(timedelta(hours=3, seconds=1))
    assert not judge.start_if_due(campaign.pk)
    campaign.refresh_from_db()
    assert (campaign.state, campaign.pause_reason) == ("paused", "late")
    assert campaign.pause_detail == "Nothing could be sent when it should have started."
    assert campaign_runs.resume_campaign(campaign=campaign, by=manager).state == "running"


def test_a_pause_takes_back_what_has_not_left_and_going_on_repeats_nobody(
    draft: CampaignDraft, manager: User, line: Line
) -> None:
    campaign = running(draft, manager)
    assert dispatch.top_up(line.pk) == 3
    left = Operation.objects.order_by("pk")[0]
    Operation.objects.filter(pk=left.pk).update(state="accepted", first_sent_at=NOON, due_at=None)
    for _ in range(2):
        assert campaign_runs.pause_campaign(campaign=campaign, by=manager).state == "paused"
    assert (Message.objects.count(), CampaignMessage.objects.count()) == (1, 1)
    judge.tick()
    assert Message.objects.count() == 1
    for _ in range(2):
        assert campaign_runs.resume_campaign(campaign=campaign, by=manager).state == "running"
    judge.tick()
    assert (Message.objects.count(), CampaignMessage.objects.count()) == (3, 3)
    assert Operation.objects.exclude(state="cancelled").count() == 3


def test_cancelling_ends_it_for_good(draft: CampaignDraft, manager: User, line: Line) -> None:
    campaign = running(draft, manager)
    dispatch.top_up(line.pk)
    for _ in range(2):
        assert campaign_runs.cancel_campaign(campaign=campaign, by=manager).state == "cancelled"
    judge.tick()
    assert not Message.objects.exists()
    with pytest.raises(Refused, match="Only a paused campaign can go on."):
        campaign_runs.resume_campaign(campaign=campaign, by=manager)
    assert campaign_runs.archive_campaign(campaign=campaign, by=manager).archived_at == NOON


def test_one_person_can_be_taken_out(draft: CampaignDraft, manager: User, line: Line) -> None:
    campaign = running(draft, manager)
    row = Recipient.objects.order_by("pk")[0]
    for _ in range(2):
        campaign_runs.remove_recipient(campaign=campaign, recipient_id=row.pk, by=manager)
    row.refresh_from_db()
    assert (row.state, row.reason, row.due_at) == ("skipped", "Taken out by hand.", None)
    assert dispatch.top_up(line.pk) == 2
    leaving = Recipient.objects.filter(state="sending").order_by("pk")[0]
    with pytest.raises(Refused, match="Their message is leaving at this moment. Pause the campaign first."):
        campaign_runs.remove_recipient(campaign=campaign, recipient_id=leaving.pk, by=manager)


def test_a_copy_is_a_draft_with_new_people(draft: CampaignDraft, manager: User, line: Line) -> None:
    campaign = running(draft, manager)
    second = make_person("second", "Manager", line)
    copy = campaign_drafts.duplicate_campaign(campaign=campaign, by=second)
    assert (copy.state, copy.name, copy.created_by, copy.seed == campaign.seed) == (
        "draft",
        "Copy of Autumn",
        second,
        False,
    )
    assert plan.make_plan(copy.pk, copy.plan)
    # They are in the first one, which is still under way.
    assert set(Recipient.objects.filter(campaign=copy).values_list("reason", flat=True)) == {
        "Another campaign is writing to them."
    }


@pytest.mark.parametrize(
    ("states", "reason"),
    [
        (["failed"] * 2 + ["read"] * 8, "failures"),
        (["opted_out"] + ["read"] * 9, "opt_outs"),
        (["read"] * 10, "silence"),
        (["replied"] * 3 + ["read"] * 7, ""),
    ],
)
def test_it_pauses_by_itself_when_people_take_it_badly(
    states: list[str], reason: str, draft: CampaignDraft, manager: User, people_list: PeopleList
) -> None:
    ListedPerson.objects.bulk_create(
        ListedPerson(people_list=people_list, handle=f"+1202555{index:04}") for index in range(3, 12)
    )
    campaign = saved(changed(draft, judged_after=10, least_replies=20, steps=[StepDraft(texts=["Hi"])]), manager)
    campaign_runs.launch_campaign(campaign=campaign, count="12", by=manager)
    judge.start_if_due(campaign.pk)
    for row, state in zip(Recipient.objects.order_by("pk"), states, strict=False):
        Recipient.objects.filter(pk=row.pk).update(state=state, due_at=None, reason="No." if state == "failed" else "")
    plan._run(plan.sql.COUNT, {"campaign": campaign.pk})
    assert judge.still_good(campaign.pk) is (reason == "")
    campaign.refresh_from_db()
    assert campaign.pause_reason == reason


@pytest.mark.parametrize(
    ("change", "hold"),
    [
        ({"reputation": "AT_RISK"}, "slowed"),
        ({"reputation": "CRITICAL"}, "stopped"),
        ({"status": "FLAGGED"}, "stopped"),
    ],
)
def test_it_follows_the_health_of_its_lines(
    change: dict[str, str], hold: str, draft: CampaignDraft, manager: User, line: Line
) -> None:
    campaign = running(draft, manager)
    Line.objects.filter(pk=line.pk).update(**change)
    judge.tick()
    assert campaign.campaign_lines.get().hold == hold
    Line.objects.filter(pk=line.pk).update(reputation="HEALTHY", status="ACTIVE")
    judge.tick()
    assert (campaign.campaign_lines.get().hold, campaign.campaign_lines.get().held_at) == ("", None)


@pytest.mark.parametrize(("end", "state"), [("delivered", "completed"), ("failed", "failures")])
def test_it_ends_when_nothing_is_due_and_nothing_on_its_way(
    end: str, state: str, draft: CampaignDraft, manager: User
) -> None:
    campaign = running(changed(draft, steps=[StepDraft(texts=["Hi"])]), manager)
    judge.tick()
    campaign.refresh_from_db()
    assert campaign.state == "running"
    Recipient.objects.update(state=end, due_at=None, reason="No." if end == "failed" else "")
    judge.tick()
    campaign.refresh_from_db()
    assert (campaign.state, campaign.ended_at) == (state, NOON)


def test_a_plan_is_visible_to_those_who_see_all_its_lines(
    draft: CampaignDraft, manager: User, agent: User, outsider: User, administrator: User, line: Line, other_line: Line
) -> None:
    narrow = saved(draft, manager)
    wide = save_draft(draft=changed(draft, lines=[line.pk, other_line.pk]), by=administrator)
    assert set(access.campaigns_for(manager)) == {narrow}
    assert set(access.campaigns_for(administrator)) == {narrow, wide}
    assert set(access.campaigns_for(outsider)) == set()
    LineAccess.objects.create(user=manager, line=other_line)
    assert set(access.campaigns_for(manager)) == {narrow, wide}
    assert isinstance(narrow.planned_at, datetime)
