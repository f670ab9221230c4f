"""Home: true numbers of a person's own lines."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
import time_machine
from django.test import Client, RequestFactory
from django.urls import reverse

from chats.actions.groups import rename_group
from chats.admin.home import home_context
from chats.engine import lanes
from chats.models import Chat, Lane, Line, Operation, SyncRun, WebhookEvent
from tests.people import NOON, make_chat, make_handle, make_person, signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def noon():
    with time_machine.travel(NOON, tick=False):
        yield


def home(user) -> dict[str, str]:
    response = signed_in(user).get(reverse("admin:index"))
    assert response.status_code == 200
    return {tile.label: tile.value for tile in response.context["home"]}


def alerts(user) -> list[str]:
    return [alert.title for alert in signed_in(user).get(reverse("admin:index")).context["alerts"]]


def failed(group, by, at) -> None:
    operation = rename_group(chat=group, name=f"Name {at}", by=by)
    Operation.objects.filter(pk=operation.pk).update(state="failed", error="Why.", settled_at=at, due_at=None)


@pytest.fixture
def busy(manager, line, other_line, group, chat) -> None:
    """Things on `line`, some of them long ago, and as many on a line of others."""
    Chat.objects.filter(pk=chat.pk).update(unread_count=3)
    Chat.objects.filter(pk=group.pk).update(unread_count=4, sort_at=NOON - timedelta(hours=25))
    failed(group, manager, NOON - timedelta(hours=23))
    failed(group, manager, NOON - timedelta(hours=25))
    rename_group(chat=group, name="Waiting", by=manager)
    for at_line in (line, other_line):
        WebhookEvent.objects.create(
            event_id=str(uuid.uuid4()),
            event_type="message.sent",
            payload={},
            state="parked",
            error="Why.",
            line=at_line,
            received_at=NOON,
        )
    make_chat(other_line, make_handle("+14155550801"), unread_count=9)
    Line.objects.filter(pk=other_line.pk).update(status="FLAGGED")


def test_anonymous_is_sent_to_the_sign_in(db):
    assert Client().get(reverse("admin:index")).status_code == 302


def test_the_numbers_are_those_of_ones_own_lines(manager, busy):
    assert home(manager) == {
        "Unread messages": "7",
        "Active chats": "1",
        "Waiting to leave": "1",
        "Failed": "1",
        "Events that failed": "1",
        "Lines flagged": "0",
    }


def test_an_administrator_counts_all_lines(administrator, busy):
    assert home(administrator) == {
        "Unread messages": "16",
        "Active chats": "2",
        "Waiting to leave": "1",
        "Failed": "1",
        "Events that failed": "2",
        "Lines flagged": "1",
    }


def test_an_outsider_counts_only_theirs(outsider, busy):
    assert home(outsider)["Unread messages"] == "9"
    assert home(outsider)["Failed"] == "0"


def test_an_agent_gets_no_link_to_rooms_that_are_closed(agent, busy):
    response = signed_in(agent).get(reverse("admin:index"))
    urls = {tile.label: tile.url for tile in response.context["home"]}
    assert urls == {
        "Unread messages": f"{reverse('admin:inbox')}?unread=1",
        "Active chats": reverse("admin:inbox"),
        "Waiting to leave": "",
        "Failed": "",
        "Lines flagged": "",
    }


def test_failures_link_to_the_filtered_activity(manager, busy):
    response = signed_in(manager).get(reverse("admin:index"))
    assert f'href="{reverse("admin:activity")}?state=failed"' in response.content.decode()


def test_without_a_line_it_says_whom_to_ask(db):
    new = make_person("new", "Agent")
    assert home(new) == {}
    assert alerts(new) == ["No line is given to you yet"]


def test_alerts_of_lines(administrator, manager, line, other_line):
    SyncRun.objects.create(started_at=NOON)
    Line.objects.filter(pk=line.pk).update(status="FLAGGED", reputation="CRITICAL")
    lane = lanes.lane_of(other_line)
    Lane.objects.filter(pk=lane.pk).update(rest_until=NOON + timedelta(minutes=1))
    assert alerts(administrator) == [
        "Sales is resting",
        "Support is flagged",
        "Support has a critical reputation",
    ]
    assert alerts(manager) == ["Support is flagged", "Support has a critical reputation"]


def test_alerts_of_the_sync(administrator, manager, line):
    assert alerts(administrator) == ["Nothing has been read yet"]
    SyncRun.objects.create(started_at=NOON, finished_at=NOON, state="failed", error="The remote is away.")
    assert alerts(administrator) == ["The last sync failed"]
    assert alerts(manager) == []


def test_a_hostile_label_is_escaped(administrator, line):
    Line.objects.filter(pk=line.pk).update(label="<i>" + "n" * 77, status="FLAGGED")
    assert "<i>" not in signed_in(administrator).get(reverse("admin:index")).content.decode()


@pytest.mark.parametrize(("who", "queries"), [("agent", 6), ("manager", 6), ("administrator", 7)])
def test_the_numbers_take_few_queries(request, busy, who, queries, django_assert_num_queries):
    asked = RequestFactory().get("/")
    asked.user = request.getfixturevalue(who)
    asked.user.get_all_permissions()
    # The lines, and five for the numbers; the last sync for those who set up.
    with django_assert_num_queries(queries):
        home_context(asked)
