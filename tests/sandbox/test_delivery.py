"""How webhooks are delivered: side by side, not for ever, and not to whom takes too long."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from chats.v3.times import parse_time
from sandbox import env
from tests.sandbox.conftest import open_chat
from tests.sandbox.receiver import Delivered, Receiver
from tests.sandbox.test_clock import advance, stopped
from tests.sandbox_server import SandboxServer, wait_for

MAIL, OTHER = "ana@example.com", "ben@example.com"
Subscribe = Callable[..., dict[str, Any]]


def test_whoever_is_slow_to_answer_one_gets_the_next_beside_it(
    sandbox: SandboxServer, receiver: Receiver, subscribe: Subscribe
) -> None:
    another_came = threading.Event()
    answered: list[Delivered] = []

    def before_answer(delivered: Delivered) -> None:
        if delivered is receiver.got[0]:
            another_came.wait(15)
        else:
            another_came.set()
        answered.append(delivered)

    receiver.before_answer = before_answer
    subscribe("chat.created")
    open_chat(sandbox, MAIL)
    open_chat(sandbox, OTHER)
    wait_for(lambda: sandbox.stats()["webhooks"]["delivered"] == 2, what="both")
    assert answered == [receiver.got[1], receiver.got[0]]


def test_retries_stop_half_an_hour_after_the_first_try(
    sandbox: SandboxServer, receiver: Receiver, subscribe: Subscribe
) -> None:
    stopped(sandbox)
    subscribe("chat.created")
    receiver.answers = [503] * 100
    open_chat(sandbox, MAIL)
    tries: list[float] = []
    for minute in range(45):
        advance(sandbox, 60)
        tries += [float(minute)] * (len(receiver.got) - len(tries))
    assert len({each.headers["webhook-id"] for each in receiver.got}) == 1
    # Each pause is about twice the one before, from a second to ten minutes.
    assert 10 <= len(tries) <= 13
    assert 20 <= tries[-1] <= 29
    shown = sandbox.control("webhooks")["webhooks"][0]
    assert (shown["state"], shown["attempts"], shown["status"]) == ("given_up", len(tries), 503)
    waited = parse_time(shown["settled_at"]) - parse_time(shown["created_at"])
    assert timedelta(minutes=20) < waited <= timedelta(minutes=30)
    # What comes later is tried anew.
    receiver.answers = []
    open_chat(sandbox, OTHER)
    advance(sandbox, 1)
    assert sandbox.stats()["webhooks"]["delivered"] == 1


def test_who_does_not_answer_in_time_is_tried_again(monkeypatch: pytest.MonkeyPatch, receiver: Receiver) -> None:
    monkeypatch.setenv("SANDBOX_WEBHOOK_TIMEOUT", "0.3")
    server = SandboxServer()
    given_up = threading.Event()
    try:
        server.start("empty")
        receiver.before_answer = lambda delivered: delivered is receiver.got[0] and given_up.wait(15)
        server.api(
            "POST", "webhook-subscriptions", {"target_url": receiver.url(), "subscribed_events": ["chat.created"]}
        )
        began = time.monotonic()
        open_chat(server, MAIL)
        wait_for(lambda: server.stats()["webhooks"]["delivered"] == 1, what="the second try")
        assert time.monotonic() - began >= 0.3
        shown = server.control("webhooks")["webhooks"][0]
        assert (shown["attempts"], shown["status"]) == (2, 200)
        assert [each.headers["webhook-id"] for each in receiver.got] == [shown["event_id"]] * 2
    finally:
        given_up.set()
        server.stop()


@pytest.mark.parametrize("value", ["0", "-1", "soon", "nan", "3601"])
def test_a_time_to_answer_that_cannot_be_is_refused(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("SANDBOX_WEBHOOK_TIMEOUT", value)
    with pytest.raises(ImproperlyConfigured, match="SANDBOX_WEBHOOK_TIMEOUT must be a number of seconds"):
        env.seconds("SANDBOX_WEBHOOK_TIMEOUT", 10.0)
