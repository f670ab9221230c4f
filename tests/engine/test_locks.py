"""Those who write at the same time take their locks in one order, so that none of them is thrown out by a deadlock."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection, transaction

from chats.actions.messages import send_message, start_chat
from chats.engine import adopt, breaker, inflow, store, sweeps
from chats.engine.events import find
from chats.models import Chat, Line, LineFailure, Message, Operation, Participant
from chats.models.operation import State
from chats.v3 import resources
from tests import wire
from tests.engine.worker import Clock, at_once
from tests.sandbox_server import wait_for

pytestmark = pytest.mark.django_db(transaction=True)


def ask(chat: Chat, by: User, text: str = "Hello") -> Operation:
    return send_message(chat=chat, text=text, by=by, key=uuid.uuid4()).operation


def somebody_waits() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = %s", [
            connection.settings_dict["NAME"]
        ])  # fmt: skip
        return bool(cursor.fetchone()[0])


def beside(job: Callable[[], Any]) -> tuple[threading.Thread, list[Any]]:
    """Start a job in a transaction of its own; what it returns or raises goes into the list."""
    results: list[Any] = []

    def run() -> None:
        try:
            with transaction.atomic():
                results.append(job())
        except Exception as problem:  # noqa: BLE001
            results.append(problem)
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    return thread, results


def test_a_sweep_waits_for_nobody_who_writes_in_the_chat(
    chat: Chat, agent: User, moment: Clock, wakes: list[Any]
) -> None:
    operation = ask(chat, agent)
    Operation.objects.update(state=State.SENDING, lease_expires_at=moment.now)
    with transaction.atomic():
        # Whoever processes an event of this message has locked its chat, and given it its id.
        find.chat_of(wire.store("message.sent", {}), str(chat.remote_id))
        inflow.attach(wire.ours(chat), str(uuid.uuid4()))
        thread, swept = beside(sweeps.recover_expired)
        thread.join(10)
        assert swept == [1]
    operation.refresh_from_db()
    assert (operation.state, operation.fence) == (State.UNKNOWN, 1)


def test_a_failure_is_counted_while_somebody_writes_to_the_same_person(
    line: Line, chat: Chat, agent: User, moment: Clock, wakes: list[Any]
) -> None:
    operation = ask(chat, agent)
    again = partial(start_chat, line=line, to=["+14155550101"], text="Again", by=agent, key=uuid.uuid4())
    with transaction.atomic():
        # The result of a send: its chat is locked, then the line.
        find.chat_of(wire.store("message.failed", {}), str(chat.remote_id))
        thread, started = beside(again)
        wait_for(somebody_waits, what="the second message to wait for the chat")
        breaker.failed(operation, kind=LineFailure.Kind.REFUSED, code=3006, sentence="No.")
    thread.join(10)
    assert started == [chat]
    assert LineFailure.objects.count() == 1


def test_a_chat_that_several_fetch_at_once_is_made_once(line: Line, moment: Clock) -> None:
    people = ["+14155550121", "+14155550122", "+14155550123"]
    fetched = wire.new_chat(str(uuid.uuid4()), line.phone_number, *people)
    turned = {**fetched, "handles": fetched["handles"][::-1]}
    jobs = [partial(store.save_chats, [resources.Chat.from_json(one)]) for one in (fetched, turned) * 4]
    saved = at_once(*jobs)
    chat = Chat.objects.get()
    assert saved == [[chat]] * 8
    assert Participant.objects.filter(chat=chat).count() == 4


def test_a_row_of_failures_ends_while_another_is_counted(
    line: Line, chat: Chat, agent: User, moment: Clock, wakes: list[Any]
) -> None:
    operation = ask(chat, agent)
    count = partial(breaker.failed, operation, kind=LineFailure.Kind.REFUSED, code=3006, sentence="No.")
    with transaction.atomic():
        count()
    line.refresh_from_db()
    with transaction.atomic():
        Line.objects.select_for_update(no_key=True).get(pk=line.pk)
        thread, ended = beside(partial(breaker.answered, operation, line))
        wait_for(somebody_waits, what="the end of the row to wait for the line")
        count()
    thread.join(10)
    assert ended == [None]
    assert LineFailure.objects.count() == 0


def test_a_chat_that_is_joined_into_ours_is_written_to_there(
    line: Line, agent: User, moment: Clock, wakes: list[Any]
) -> None:
    person = "+14155550131"
    start = partial(start_chat, line=line, to=[person], by=agent)
    ours = start(text="First", key=uuid.uuid4())
    moment.tick(seconds=1)
    # A webhook told of the remote's chat before the answer to our start did.
    theirs = resources.Chat.from_json(wire.new_chat(str(uuid.uuid4()), line.phone_number, person, updated_at=None))
    store.save_chats([theirs])
    with transaction.atomic():
        adopt.take_remote_chat(ours, theirs)
        thread, started = beside(partial(start, text="Second", key=uuid.uuid4()))
        wait_for(somebody_waits, what="the second message to wait for the chat")
    thread.join(10)
    assert started == [ours]
    assert list(Message.objects.order_by("pk").values_list("chat", "text")) == [(ours.pk, "First"), (ours.pk, "Second")]
