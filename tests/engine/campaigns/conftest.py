"""A running campaign on `line`, and what the remote says of its messages."""

from __future__ import annotations

from collections.abc import Callable
from datetime import time, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User

from chats.engine.campaigns import plan
from chats.models import Campaign, CampaignLine, CampaignStep, CampaignVariant, Line, ListedPerson, PeopleList
from tests.people import NOON

Launch = Callable[..., Campaign]


def number(index: int) -> str:
    return f"+1202555{index:04}"


@pytest.fixture(autouse=True)
def moment(time_machine: Any) -> Any:
    time_machine.move_to(NOON, tick=False)
    return time_machine


@pytest.fixture
def launch(line: Line, other_line: Line, manager: User) -> Launch:
    """Makes a running campaign for so many people of Washington, where noon in UTC is eight in the morning."""

    def make(
        people: int = 3,
        *texts: str,
        lines: tuple[Line, ...] = (),
        waits: tuple[timedelta, ...] = (),
        fields: dict[str, str] | None = None,
        **wanted: Any,
    ) -> Campaign:
        people_list = PeopleList.objects.create(name="List", state=PeopleList.State.READY, created_at=NOON)
        rows = [
            ListedPerson(people_list=people_list, handle=number(index), fields=fields or {}) for index in range(people)
        ]
        ListedPerson.objects.bulk_create(rows)
        campaign = Campaign.objects.create(
            **{
                "name": "Autumn",
                "created_at": NOON,
                "launched_by": manager,
                "audience": {"lists": [people_list.pk]},
                "plan": 1,
                "days": [1, 2, 3, 4, 5, 6, 7],
                "opens_at": time(8),
                "keeps_holidays": False,
                **wanted,
            }
        )
        for one in lines or (line,):
            CampaignLine.objects.create(campaign=campaign, line=one)
        for step, wait in enumerate([timedelta(0), *waits]):
            made = CampaignStep.objects.create(campaign=campaign, number=step, wait=wait)
            for position, text in enumerate(texts or ("Hello, how are you?",)):
                CampaignVariant.objects.create(step=made, position=position, text=text)
        assert plan.make_plan(campaign.pk, 1)
        Campaign.objects.filter(pk=campaign.pk).update(state=Campaign.State.RUNNING)
        campaign.refresh_from_db()
        return campaign

    return make
