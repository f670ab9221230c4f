"""Against the sandbox, with every webhook lost: all becomes true all the same."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from pytest_django import Settings

from chats import clock
from chats.actions.messages import send_message
from chats.actions.sync import start_sync
from chats.engine import reconcile, subscription, sync
from chats.engine import remote as engine_remote
from chats.models import Chat, Message, Operation, Participant, Reconciliation, WebhookEvent
from tests.engine.worker import work
from tests.sandbox_server import SandboxServer, wait_for

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def sandbox(settings: Settings, wakes: list[Any]) -> Iterator[SandboxServer]:
    """The demo world, out of whose door no event comes."""
    running = SandboxServer()
    try:
        running.start("demo")
        running.control("faults", {"webhook_drop_rate": 1.0})
        settings.LINQ_BASE_URL = running.base_url
        settings.LINQ_API_KEY = "sandbox-token"
        engine_remote.client.cache_clear()
        yield running
    finally:
        engine_remote.client().close()
        engine_remote.client.cache_clear()
        running.stop()


def theirs(sandbox: SandboxServer, chat: Chat) -> dict[str, tuple[str, str]]:
    """How far each message of a chat is, and what it says, as the remote has it."""
    listed = sandbox.api("GET", f"chats/{chat.remote_id}/messages?limit=100").json()["messages"]
    # Whether we have read what they wrote is told to them, and is no state of ours.
    return {
        one["id"]: (one["delivery_status"] if one["is_from_me"] else "received", one["parts"][0]["value"])
        for one in listed
    }


def ours(chat: Chat) -> dict[str, tuple[str, str]]:
    return {str(one.remote_id): (one.delivery_status, one.text) for one in Message.objects.filter(chat=chat)}


def test_everything_becomes_true(sandbox: SandboxServer, administrator: User, monkeypatch: pytest.MonkeyPatch) -> None:
    subscription.ensure()
    run = start_sync(by=None)
    wait_for(lambda: _finished(run.pk), seconds=60, what="the first sync")
    friendly = {one["handle"] for one in sandbox.people() if one["habits"]["kind"] == "friendly"}
    direct = Participant.objects.filter(
        is_me=False, handle__value__in=friendly, chat__is_group=False, chat__service="iMessage", chat__left_at=None
    )
    here, there = (row for row in direct.select_related("chat", "handle").order_by("pk")[:2])
    group = Chat.objects.filter(is_group=True, service="iMessage", left_at=None).order_by("pk")[0]
    member = group.participants.filter(is_me=False, status="active").select_related("handle")[0]
    unread = Chat.objects.get(pk=there.chat_id).unread_count

    sent = send_message(chat=here.chat, text="Is noon good?", by=administrator, key=uuid.uuid4())
    work()
    sandbox.say(there.handle.value, "Nobody heard this", chat_id=str(there.chat.remote_id))
    sandbox.control(
        f"people/{member.handle.value}/rename_group", {"chat_id": str(group.remote_id), "name": "Quiet crew"}
    )
    read = ("read", "Is noon good?")
    wait_for(lambda: read in theirs(sandbox, here.chat).values(), seconds=60, what="the message to be read")

    later = [0.0]
    real_now = clock.now
    monkeypatch.setattr(clock, "now", lambda: real_now() + timedelta(seconds=later[0]))

    def is_true() -> bool:
        # A minute goes by between two looks.
        later[0] += 61
        reconcile.tick(seconds=20)
        group.refresh_from_db()
        chats = [here.chat, there.chat]
        return group.display_name == "Quiet crew" and all(ours(chat) == theirs(sandbox, chat) for chat in chats)

    wait_for(is_true, seconds=60, what="everything to be true")
    assert WebhookEvent.objects.count() == 0
    assert Chat.objects.get(pk=there.chat_id).unread_count == unread + 1
    assert Message.objects.filter(text="Nobody heard this", heard_at__isnull=False).count() == 1
    assert Message.objects.get(pk=sent.pk).delivery_status == "read"
    assert Operation.objects.get(message=sent).state == "confirmed"
    assert Reconciliation.objects.filter(cause__in=["lost", "remote", "silent"]).exists()


def _finished(run_id: int) -> bool:
    sync.carry_on(run_id, seconds=20)
    return reconcile.SyncRun.objects.filter(pk=run_id, state="finished").exists()
