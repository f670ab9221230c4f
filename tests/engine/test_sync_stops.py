"""What stops a sync in the middle: a pause that the remote asks for, and a process that is killed."""

from __future__ import annotations

import signal
import threading
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from chats.actions.sync import start_sync
from chats.engine import sync, wake
from chats.models import Chat, SyncPart, SyncRun
from tests.engine.test_sync import CHATS, Account, finish, the_rows
from tests.engine.worker import Clock, at_once
from tests.processes import process
from tests.remote import Answer, Asked, Remote, wrong
from tests.sandbox_server import wait_for

WAIT = Answer(429, wrong(1007), {"Retry-After": "45"})
MESSAGES = "/v3/chats/[^/]+/messages"


@pytest.fixture(autouse=True)
def _frozen(moment: Clock, wakes: list[Any]) -> None:
    """Time moves only where a test moves it."""


@pytest.mark.django_db
def test_a_pause_is_kept_to_the_second_by_all(remote: Remote, moment: Clock, wakes: list[Any]) -> None:
    account = Account(remote)
    remote.on("GET", "/v3/chats", account.list_chats, WAIT)
    run = finish(start_sync(by=None))
    asked = len(remote.asked)
    remote.on("GET", "/v3/chats", account.list_chats)
    moment.tick(seconds=44.9)
    wakes.clear()
    sync.wake_due()
    finish(run)
    assert (len(remote.asked), wakes) == (asked, []), "the other line waits too"
    moment.tick(seconds=0.1)
    sync.wake_due()
    assert wakes == [(wake.CONTINUE_SYNC, run.pk)] * 2
    assert finish(run).state == "finished"


@pytest.mark.django_db(transaction=True)
def test_who_is_at_it_stops_after_the_step_in_hand(remote: Remote, moment: Clock) -> None:
    """Two workers carry a line each. One is told to wait while the other's page is on its way."""
    account = Account(remote)
    run = start_sync(by=None)
    told = threading.Event()
    first_pages: list[str] = []

    def one_waits(asked: Asked) -> Answer:
        if asked.query["from"] not in first_pages:
            first_pages.append(asked.query["from"])
            if len(first_pages) == 1:
                told.wait(10)  # its answer comes after the other's refusal was written
                wait_for(lambda: SyncPart.objects.filter(failures=1).exists(), what="the refusal")
                return account.list_chats(asked)
            told.set()
            return WAIT
        return account.list_chats(asked)

    remote.on("GET", "/v3/chats", one_waits)
    sync._carry_lines(run.pk, float("inf"))
    at_once(*[partial(sync.carry_on, run.pk, seconds=20)] * 2)
    assert len(remote.calls("GET", "/v3/chats")) == 2
    run.refresh_from_db()
    assert (run.state, run.chats_read, run.due_at) == ("running", 3, moment.now + timedelta(seconds=45))
    assert not SyncPart.objects.filter(lease_expires_at__isnull=False).exists()
    moment.tick(seconds=45)
    run = finish(run)
    assert (run.state, run.error, Chat.objects.count()) == ("finished", "", CHATS)


@pytest.mark.django_db(transaction=True)
def test_a_process_that_is_killed_is_followed_at_its_checkpoint(remote: Remote, moment: Clock) -> None:
    account = Account(remote)
    run = start_sync(by=None)
    stuck = threading.Event()
    free = threading.Event()

    def one_gets_stuck(asked: Asked) -> Answer:
        if len(remote.calls("GET", MESSAGES)) > 4:
            stuck.set()
            free.wait(20)
        return account.list_messages(asked)

    remote.on("GET", MESSAGES, one_gets_stuck)
    code = f"from chats.engine import sync, wake; wake.send_task = print; sync.carry_on({run.pk}, seconds=20)"
    with process(code) as worker:
        assert stuck.wait(30)
        worker.kill()
        assert worker.wait(30) == -signal.SIGKILL
    free.set()
    run.refresh_from_db()
    assert (run.state, run.stage, run.chats_with_messages) == ("running", "messages", 4)
    # Its lease was the real clock's. Nobody goes on before it ends.
    ends = SyncPart.objects.get(lease_expires_at__isnull=False).lease_expires_at
    assert ends is not None
    done = {asked.path for asked in remote.calls("GET", MESSAGES)[:4]}
    remote.on("GET", MESSAGES, account.list_messages)
    asked = len(remote.asked)
    moment.now = ends
    run = finish(run)
    assert (run.state, run.chats_read, run.chats_with_messages) == ("finished", CHATS, CHATS)
    again = [one.path for one in remote.asked[asked:]]
    assert len(again) == CHATS - 4
    assert not done & set(again), "nothing that was written is read twice"
    rows = the_rows()
    finish(start_sync(by=None))
    assert the_rows() == rows
    assert SyncRun.objects.count() == 2
