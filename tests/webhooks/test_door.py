"""The webhook door: believed only when signed, stored before it is answered, and silent about what it carries."""

from __future__ import annotations

import json
import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError
from django.test import Client, RequestFactory
from pytest_django import DjangoAssertNumQueries, Settings

from chats import live
from chats.api import signing, webhook
from chats.engine import wake
from chats.engine.events import processor
from chats.models import WebhookEvent, WebhookSubscription
from chats.tasks import process_events
from chats.v3.signatures import new_secret, sign
from tests.engine.worker import Clock

URL = "/webhooks/linq/?version=2026-02-03"
SECRET, OTHER = new_secret(), new_secret()
WORDS = "words that nobody may log"

pytestmark = pytest.mark.django_db


def subscription(secret: str, moment: Clock, *, retired: bool = False) -> None:
    WebhookSubscription.objects.create(
        remote_id=uuid.uuid4(),
        target_url="https://console.example.com/webhooks/linq/",
        signing_secret=secret,
        created_at=moment.now,
        retired_at=moment.now if retired else None,
    )


@pytest.fixture(autouse=True)
def _subscribed(moment: Clock, wakes: list[Any], settings: Settings) -> None:
    settings.LINQ_WEBHOOK_SECRET = ""
    signing.forget()
    subscription(SECRET, moment)


def an_event(**more: Any) -> dict[str, Any]:
    return {
        "api_version": "v3",
        "webhook_version": "2026-02-03",
        "event_type": "message.received",
        "event_id": "9d1b8c4e-5b57-4a6e-8f0e-2f4f0c3c0a11",
        "created_at": "2026-07-03T12:00:00.123456789Z",
        "trace_id": "4bf92f3577b34da6a3ce929d0e0e4736",
        "data": {"text": WORDS},
        **more,
    }


def deliver(
    moment: Clock,
    body: Any = None,
    *,
    secret: str = SECRET,
    signature: str = "",
    at: int | None = None,
    headers: dict[str, str] | None = None,
) -> Any:
    raw = body if isinstance(body, bytes) else json.dumps(an_event() if body is None else body).encode()
    timestamp = int(moment.now.timestamp()) if at is None else at
    given = {
        "webhook-id": "delivery-1",
        "webhook-timestamp": str(timestamp),
        "webhook-signature": signature or sign(secret, "delivery-1", timestamp, raw),
        **(headers or {}),
    }
    # A door that is an exception to the token check of forms must be tried with that check on.
    client = Client(enforce_csrf_checks=True)
    return client.post(URL, raw, content_type="application/json", headers=given)


def refused(response: Any, status: int, sentence: str) -> None:
    assert (response.status_code, response.json()) == (status, {"stored": False, "error": sentence})
    assert WebhookEvent.objects.count() == 0


def test_a_signed_event_is_stored_as_it_came(moment: Clock, wakes: list[Any]) -> None:
    response = deliver(moment)
    assert (response.status_code, response.json()) == (200, {"stored": True})
    event = WebhookEvent.objects.get()
    assert (event.event_id, event.event_type, event.version) == (
        "9d1b8c4e-5b57-4a6e-8f0e-2f4f0c3c0a11",
        "message.received",
        "2026-02-03",
    )
    assert (event.state, event.due_at, event.received_at, event.attempts) == ("pending", moment.now, moment.now, 0)
    assert event.payload == an_event()
    assert event.trace_id == "4bf92f3577b34da6a3ce929d0e0e4736"
    assert event.happened_at is not None
    assert event.happened_at.isoformat() == "2026-07-03T12:00:00.123456+00:00"


@pytest.mark.django_db(transaction=True)
def test_the_workers_are_woken(moment: Clock, wakes: list[Any]) -> None:
    deliver(moment)
    assert wakes == [(wake.PROCESS_EVENTS,)]


def test_storing_takes_few_queries(moment: Clock, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    # The secrets, and the event; then the event alone.
    for queries in (2, 1):
        with django_assert_num_queries(queries):
            deliver(moment)


def test_a_secret_that_is_new_is_known_at_once(moment: Clock) -> None:
    deliver(moment)
    subscription(OTHER, moment)
    assert [deliver(moment, secret=one).status_code for one in (OTHER, SECRET)] == [200, 200]


def test_a_secret_that_ended_while_it_was_kept_is_refused(moment: Clock) -> None:
    subscription(OTHER, moment, retired=True)
    assert deliver(moment, secret=OTHER).status_code == 200
    WebhookEvent.objects.all().delete()
    moment.tick(minutes=10)
    refused(deliver(moment, secret=OTHER), 401, MISMATCH)


@pytest.mark.django_db(transaction=True)
def test_in_a_burst_the_workers_are_woken_once_until_they_begin(
    moment: Clock, wakes: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    # Kept here and not in Redis, which may be slow to answer on a busy machine and is then left alone.
    asked: set[str] = set()
    monkeypatch.setattr(live, "first_to_ask", lambda name: name not in asked and not asked.add(name))
    monkeypatch.setattr(live, "begun", asked.discard)
    for number in range(3):
        deliver(moment, an_event(event_id=str(number)))
    assert wakes == [(wake.PROCESS_EVENTS,)]
    process_events()
    deliver(moment, an_event(event_id="4"))
    assert wakes == [(wake.PROCESS_EVENTS,)] * 2


def test_a_repeat_is_answered_and_stored_once(moment: Clock) -> None:
    assert [deliver(moment).status_code for _ in range(3)] == [200] * 3
    assert WebhookEvent.objects.count() == 1


def test_a_repeat_leaves_what_was_processed_alone(moment: Clock) -> None:
    deliver(moment, an_event(event_type="call.ringing"))
    processor.process_due(seconds=20)
    deliver(moment, an_event(event_type="call.ringing"))
    assert WebhookEvent.objects.get().state == "ignored"


MISMATCH = "No signature of the delivery matches a stored secret."


def test_a_wrong_signature_is_refused(moment: Clock) -> None:
    refused(deliver(moment, secret=OTHER), 401, MISMATCH)
    refused(deliver(moment, signature="v1,bm90IG91cnM="), 401, MISMATCH)
    genuine = sign(SECRET, "delivery-1", int(moment.now.timestamp()), b"{}")
    refused(deliver(moment, signature=genuine), 401, MISMATCH)


@pytest.mark.parametrize("header", ["webhook-id", "webhook-timestamp", "webhook-signature"])
def test_a_missing_header_is_refused(header: str, moment: Clock) -> None:
    sentence = "The delivery has no webhook-id, webhook-timestamp or webhook-signature header."
    refused(deliver(moment, headers={header: ""}), 401, sentence)


@pytest.mark.parametrize(("seconds", "status"), [(300, 200), (-300, 200), (301, 401), (-301, 401)])
def test_five_minutes_is_the_limit(seconds: int, status: int, moment: Clock) -> None:
    signed_at = int(moment.now.timestamp()) - seconds
    assert deliver(moment, at=signed_at).status_code == status


def test_one_good_signature_of_several_is_enough(moment: Clock) -> None:
    raw = json.dumps(an_event()).encode()
    timestamp = int(moment.now.timestamp())
    several = " ".join(
        [
            "v1,bm90IG91cnM=",
            "v2,abc",
            sign(OTHER, "delivery-1", timestamp, raw),
            sign(SECRET, "delivery-1", timestamp, raw),
        ]
    )
    assert deliver(moment, raw, signature=several).status_code == 200
    WebhookEvent.objects.all().delete()
    refused(deliver(moment, raw, signature="v1,bm90IG91cnM= v2,abc"), 401, MISMATCH)


def test_every_secret_in_force_is_taken(moment: Clock, settings: Settings) -> None:
    third = new_secret()
    subscription(OTHER, moment)
    settings.LINQ_WEBHOOK_SECRET = third
    assert [deliver(moment, secret=secret).status_code for secret in (SECRET, OTHER, third)] == [200] * 3


@pytest.mark.parametrize(("minutes", "status"), [(0, 200), (9.9, 200), (10, 401)])
def test_a_secret_that_was_replaced_counts_for_ten_minutes(minutes: float, status: int, moment: Clock) -> None:
    subscription(OTHER, moment, retired=True)
    moment.tick(minutes=minutes)
    assert [deliver(moment, secret=secret).status_code for secret in (SECRET, OTHER)] == [200, status]


def test_without_a_secret_nothing_is_believed(moment: Clock) -> None:
    WebhookSubscription.objects.update(signing_secret="")
    refused(deliver(moment), 401, "No usable signing secret is stored to check the delivery against.")


def test_a_body_over_one_mebibyte_is_refused_unread(moment: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signing, "check", lambda *_: pytest.fail("read although it is too long"))
    raw = b"{" + b" " * webhook.MAX_BODY
    refused(deliver(moment, raw), 413, "An event can be 1 MiB at the most.")


def test_a_body_of_one_mebibyte_is_taken(moment: Clock) -> None:
    empty = json.dumps(an_event(data={"text": ""})).encode()
    body = an_event(data={"text": "x" * (webhook.MAX_BODY - len(empty))})
    assert deliver(moment, json.dumps(body).encode()).status_code == 200


@pytest.mark.parametrize("length", ["many", "-1", "1e3"])
def test_a_length_that_is_none_is_refused(length: str, moment: Clock) -> None:
    refused(deliver(moment, headers={"content-length": length}), 413, "An event can be 1 MiB at the most.")


@pytest.mark.parametrize(
    "raw",
    [b"", b"not json", b"\xff\xfe", b"[" * 100_000, b"9" * 5000],
    ids=["empty", "words", "not UTF-8", "too deep", "too long a number"],
)
def test_what_is_not_json_is_refused(raw: bytes, moment: Clock) -> None:
    refused(deliver(moment, raw), 400, "The body is not JSON.")


@pytest.mark.parametrize(
    ("raw", "payload"),
    [
        (b"[]", {"body": []}),
        (b"null", {"body": None}),
        (b'"text"', {"body": "text"}),
        (b"{}", {}),
        (b'{"event_type": ""}', {"event_type": ""}),
    ],
    ids=["list", "null", "text", "no type", "an empty type"],
)
def test_signed_json_that_is_no_event_is_kept_and_not_used(raw: bytes, payload: Any, moment: Clock) -> None:
    assert deliver(moment, raw).status_code == 200
    processor.process_due(seconds=20)
    event = WebhookEvent.objects.get()
    assert (event.event_id, event.event_type, event.state, event.payload) == (
        "delivery-1",
        "untyped",
        "ignored",
        payload,
    )


def test_without_an_id_of_its_own_the_delivery_names_it(moment: Clock) -> None:
    """The id in the header is the same one (linq-v3, 4.1)."""
    body = an_event()
    del body["event_id"]
    assert deliver(moment, body).status_code == 200
    assert WebhookEvent.objects.get().event_id == "delivery-1"


def test_only_posting_is_answered(client: Client) -> None:
    assert client.get(URL).status_code == 405


def test_a_body_whose_length_is_not_told_is_read_to_the_limit_only(moment: Clock) -> None:
    raw = b"{" + b" " * (webhook.MAX_BODY * 2)
    request = RequestFactory().post(URL, raw, content_type="application/json")
    del request.META["CONTENT_LENGTH"]
    assert webhook.receive(request).status_code == 413
    assert len(request.read()) == len(raw) - webhook.MAX_BODY - 1


def test_what_the_database_cannot_hold_is_left_out(moment: Clock) -> None:
    raw = json.dumps(an_event(event_type="call.ringing", trace_id="a\x00b", data={"a\x00b": ["c\x00", "\ud83d", "🎈"]}))
    raw = raw.replace('"data": {', '"data": {"none": NaN, "big": 1e999, ')
    assert deliver(moment, raw.encode()).status_code == 200
    event = WebhookEvent.objects.get()
    assert event.payload["data"] == {"none": None, "big": None, "ab": ["c", "\ufffd", "🎈"]}
    assert event.trace_id == "ab"


def test_overlong_names_are_cut(moment: Clock) -> None:
    body = an_event(event_id="i" * 300, event_type="t" * 300, webhook_version="v" * 300, created_at="yesterday")
    assert deliver(moment, body).status_code == 200
    event = WebhookEvent.objects.get()
    assert (len(event.event_id), len(event.event_type), len(event.version)) == (100, 80, 20)
    assert event.happened_at is None


def test_an_unknown_type_is_kept_and_not_used(moment: Clock) -> None:
    deliver(moment, an_event(event_type="carrier_pigeon.landed"))
    processor.process_due(seconds=20)
    event = WebhookEvent.objects.get()
    assert (event.state, event.event_type, event.payload["data"]) == (
        "ignored",
        "carrier_pigeon.landed",
        {"text": WORDS},
    )


def _no_database(*_: object, **__: object) -> None:
    raise OperationalError(f"could not write ({WORDS})")


@pytest.mark.parametrize(("module", "broken"), [(webhook, "_store"), (signing, "_read")])
def test_a_database_that_is_away_asks_for_another_try(
    module: Any, broken: str, moment: Clock, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(module, broken, _no_database)
    response = deliver(moment)
    what = "stored" if broken == "_store" else "checked"
    refused(response, 503, f"The event could not be {what}. Try again.")
    assert WORDS not in caplog.text
    assert "OperationalError" in caplog.text


def test_nothing_of_an_event_or_a_secret_is_logged(moment: Clock, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    deliver(moment)
    deliver(moment, secret=OTHER)
    deliver(moment, b'{"event_type": 1, "text": "' + WORDS.encode())
    deliver(moment, at=int((moment.now - timedelta(hours=1)).timestamp()))
    processor.process_due(seconds=20)
    assert WORDS not in caplog.text
    assert all(secret.removeprefix("whsec_") not in caplog.text for secret in (SECRET, OTHER))
