"""Starting a sync while others do the same: one runs, and nobody gets an error."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from django.contrib.auth.models import User

from chats.actions import sync as actions
from chats.actions.sync import start_first_sync, start_sync
from chats.models import AuditRecord, SyncRun
from tests.engine.worker import Clock, at_once


@pytest.fixture(autouse=True)
def _frozen(moment: Clock, wakes: list[Any]) -> None:
    """Time moves only where a test moves it."""


@pytest.mark.django_db(transaction=True)
def test_a_person_and_the_console_itself_at_once_start_one(administrator: User) -> None:
    jobs = [partial(start_sync, by=administrator), start_first_sync, partial(start_sync, by=administrator)]
    results = at_once(*jobs)
    run = SyncRun.objects.get()
    assert results == [run, None, run]
    assert AuditRecord.objects.count() == 1


@pytest.mark.django_db
def test_one_that_ends_while_another_is_asked_for_is_followed_by_it(
    administrator: User, moment: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The run in the way is over by the time it is looked for."""
    first = start_sync(by=None)
    start = actions._start

    def start_and_end_the_first(by: User | None) -> SyncRun | None:
        made = start(by)
        SyncRun.objects.filter(pk=first.pk, state="running").update(state="finished", finished_at=moment.now)
        return made

    monkeypatch.setattr(actions, "_start", start_and_end_the_first)
    second = start_sync(by=administrator)
    assert (second.pk != first.pk, second.state, second.requested_by) == (True, "running", administrator)
    assert list(SyncRun.objects.order_by("pk").values_list("state", flat=True)) == ["finished", "running"]
    assert AuditRecord.objects.count() == 2
