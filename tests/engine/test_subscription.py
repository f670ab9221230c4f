"""Our webhook subscription: one, mended when it is gone, its secret kept."""

from __future__ import annotations

import uuid
from functools import partial
from typing import Any

import pytest
from django.conf import settings

from chats import clock
from chats.engine import lanes, subscription
from chats.models import WebhookSubscription
from chats.v3.events import CONSOLE_EVENTS
from tests.engine.worker import Clock, at_once
from tests.remote import Answer, Asked, Remote, wrong

URL = "/v3/webhook-subscriptions"

pytestmark = pytest.mark.django_db


class Subscriptions:
    """The remote's list of subscriptions."""

    def __init__(self, remote: Remote) -> None:
        self.rows: dict[str, dict[str, Any]] = {}
        remote.on("GET", URL, lambda _: Answer(body={"subscriptions": list(self.rows.values())}))
        remote.on("POST", URL, self.create)
        remote.on("PUT", f"{URL}/[^/]+", self.update)
        remote.on("DELETE", f"{URL}/[^/]+", self.delete)

    def add(self, target_url: str) -> str:
        made = str(uuid.uuid4())
        self.rows[made] = {
            "id": made,
            "target_url": target_url,
            "subscribed_events": list(CONSOLE_EVENTS),
            "is_active": True,
        }
        return made

    def create(self, asked: Asked) -> Answer:
        row = self.rows[self.add(asked.body["target_url"])]
        row["subscribed_events"] = asked.body["subscribed_events"]
        return Answer(201, {**row, "signing_secret": f"whsec_{row['id']}"})

    def update(self, asked: Asked) -> Answer:
        row = self.rows[asked.path.rsplit("/", 1)[1]]
        row.update(asked.body)
        return Answer(body=row)

    def delete(self, asked: Asked) -> Answer:
        del self.rows[asked.path.rsplit("/", 1)[1]]
        return Answer(204)


@pytest.fixture
def theirs(remote: Remote, moment: Clock, wakes: list[Any]) -> Subscriptions:
    return Subscriptions(remote)


def test_it_is_made_once(theirs: Subscriptions, remote: Remote) -> None:
    for _ in range(3):
        subscription.ensure()
    [row] = theirs.rows.values()
    ours = WebhookSubscription.objects.get()
    assert row["target_url"] == f"{settings.PUBLIC_URL}/webhooks/linq/?version=2026-02-03"
    assert sorted(row["subscribed_events"]) == sorted(CONSOLE_EVENTS)
    assert (str(ours.remote_id), ours.signing_secret, ours.retired_at) == (row["id"], f"whsec_{row['id']}", None)
    assert len(remote.calls("POST", URL)) == 1


@pytest.mark.django_db(transaction=True)
def test_two_at_once_make_one(theirs: Subscriptions) -> None:
    at_once(*[partial(subscription.ensure)] * 3)
    assert (len(theirs.rows), WebhookSubscription.objects.count()) == (1, 1)


def test_one_that_is_gone_there_is_made_anew(theirs: Subscriptions, moment: Clock) -> None:
    subscription.ensure()
    theirs.rows.clear()
    subscription.ensure()
    old, new = WebhookSubscription.objects.order_by("pk")
    assert (old.retired_at, new.retired_at) == (moment.now, None)
    assert list(theirs.rows) == [str(new.remote_id)]


def test_one_that_was_switched_off_or_narrowed_is_mended(theirs: Subscriptions) -> None:
    subscription.ensure()
    [row] = theirs.rows.values()
    row.update(is_active=False, subscribed_events=["message.sent"])
    subscription.ensure()
    assert (row["is_active"], sorted(row["subscribed_events"])) == (True, sorted(CONSOLE_EVENTS))
    assert WebhookSubscription.objects.count() == 1


def test_one_whose_secret_was_lost_is_replaced_and_others_are_left(theirs: Subscriptions) -> None:
    lost = theirs.add(subscription.target_url())
    other = theirs.add("https://elsewhere.example.com/hook")
    subscription.ensure()
    ours = WebhookSubscription.objects.get()
    assert set(theirs.rows) == {other, str(ours.remote_id)}
    assert lost not in theirs.rows


def test_another_address_is_another_subscription(theirs: Subscriptions, moment: Clock, settings: Any) -> None:
    subscription.ensure()
    settings.PUBLIC_URL = "https://console.example.com"
    subscription.ensure()
    assert [row["target_url"] for row in theirs.rows.values()] == [
        "https://console.example.com/webhooks/linq/?version=2026-02-03"
    ]
    assert WebhookSubscription.objects.filter(retired_at__isnull=True).count() == 1


def test_a_remote_that_is_away_is_tried_another_time(
    theirs: Subscriptions, remote: Remote, caplog: pytest.LogCaptureFixture
) -> None:
    remote.on("GET", URL, Answer(503, wrong(4004)))
    subscription.ensure()
    assert WebhookSubscription.objects.count() == 0
    assert "The webhook subscription could not be checked" in caplog.text
    assert lanes.take(lanes.lane_of(None).pk) is not None, "the lane was given back"


def test_one_that_is_to_be_replaced_goes_after_its_successor_came(theirs: Subscriptions, remote: Remote) -> None:
    subscription.ensure()
    WebhookSubscription.objects.update(replace_asked_at=clock.now())
    with_both: list[int] = []

    def delete(asked: Asked) -> Answer:
        with_both.append(len(theirs.rows))
        return theirs.delete(asked)

    remote.on("DELETE", f"{URL}/[^/]+", delete)
    for _ in range(3):
        subscription.ensure()
    old, new = WebhookSubscription.objects.order_by("pk")
    assert (old.retired_at, new.retired_at, new.replace_asked_at) == (clock.now(), None, None)
    assert (with_both, list(theirs.rows)) == ([2], [str(new.remote_id)])
    assert new.target_url == f"{old.target_url}&turn=2"
    assert new.signing_secret != old.signing_secret


def test_a_replacement_that_was_cut_is_begun_anew(theirs: Subscriptions, remote: Remote) -> None:
    """The remote made it, and its secret never reached us."""
    subscription.ensure()
    WebhookSubscription.objects.update(replace_asked_at=clock.now())
    lost = theirs.add(f"{subscription.target_url()}&turn=2")
    subscription.ensure()
    current = WebhookSubscription.objects.get(retired_at__isnull=True)
    assert list(theirs.rows) == [str(current.remote_id)]
    assert lost not in theirs.rows


def test_an_end_that_was_cut_is_made_up_for(
    theirs: Subscriptions, remote: Remote, caplog: pytest.LogCaptureFixture
) -> None:
    """Retired here, and still there: each event would come twice, once under a secret that is no longer taken."""
    subscription.ensure()
    WebhookSubscription.objects.update(replace_asked_at=clock.now())
    remote.on("DELETE", f"{URL}/[^/]+", Answer(503, wrong(4004)), theirs.delete)
    subscription.ensure()
    assert len(theirs.rows) == 2
    subscription.ensure()
    current = WebhookSubscription.objects.get(retired_at__isnull=True)
    assert list(theirs.rows) == [str(current.remote_id)]
    assert len(remote.calls("POST", URL)) == 2


def test_a_secret_is_forgotten_a_day_after_its_end(theirs: Subscriptions, moment: Clock) -> None:
    subscription.ensure()
    WebhookSubscription.objects.update(replace_asked_at=clock.now())
    subscription.ensure()
    moment.tick(hours=24)
    subscription.ensure()
    assert WebhookSubscription.objects.count() == 2
    moment.tick(seconds=1)
    subscription.ensure()
    assert WebhookSubscription.objects.get().retired_at is None


def test_addresses_take_turns(theirs: Subscriptions) -> None:
    for _ in range(3):
        subscription.ensure()
        WebhookSubscription.objects.filter(retired_at__isnull=True).update(replace_asked_at=clock.now())
        subscription.ensure()
    assert len(theirs.rows) == 1
    turns = [one.target_url.partition("&")[2] for one in WebhookSubscription.objects.order_by("pk")]
    assert turns == ["", "turn=2", "", "turn=2"]
