"""Reading the whole account: page by page, through kills and refusals, and twice without a change."""

from __future__ import annotations

import threading
import time
import uuid
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django import DjangoAssertNumQueries

from chats.actions.rules import NotAllowed
from chats.actions.sync import start_first_sync, start_sync
from chats.engine import store, sync, wake
from chats.models import AuditRecord, Chat, Handle, Lane, Line, Message, Participant, Reaction, SyncPart, SyncRun
from chats.v3 import resources
from tests import wire
from tests.engine.worker import Clock, at_once
from tests.people import NOON
from tests.remote import Answer, Asked, Remote, wrong

NUMBERS = ["+12025550101", "+12025550102"]
CHATS = 7
A_PAGE = 3
SECONDS = 20.0


@pytest.fixture(autouse=True)
def _frozen(moment: Clock, wakes: list[Any]) -> None:
    """Time moves only where a test moves it."""


def chat_id(number: int) -> str:
    return str(uuid.UUID(int=number + 1))


class Account:
    """An account with two lines and some chats, which it lists three to a page."""

    def __init__(self, remote: Remote, chats: int = CHATS, lines: int = 2) -> None:
        self.remote = remote
        self.chats = [
            wire.new_chat(chat_id(number), NUMBERS[number % lines], *self.people(number), updated_at=wire.at(NOON))
            for number in range(chats)
        ]
        lines = [
            {
                "id": str(uuid.uuid5(uuid.NAMESPACE_URL, number)),
                "phone_number": number,
                "reputation": {"status": "HEALTHY", "doc_url": None},
                "forwarding_number": None,
                "line_type": "iMessage",
            }
            for number in NUMBERS[:lines]
        ]
        remote.on("GET", "/v3/phone_numbers", Answer(body={"phone_numbers": lines}))
        remote.on("GET", "/v3/chats", self.list_chats)
        remote.on("GET", "/v3/chats/[^/]+/messages", self.list_messages)

    def people(self, number: int) -> list[str]:
        return [f"+1415555{number:04}"] + ([f"friend{number}@example.com"] if number % 3 == 0 else [])

    def list_chats(self, asked: Asked) -> Answer:
        start = int(asked.query.get("cursor", "0"))
        ours = {asked.query["from"], "+19995550100"}
        chats = [one for one in self.chats if one["handles"][0]["handle"] in ours]
        following = start + A_PAGE
        cursor = str(following) if following < len(chats) else None
        return Answer(body={"chats": chats[start:following], "next_cursor": cursor})

    def list_messages(self, asked: Asked) -> Answer:
        chat = uuid.UUID(asked.path.split("/")[3])
        reaction = {"type": "love", "handle": wire.handle(NUMBERS[0], me=True), "is_me": True, "id": "r"}
        messages = [
            wire.message(
                str(uuid.UUID(int=chat.int * 1000 + number)),
                str(chat),
                f"Message {number}",
                sender="" if number % 2 else f"+1415555{chat.int - 1:04}",
                sent_at=wire.at(NOON - timedelta(minutes=10 - number)),
                parts=[{"type": "text", "value": f"Message {number}", "reactions": [reaction]}],
            )
            for number in range(4)
        ]
        return Answer(body={"messages": list(reversed(messages)), "next_cursor": None})


def the_rows() -> dict[str, list[tuple[Any, ...]]]:
    """All that a sync writes, but for when it was last read."""
    left_out = {"messages_synced_at", "synced_at"}
    models: list[Any] = [Line, Chat, Participant, Handle, Message, Reaction, Lane]
    return {
        model.__name__: sorted(
            model.objects.values_list(*[field.name for field in model._meta.fields if field.name not in left_out]),
            key=lambda row: row[0],
        )
        for model in models
    }


def finish(run: SyncRun) -> SyncRun:
    sync.carry_on(run.pk, seconds=SECONDS)
    run.refresh_from_db()
    return run


@pytest.mark.django_db
def test_the_whole_account_is_read(remote: Remote) -> None:
    Account(remote)
    run = finish(start_sync(by=None))
    assert (run.state, run.stage, run.error, run.failures) == ("finished", "done", "", 0)
    assert (run.lines_read, run.chats_read, run.chats_with_messages, run.messages_read) == (2, 7, 7, 28)
    assert (run.due_at, run.lease_expires_at, run.finished_at is not None) == (None, None, True)
    assert [asked.query for asked in remote.calls("GET", "/v3/chats")] == [
        {"from": NUMBERS[0], "limit": "100"},
        {"from": NUMBERS[0], "limit": "100", "cursor": "3"},
        {"from": NUMBERS[1], "limit": "100"},
    ]
    counts = [model.objects.count() for model in (Line, Lane, Chat, Message, Reaction, Participant)]
    # Each chat has a person and our line; every third has a friend beside.
    assert counts == [2, 2, 7, 28, 28, 7 * 2 + 3]
    chat = Chat.objects.get(remote_id=chat_id(1))
    assert (chat.line.phone_number, chat.title, chat.unread_count) == (NUMBERS[1], "+14155550001", 0)
    assert (chat.last_message_text, chat.last_message_is_ours, chat.sort_at) == ("Message 3", True, NOON)
    assert chat.health_status == "HEALTHY"


@pytest.mark.django_db
def test_reading_twice_changes_nothing(remote: Remote, moment: Clock) -> None:
    Account(remote)
    finish(start_sync(by=None))
    before = the_rows()
    moment.tick(hours=1)
    run = finish(start_sync(by=None))
    assert (run.state, run.messages_read) == ("finished", 28)
    assert the_rows() == before


class Killed(BaseException):
    """What `kill -9` is to the code that it hits."""


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("page", [0, 1, 2])
def test_a_run_that_was_killed_goes_on_at_its_checkpoint(
    page: int, remote: Remote, moment: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    Account(remote, lines=1)
    run = start_sync(by=None)
    save = store.save_chats
    saved: list[int] = []

    def save_until_killed(chats: Any) -> Any:
        if len(saved) == page:
            raise Killed
        saved.append(1)
        return save(chats)

    with monkeypatch.context() as patched:
        patched.setattr(store, "save_chats", save_until_killed)
        with pytest.raises(Killed):
            sync.carry_on(run.pk, seconds=SECONDS)
    run.refresh_from_db()
    assert (run.state, run.stage, run.chats_read) == ("running", "chats", page * A_PAGE)
    assert Chat.objects.count() == page * A_PAGE
    asked = len(remote.calls("GET", "/v3/chats"))
    sync.carry_on(run.pk, seconds=SECONDS)
    assert len(remote.calls("GET", "/v3/chats")) == asked, "its lease still holds"
    moment.tick(seconds=60)
    run = finish(run)
    assert (run.state, run.chats_read, run.messages_read, Chat.objects.count()) == ("finished", 7, 28, 7)
    assert remote.calls("GET", "/v3/chats")[asked].query.get("cursor", "0") == str(page * A_PAGE)


@pytest.mark.django_db
def test_a_tick_that_is_over_hands_on(remote: Remote, wakes: list[Any]) -> None:
    Account(remote)
    run = start_sync(by=None)
    wakes.clear()
    sync.carry_on(run.pk, seconds=0)
    run.refresh_from_db()
    assert (run.state, run.stage, run.lease_expires_at) == ("running", "lines", None)
    assert wakes == [(wake.CONTINUE_SYNC, run.pk)]


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_read_it_once(remote: Remote) -> None:
    Account(remote)
    run = start_sync(by=None)
    at_once(*[partial(sync.carry_on, run.pk, seconds=SECONDS)] * 3)
    run.refresh_from_db()
    assert (run.state, run.chats_read, run.messages_read) == ("finished", 7, 28)
    assert len(remote.calls("GET", "/v3/chats")) == 3
    assert len(remote.calls("GET", "/v3/chats/[^/]+/messages")) == 7


@pytest.mark.django_db(transaction=True)
def test_a_worker_whose_lease_ran_out_writes_nothing(remote: Remote, moment: Clock) -> None:
    """It hangs in a call while another one takes over and finishes."""
    account = Account(remote)
    run = start_sync(by=None)
    go_on = threading.Event()
    first = Answer(body={"chats": account.chats[:A_PAGE], "next_cursor": None}, after=go_on)
    remote.on("GET", "/v3/chats", first, account.list_chats)

    def slow() -> None:
        sync.carry_on(run.pk, seconds=SECONDS)

    def fast() -> None:
        give_up_at = time.monotonic() + 20
        while not remote.calls("GET", "/v3/chats"):
            assert time.monotonic() < give_up_at
            time.sleep(0.01)
        moment.tick(seconds=60)
        sync.carry_on(run.pk, seconds=SECONDS)
        go_on.set()

    assert at_once(slow, fast) == [None, None]
    run.refresh_from_db()
    assert (run.state, run.chats_read, Chat.objects.count()) == ("finished", 7, 7)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("answer", "least", "most", "sentence"),
    [
        (
            Answer(429, wrong(1007), {"Retry-After": "45"}),
            45,
            45,
            "Too many requests in a short time. It will be tried again after a short wait.",
        ),
        (Answer(500, wrong(3006)), 1, 1.5, "The remote had an internal error. It will be tried again."),
        (Answer(cut="halfway", body={"chats": []}), 1, 1.5, "The remote's answer was cut off. It will be tried again."),
        (Answer(body={"no": "chats"}), 1, 1.5, "The remote's answer was not understood. It will be tried again."),
    ],
    ids=["too many", "passing fault", "cut off", "broken page"],
)
def test_trouble_in_the_middle_is_waited_out(
    answer: Answer, least: float, most: float, sentence: str, remote: Remote, moment: Clock
) -> None:
    account = Account(remote, lines=1)
    remote.on("GET", "/v3/chats", account.list_chats, answer, account.list_chats)
    run = finish(start_sync(by=None))
    part = run.parts.get()
    assert (run.state, run.stage, part.cursor, run.chats_read, part.failures) == ("running", "chats", "3", 3, 1)
    assert run.error == sentence
    assert part.due_at is not None
    assert least <= (part.due_at - moment.now).total_seconds() <= most
    asked = len(remote.asked)
    finish(run)
    assert len(remote.asked) == asked, "not before it is due"
    moment.now = part.due_at
    run = finish(run)
    assert (run.state, run.chats_read, run.failures, run.error) == ("finished", 7, 0, "")


@pytest.mark.django_db
def test_a_page_that_stays_broken_ends_the_run_with_a_sentence(remote: Remote, moment: Clock) -> None:
    account = Account(remote, lines=1)
    remote.on("GET", "/v3/chats", account.list_chats, Answer(body={"no": "chats"}))
    run = start_sync(by=None)
    for _ in range(12):
        run = finish(run)
        moment.now = run.parts.get().due_at or moment.now
    assert (run.state, run.failures, run.due_at, run.chats_read) == ("failed", 12, None, 3)
    assert run.error == "The remote's answer was not understood. It was tried 12 times; start the sync again later."


@pytest.mark.django_db
def test_a_chat_that_cannot_be_read_ends_it_with_a_sentence(
    remote: Remote, moment: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    account = Account(remote, lines=1)
    account.chats[1]["id"] = "not-an-id"
    run = start_sync(by=None)
    for _ in range(12):
        run = finish(run)
        moment.now = run.parts.get().due_at or moment.now
    assert (run.state, Chat.objects.count()) == ("failed", 0)
    assert run.error == "Chatdeck itself failed here (ValueError). It was tried 12 times; start the sync again later."


@pytest.mark.django_db
def test_a_refused_key_ends_it_at_once(remote: Remote) -> None:
    Account(remote)
    remote.on("GET", "/v3/phone_numbers", Answer(401, wrong(2004)))
    run = finish(start_sync(by=None))
    assert (run.state, run.failures) == ("failed", 1)
    assert run.error == "The API key is missing or was refused. Check the API key in the settings."
    assert finish(start_sync(by=None)).pk != run.pk


@pytest.mark.django_db
def test_a_chat_that_is_gone_by_then_holds_up_nothing(remote: Remote) -> None:
    account = Account(remote)
    gone = f"/v3/chats/{chat_id(2)}/messages"
    remote.on("GET", gone, Answer(404, wrong(2001)))
    run = finish(start_sync(by=None))
    assert (run.state, run.chats_with_messages, run.messages_read) == ("finished", 7, 24)
    assert len(account.chats) == Chat.objects.count()


@pytest.mark.django_db
def test_chats_and_lines_of_others_are_left_out(remote: Remote) -> None:
    account = Account(remote, lines=1)
    # A remote that lists more than it was asked for.
    account.chats[3] = wire.new_chat(chat_id(3), "+19995550100", "+14155559999")
    gone = Line.objects.create(remote_id=uuid.uuid4(), phone_number="+12025550199")
    run = finish(start_sync(by=None))
    assert (run.state, run.chats_read, Chat.objects.count()) == ("finished", 7, 6)
    gone.refresh_from_db()
    assert gone.is_active is False


@pytest.mark.django_db
def test_a_page_takes_the_same_number_of_queries_whatever_its_size(remote: Remote) -> None:
    Account(remote)
    finish(start_sync(by=None))

    def queries(first: int, last: int) -> tuple[int, int]:
        page = [
            resources.Chat.from_json(
                wire.new_chat(chat_id(number), NUMBERS[0], f"+1415556{number:04}", f"+1415557{number:04}")
            )
            for number in range(first, last)
        ]
        with CaptureQueriesContext(
            connection,
        ) as new:
            store.save_chats(page)
        with CaptureQueriesContext(connection) as again:
            store.save_chats(page)
        return len(new), len(again)

    assert queries(100, 102) == queries(200, 300) == (13, 13)


@pytest.mark.django_db
def test_a_person_without_a_service_keeps_theirs(remote: Remote) -> None:
    Account(remote)
    finish(start_sync(by=None))
    told = wire.new_chat(chat_id(1), NUMBERS[1], "+14155550001")
    for one in told["handles"]:
        one["service"] = None
    store.save_chats([resources.Chat.from_json(told)])
    assert Handle.objects.get(value="+14155550001").service == "iMessage"


# The action.
@pytest.mark.django_db
def test_one_sync_runs_at_a_time(administrator: User) -> None:
    first = start_sync(by=administrator)
    assert start_sync(by=administrator) == first
    assert AuditRecord.objects.filter(action="sync.start", actor=administrator).count() == 1


@pytest.mark.parametrize("who", ["agent", "manager", "outsider"])
def test_only_an_administrator_starts_one(who: str, request: pytest.FixtureRequest) -> None:
    with pytest.raises(NotAllowed):
        start_sync(by=request.getfixturevalue(who))
    assert (SyncRun.objects.count(), AuditRecord.objects.count()) == (0, 0)


@pytest.mark.django_db
def test_a_new_console_fills_by_itself_once(remote: Remote) -> None:
    Account(remote)
    start_first_sync()
    finish(SyncRun.objects.get())
    start_first_sync()
    assert SyncRun.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_starts_at_once_are_one(administrator: User) -> None:
    results = at_once(*[partial(start_sync, by=administrator)] * 3)
    assert len({run.pk for run in results}) == 1
    assert (SyncRun.objects.count(), AuditRecord.objects.count()) == (1, 1)


# Lines as parts.
def read_in(part: str) -> list[str]:
    """Which line's part each reading belonged to, of the run that is there."""
    return list(SyncPart.objects.filter(stage=part).order_by("pk").values_list("line__phone_number", flat=True))


@pytest.mark.django_db
def test_every_line_is_listed_before_messages_are_read(remote: Remote) -> None:
    Account(remote)
    finish(start_sync(by=None))
    order = [asked.path.endswith("messages") for asked in remote.asked]
    assert order == sorted(order)
    assert read_in("done") == NUMBERS


@pytest.mark.django_db
def test_starting_touches_no_chat(remote: Remote, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    Account(remote)
    finish(start_sync(by=None))
    before = Chat.objects.values_list("messages_synced_at", flat=True)
    known = sorted(before)
    # The savepoint of the whole, the run, its record.
    with django_assert_num_queries(4):
        start_sync(by=None)
    assert sorted(Chat.objects.values_list("messages_synced_at", flat=True)) == known
    assert None not in known


@pytest.mark.django_db
def test_only_so_many_lines_at_once(remote: Remote, moment: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    Account(remote)
    run = start_sync(by=None)
    sync.carry_on(run.pk, seconds=SECONDS)
    SyncPart.objects.update(stage="chats", due_at=moment.now, lease_expires_at=None)
    SyncRun.objects.update(state="running", stage="chats", finished_at=None)
    monkeypatch.setattr(sync, "PARTS_AT_ONCE", 1)
    SyncPart.objects.filter(line__phone_number=NUMBERS[0]).update(lease_expires_at=moment.now + timedelta(seconds=30))
    asked = len(remote.asked)
    sync.carry_on(run.pk, seconds=SECONDS)
    assert len(remote.asked) == asked, "one line is being carried, and one is all"
    monkeypatch.setattr(sync, "PARTS_AT_ONCE", 2)
    sync.carry_on(run.pk, seconds=SECONDS)
    assert {call.query["from"] for call in remote.asked[asked:] if call.path == "/v3/chats"} == {NUMBERS[1]}


@pytest.mark.django_db
def test_the_sweep_wakes_a_worker_for_each_line(remote: Remote, moment: Clock, wakes: list[Any]) -> None:
    Account(remote)
    run = start_sync(by=None)
    wakes.clear()
    sync.wake_due()
    assert wakes == [(wake.CONTINUE_SYNC, run.pk)]
    sync._carry_lines(run.pk, time.monotonic() + SECONDS)
    wakes.clear()
    sync.wake_due()
    assert wakes == [(wake.CONTINUE_SYNC, run.pk)] * 2
    moment.tick(seconds=1)
    SyncPart.objects.update(lease_expires_at=moment.now + timedelta(seconds=30), due_at=moment.now)
    wakes.clear()
    sync.wake_due()
    assert wakes == [(wake.CONTINUE_SYNC, run.pk)], "a third place is free"


@pytest.mark.django_db
def test_time_in_which_nobody_carried_it_does_not_count(remote: Remote, moment: Clock) -> None:
    account = Account(remote)

    def slowly(asked: Asked) -> Answer:
        moment.tick(seconds=2)
        return account.list_messages(asked)

    remote.on("GET", "/v3/chats/[^/]+/messages", slowly, slowly, Answer(500, wrong(3006)), slowly)
    run = finish(start_sync(by=None))
    assert (run.state, run.stage) == ("running", "messages")
    moment.tick(hours=8)
    run = finish(run)
    assert run.state == "finished"
    # 7 chats took two seconds each, and one hole counts as a step at the most.
    assert timedelta(seconds=10) <= run.messages_took <= timedelta(seconds=14) + sync.LONGEST_STEP


@pytest.mark.django_db
def test_what_came_since_the_last_reading_is_news(remote: Remote, moment: Clock) -> None:
    """The first sync is history; a message whose event was lost is none, however it is found."""
    account = Account(remote, chats=1, lines=1)
    finish(start_sync(by=None))
    assert Chat.objects.get().unread_count == 0
    late = wire.message(str(uuid.UUID(int=5)), chat_id(0), "Hello?", sender="+14155550000", sent_at=wire.at(moment.now))
    moment.tick(hours=1)
    remote.on("GET", "/v3/chats/[^/]+/messages", Answer(body={"messages": [late], "next_cursor": None}))
    finish(start_sync(by=None))
    finish(start_sync(by=None))
    assert Chat.objects.get().unread_count == 1
    assert account.chats[0]["id"] == str(Chat.objects.get().remote_id)
