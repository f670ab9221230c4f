"""The server writes times in the reader's zone, as the browser told it or as was chosen without JavaScript."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from django.urls import reverse

from chats.admin.zones import COOKIE
from chats.models import Chat
from tests.console.inbox.words import write
from tests.frame.pages import find, read
from tests.people import signed_in

pytestmark = pytest.mark.django_db
LATE = datetime(2026, 7, 3, 23, 30, tzinfo=UTC)


def thread(client: Client, chat: Chat) -> list[tuple[bool, str, str]]:
    """Of each message: whether a day begins with it, the day, and the time."""
    elements = read(client.get(reverse("admin:chat", args=[chat.pk])))
    starts = ["data-starts-day" in one.attributes for one in elements if "data-message" in one.attributes]
    days = [one.text for one in find(elements, "time", data_time="day")]
    times = [one.text for one in find(elements, "time", data_time="time")]
    return list(zip(starts, days, times, strict=True))


def zoned(user, zone: str) -> Client:
    client = signed_in(user)
    client.cookies[COOKIE] = zone
    return client


@pytest.fixture
def talk(chat: Chat) -> Chat:
    write(chat, "Late", at=LATE)
    write(chat, "Later", at=LATE + timedelta(hours=1))
    return chat


def test_days_and_times_are_the_readers(agent, talk):
    assert thread(zoned(agent, "Europe/Lisbon"), talk) == [
        (True, "Saturday 4 July", "00:30"),
        (False, "Saturday 4 July", "01:30"),
    ]
    assert thread(zoned(agent, "Asia/Calcutta"), talk)[0] == (True, "Saturday 4 July", "05:00")


@pytest.mark.parametrize("said", ["", "Mars/Base", "../../etc/passwd", "Europe/Lisbon\0", "x" * 4000])
def test_without_a_zone_that_exists_it_is_utc(agent, talk, said):
    assert thread(zoned(agent, said), talk) == [
        (True, "Friday 3 July", "23:30"),
        (True, "Saturday 4 July", "00:30"),
    ]


def test_the_exact_time_names_its_zone(agent, talk):
    page = zoned(agent, "Europe/Lisbon").get(reverse("admin:chat", args=[talk.pk])).content.decode()
    assert 'datetime="2026-07-03T23:30:00.000Z" title="4 Jul 2026, 00:30:00 WEST"' in page


def test_the_next_request_has_its_own_zone(agent, talk):
    thread(zoned(agent, "Asia/Tokyo"), talk)
    assert thread(signed_in(agent), talk)[0] == (True, "Friday 3 July", "23:30")


def test_it_takes_no_script_to_choose_one(agent, talk):
    client = signed_in(agent)
    page = client.get(reverse("admin:zone"))
    assert find(read(page), "option", selected=None)[0].attributes["value"] == "UTC"
    response = client.post(reverse("admin:zone"), {"zone": "Asia/Tokyo"})
    assert (response.status_code, response["Location"]) == (302, reverse("admin:zone"))
    assert thread(client, talk)[0] == (True, "Saturday 4 July", "08:30")
    assert "for Asia/Tokyo" in client.get(reverse("admin:zone")).content.decode()
    client.post(reverse("admin:zone"), {"zone": "Mars/Base"})
    assert client.cookies[COOKIE].value == "Asia/Tokyo"


def test_only_who_is_signed_in_is_asked():
    response = Client().post(reverse("admin:zone"), {"zone": "Asia/Tokyo"})
    assert response["Location"].startswith(reverse("admin:login"))
    assert COOKIE not in response.cookies
