"""A console with something on every page, among it all that strains a page: long names, failures, links."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import timedelta

from django.contrib.auth.models import User

from chats import clock
from chats.actions.groups import add_participant, remove_participant, rename_group
from chats.actions.messages import send_message
from chats.models import AuditRecord, Chat, Contact, Handle, Line, Operation, SyncRun, WebhookEvent
from chats.models.operation import State
from tests.console.inbox.words import fail, write
from tests.files import PDF, PNG, pick
from tests.people import make_chat, make_handle, make_line, make_person

LONG_NAME = ("Ms Anneliese Margarethe von und zu Hohenstein-Wittgenstein " * 4)[:200]
LONG_WORD = "x" * 180


@dataclass(frozen=True)
class World:
    """Who looks, and what there is to look at."""

    administrator: User
    agent: User
    newcomer: User
    line: Line
    direct: Chat
    long: Chat
    group: Chat
    closed: Chat
    waiting: Operation
    failed: Operation
    parked: WebhookEvent
    named: Contact
    record: AuditRecord


def make_world() -> World:
    now = clock.now()
    line = make_line("+12025550101")
    other = make_line("+12025550102", "Sales and a label that is quite a bit longer than most labels of lines")
    Line.objects.filter(pk=other.pk).update(
        status="FLAGGED", status_changed_at=now, reputation="CRITICAL", forwarding_number="+12025550199"
    )
    administrator = make_person("administrator", "Administrator")
    agent = make_person("agent", "Agent", line)
    newcomer = make_person("newcomer", "Agent")

    ada = make_handle("+14155550101", "Ada Example")
    direct = make_chat(
        line,
        ada,
        service="iMessage",
        sort_at=now,
        health_status="AT_RISK",
        health_status_at=now,
        health_score=55,
        health_reason="Not enough engagement",
        health_score_at=now,
        health_doc_url="https://example.com/health",
        unread_count=3,
        last_message_text=LONG_WORD[:160],
    )
    write(direct, "Good morning, see https://example.com/" + LONG_WORD, at=now - timedelta(days=1))
    for state in ("sent", "delivered", "read"):
        write(
            direct, f"It was {state}.", ours=True, author=agent, delivery_status=state, at=now - timedelta(minutes=20)
        )
    write(
        direct,
        "A file",
        at=now - timedelta(minutes=9),
        service="SMS",
        edited_at=now,
        parts=[
            {"type": "text", "value": "A file"},
            {"type": "media", "filename": LONG_WORD + ".pdf", "mime_type": "application/pdf", "size_bytes": 1234567},
            {"type": "link", "value": "https://example.com/"},
            {"type": "unheard_of"},
        ],
    )
    files = [
        pick(direct, agent, LONG_WORD + ending, content)
        for ending, content in [(".png", PNG), (".mp4", b"\0\0\0\x14ftypmp42"), (".mp3", b"ID3"), (".pdf", PDF)]
    ]
    write(direct, "Files", at=now - timedelta(minutes=8), parts=[file.as_part for file in files])
    refused = send_message(chat=direct, text="This one fails.", by=agent, key=uuid.uuid4())
    fail(refused)
    send_message(chat=direct, text="This one waits.", by=agent, key=uuid.uuid4())
    waiting = Operation.objects.get(message__text="This one waits.")

    long = make_chat(line, make_handle("+14155550102", LONG_NAME), service="RCS", sort_at=now - timedelta(minutes=1))
    write(long, LONG_WORD, at=now - timedelta(minutes=1))

    group = make_chat(
        line,
        make_handle("+14155550111", LONG_NAME[:120]),
        make_handle("+14155550112"),
        make_handle("dot@example.com"),
        make_handle("+14155550113", "Cas Example"),
        name=LONG_NAME,
        service="iMessage",
        sort_at=now - timedelta(hours=2),
    )
    for number in range(4):
        write(group, f"Message {number}", at=now - timedelta(hours=2, minutes=number))
    rename_group(chat=group, name="Crew of the night", by=administrator)
    failed = Operation.objects.get(kind="rename_group")
    Operation.objects.filter(pk=failed.pk).update(
        state=State.FAILED,
        error="The remote refused the name.",
        error_status=400,
        error_code=1003,
        trace_id=uuid.uuid4().hex,
        settled_at=now,
        due_at=None,
        attempts=2,
    )
    rename_group(chat=group, name="Crew of the day", by=administrator)
    add_participant(chat=group, handle="+14155550177", by=administrator)
    remove_participant(chat=group, handle="+14155550113", by=administrator)

    closed = make_chat(other, make_handle("+14155550120", "Eve Example"), health_status="OPTED_OUT", left_at=None)
    Handle.objects.filter(value="+14155550120").update(opted_out_at=now, blocked_at=now)

    parked = WebhookEvent.objects.create(
        event_id=str(uuid.uuid4()),
        event_type="message.received",
        payload={"data": {"text": LONG_WORD}},
        state="parked",
        received_at=now,
        attempts=5,
        trace_id=uuid.uuid4().hex,
        error="The chat was not found.",
        line=line,
        chat=direct,
    )
    SyncRun.objects.create(
        state="finished",
        stage="done",
        started_at=now - timedelta(minutes=3),
        finished_at=now,
        lines_read=2,
        chats_read=4321,
        messages_read=1234567,
    )
    named = Contact.objects.get(name=LONG_NAME)
    record = AuditRecord.objects.latest("pk")
    return World(
        administrator, agent, newcomer, line, direct, long, group, closed, waiting, failed, parked, named, record
    )
