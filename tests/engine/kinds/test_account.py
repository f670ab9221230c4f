"""What leaves by the account's lane: blocks, checks, contact cards, forwarding, audits."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User

from chats.actions.line_settings import save_contact_card, set_forwarding, start_audit
from chats.actions.lines import pause_line
from chats.actions.people import block_person, check_capability, unblock_person
from chats.models import Chat, Handle, Lane, Line, LineFailure, Operation, ReputationAudit
from chats.models.operation import State
from chats.queries.waiting import why
from tests import wire
from tests.engine.worker import Clock, hear, only_operation, work
from tests.people import NOON
from tests.remote import Answer, Remote, wrong

pytestmark = pytest.mark.django_db
ADA = "+14155550101"
BLOCKS, CARD = "/v3/blocked_handles", "/v3/contact_card"
NUMBER = "/v3/phone_numbers/[^/]+"
AUDIT = f"{NUMBER}/reputation_audit"
REPORT = {"severity": "AT_RISK", "primary_driver": "volume_spike", "summary_markdown": "Slow down."}


@pytest.fixture(autouse=True)
def _frozen(moment: Clock, wakes: list[Any]) -> None:
    """Time moves only where a test moves it."""


@pytest.fixture
def ada(chat: Chat) -> Handle:
    return Handle.objects.get(value=ADA)


def entry() -> dict[str, Any]:
    return {"handle": ADA, "blocked_at": wire.at(NOON), "reason": "Spam"}


def card(line: Line, **more: Any) -> dict[str, Any]:
    return {
        "phone_number": line.phone_number,
        "first_name": "Team",
        "last_name": "North",
        "image_url": None,
        "is_active": True,
        **more,
    }


def number(line: Line, forwarding: str | None) -> dict[str, Any]:
    return {"id": str(line.remote_id), "phone_number": line.phone_number, "forwarding_number": forwarding}


def settled() -> str:
    """The state of the last operation, of which nothing is left to do."""
    operation = Operation.objects.latest("pk")
    assert (operation.due_at, operation.lane.name) == (None, Lane.ACCOUNT)
    return operation.state


def test_somebody_is_blocked_and_unblocked(chat: Chat, ada: Handle, agent: User, remote: Remote) -> None:
    remote.on("POST", BLOCKS, Answer(body={"blocked_handle": entry()}))
    remote.on("DELETE", BLOCKS, Answer(204))
    block_person(chat=chat, handle=ada, reason="Spam", by=agent)
    assert Handle.objects.get(pk=ada.pk).blocked_at is None
    work()
    ada.refresh_from_db()
    assert (settled(), ada.blocked_at, ada.block_reason) == (State.ACCEPTED, NOON, "Spam")
    unblock_person(chat=chat, handle=ada, by=agent)
    work()
    ada.refresh_from_db()
    assert (settled(), ada.blocked_at, ada.block_reason) == (State.ACCEPTED, None, "")
    assert [asked.body for asked in remote.asked] == [{"handle": ADA, "reason": "Spam"}, {"handle": ADA}]


def test_a_block_without_an_answer_is_looked_for_in_the_list(
    chat: Chat, ada: Handle, agent: User, remote: Remote, moment: Clock
) -> None:
    remote.on("POST", BLOCKS, Answer(cut="unanswered"))
    block_person(chat=chat, handle=ada, reason="Spam", by=agent)
    work()
    remote.on("GET", BLOCKS, Answer(body={"blocked_handles": [entry()]}))
    moment.tick(seconds=5)
    work()
    ada.refresh_from_db()
    assert (settled(), ada.blocked_at) == (State.CONFIRMED, NOON)
    assert len(remote.calls("POST", BLOCKS)) == 1


@pytest.mark.parametrize("paused", [False, True])
def test_no_pause_of_a_line_holds_a_block(
    paused: bool, chat: Chat, ada: Handle, agent: User, manager: User, remote: Remote
) -> None:
    if paused:
        pause_line(line=chat.line, reason="", by=manager)
    remote.on("POST", BLOCKS, Answer(body={"blocked_handle": entry()}))
    block_person(chat=chat, handle=ada, reason="Spam", by=agent)
    assert why(only_operation()).startswith("It is due and waits for a worker")
    work()
    assert settled() == State.ACCEPTED


def test_a_failed_block_speaks_against_no_line(chat: Chat, ada: Handle, agent: User, remote: Remote) -> None:
    remote.on("POST", BLOCKS, Answer(500, wrong(3006)))
    block_person(chat=chat, handle=ada, reason="Spam", by=agent)
    work()
    assert (only_operation().state, LineFailure.objects.count()) == (State.QUEUED, 0)
    assert Line.objects.get().failing_since is None


@pytest.mark.parametrize(
    ("service", "where", "column"),
    [("iMessage", "check_imessage", "has_imessage"), ("RCS", "check_rcs", "has_rcs")],
)
def test_a_check_is_kept_with_the_person(
    service: str, where: str, column: str, chat: Chat, ada: Handle, agent: User, remote: Remote, moment: Clock
) -> None:
    remote.on("POST", f"/v3/capability/{where}", Answer(body={"address": ADA, "available": False}))
    check_capability(chat=chat, handle=ada, service=service, by=agent)
    work()
    ada.refresh_from_db()
    assert (settled(), getattr(ada, column), getattr(ada, f"{column}_at")) == (State.ACCEPTED, False, moment.now)
    assert remote.asked[0].body == {"address": ADA, "from": chat.line.phone_number}


def test_a_check_that_has_to_wait_lets_others_pass(
    chat: Chat, ada: Handle, agent: User, remote: Remote, moment: Clock
) -> None:
    remote.on("POST", "/v3/capability/check_imessage", Answer(429, wrong(1007), {"Retry-After": "600"}))
    remote.on("POST", BLOCKS, Answer(body={"blocked_handle": entry()}))
    check = check_capability(chat=chat, handle=ada, service="iMessage", by=agent)
    work()
    block_person(chat=chat, handle=ada, reason="Spam", by=agent)
    work()
    assert settled() == State.ACCEPTED
    assert check is not None
    check.refresh_from_db()
    assert (check.state, check.due_at) == (State.QUEUED, moment.now + timedelta(seconds=600))
    assert why(check) == "The remote wants a pause before it is asked this again; it is asked in 10 min."


def test_nobody_knows_is_no_answer(chat: Chat, ada: Handle, agent: User, remote: Remote, moment: Clock) -> None:
    remote.on("POST", "/v3/capability/check_rcs", Answer(503, wrong(4010)))
    check_capability(chat=chat, handle=ada, service="RCS", by=agent)
    for _ in range(6):
        work()
        moment.tick(minutes=10)
    ada.refresh_from_db()
    assert (only_operation().state, ada.has_rcs, ada.has_rcs_at, len(remote.asked)) == (State.FAILED, None, None, 5)


def test_a_card_is_made_then_changed(line: Line, manager: User, remote: Remote, moment: Clock) -> None:
    remote.on("POST", CARD, Answer(body=card(line)))
    save_contact_card(line=line, first_name="Team", last_name="North", image_url="", by=manager)
    assert Line.objects.get().card_name == ""
    work()
    line.refresh_from_db()
    assert (settled(), line.card_name, line.card_known_at) == (State.ACCEPTED, "Team North", moment.now)
    remote.on("PATCH", CARD, Answer(body=card(line, last_name=None)))
    moment.tick(seconds=1)
    save_contact_card(line=line, first_name="Team", last_name="", image_url="", by=manager)
    work()
    line.refresh_from_db()
    assert (settled(), line.card_name) == (State.ACCEPTED, "Team")
    first, second = remote.asked
    assert first.body == {"phone_number": line.phone_number, "first_name": "Team", "last_name": "North"}
    assert (second.body, second.query) == (
        {"first_name": "Team", "last_name": "", "image_url": ""},
        {"phone_number": line.phone_number},
    )


@pytest.mark.parametrize(("known", "code", "asked"), [("", 2014, ["POST", "PATCH"]), ("Old", 2012, ["PATCH", "POST"])])
def test_a_card_that_is_not_as_we_knew_it(
    known: str, code: int, asked: list[str], line: Line, manager: User, remote: Remote
) -> None:
    Line.objects.update(card_first_name=known)
    remote.on(asked[0], CARD, Answer(409 if code == 2014 else 404, wrong(code)))
    remote.on(asked[1], CARD, Answer(body=card(line)))
    save_contact_card(line=line, first_name="Team", last_name="North", image_url="", by=manager)
    work()
    assert [one.method for one in remote.asked] == asked
    assert (settled(), Line.objects.get().card_name) == (State.ACCEPTED, "Team North")


def test_a_card_that_was_stored_and_not_applied_is_asked_for_again(
    line: Line, manager: User, remote: Remote, moment: Clock
) -> None:
    remote.on("POST", CARD, Answer(500, wrong(2022)), Answer(409, wrong(2014)))
    remote.on("PATCH", CARD, Answer(body=card(line)))
    save_contact_card(line=line, first_name="Team", last_name="North", image_url="", by=manager)
    work()
    assert (only_operation().state, Line.objects.get().card_name) == (State.QUEUED, "")
    moment.tick(seconds=5)
    work()
    assert (settled(), Line.objects.get().card_name) == (State.ACCEPTED, "Team North")


def test_a_card_that_somebody_changed_elsewhere(line: Line, moment: Clock) -> None:
    def told(what: str, at: int, name: str) -> dict[str, Any]:
        return {
            "phone_number": line.phone_number,
            "contact_card": {"first_name": name, "last_name": None, "image_url": None},
            "occurred_at": wire.at(NOON + timedelta(minutes=at)),
        }

    hear("contact_card.created", told("created", 1, "Ann"))
    assert Line.objects.get().card_name == "Ann"
    hear("contact_card.updated", told("updated", 3, "Cas"))
    hear("contact_card.updated", told("updated", 2, "Bea"))
    assert Line.objects.get().card_name == "Cas"
    hear("contact_card.deleted", told("deleted", 4, "Cas"))
    assert (Line.objects.get().card_name, Line.objects.get().card_known_at) == ("", NOON + timedelta(minutes=4))


@pytest.mark.parametrize("wanted", ["+14155550188", ""])
def test_calls_are_forwarded_or_not(wanted: str, line: Line, manager: User, remote: Remote) -> None:
    Line.objects.update(forwarding_number="" if wanted else "+14155550188")
    remote.on("PUT", NUMBER, Answer(body=number(line, wanted or None)))
    set_forwarding(line=line, number=wanted, by=manager)
    assert Line.objects.get().forwarding_number != wanted
    work()
    assert (settled(), Line.objects.get().forwarding_number) == (State.ACCEPTED, wanted)
    assert remote.asked[0].body == {"forwarding_number": wanted or None}


def test_forwarding_without_an_answer_is_looked_up(line: Line, manager: User, remote: Remote, moment: Clock) -> None:
    remote.on("PUT", NUMBER, Answer(cut="unanswered"))
    set_forwarding(line=line, number="+14155550188", by=manager)
    work()
    remote.on("GET", "/v3/phone_numbers", Answer(body={"phone_numbers": [number(line, "+14155550188")]}))
    moment.tick(seconds=5)
    work()
    assert (settled(), Line.objects.get().forwarding_number) == (State.CONFIRMED, "+14155550188")


def test_forwarding_that_somebody_changed_elsewhere(line: Line) -> None:
    def told(at: int, to: str | None) -> dict[str, Any]:
        when = wire.at(NOON + timedelta(minutes=at))
        return {"phone_number": line.phone_number, "change": {"from": None, "to": to}, "occurred_at": when}

    hear("phone_number.forwarding_updated", told(2, "+14155550188"))
    hear("phone_number.forwarding_updated", told(1, None))
    assert Line.objects.get().forwarding_number == "+14155550188"
    event = hear("phone_number.forwarding_updated", told(3, None) | {"phone_number": "+12025559999"})
    assert (event.state, Line.objects.get().forwarding_number) == ("ignored", "+14155550188")


def test_an_audit_runs_and_brings_its_report(line: Line, manager: User, remote: Remote, moment: Clock) -> None:
    started = {"audit_id": "a1", "status": "pending"}
    remote.on("POST", AUDIT, Answer(202, started))
    done = {"audit_id": "a1", "status": "complete", "generated_at": wire.at(NOON), "report": REPORT}
    remote.on("GET", f"{AUDIT}/a1", Answer(body=started), Answer(body=done))
    start_audit(line=line, by=manager)
    work()
    audit = ReputationAudit.objects.get()
    assert (only_operation().state, audit.status, audit.started_at) == (State.ACCEPTED, "pending", moment.now)
    moment.tick(seconds=20)
    work()
    assert why(only_operation()).startswith("The remote examines the line")
    moment.tick(seconds=20)
    work()
    audit.refresh_from_db()
    assert (settled(), audit.status, audit.report) == (State.CONFIRMED, "complete", REPORT)
    assert audit.generated_at == NOON


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (Answer(404, wrong(2019)), "The remote no longer has this audit. Start another one."),
        (Answer(body={"audit_id": "a1", "status": "error", "error": "Out of luck"}), "Out of luck"),
    ],
)
def test_an_audit_that_fails(
    answer: Answer, error: str, line: Line, manager: User, remote: Remote, moment: Clock
) -> None:
    remote.on("POST", AUDIT, Answer(202, {"audit_id": "a1", "status": "pending"}))
    remote.on("GET", f"{AUDIT}/a1", answer)
    start_audit(line=line, by=manager)
    work()
    moment.tick(seconds=20)
    work()
    audit = ReputationAudit.objects.get()
    assert (settled(), audit.status, audit.error) == (State.FAILED, "error", error)
    assert LineFailure.objects.count() == 0


def test_an_audit_whose_start_got_no_answer_finds_the_one_that_runs(
    line: Line, manager: User, remote: Remote, moment: Clock
) -> None:
    remote.on("POST", AUDIT, Answer(cut="unanswered"), Answer(202, {"audit_id": "a1", "status": "pending"}))
    start_audit(line=line, by=manager)
    work()
    assert only_operation().state == State.UNKNOWN
    moment.tick(seconds=5)
    work()
    assert (only_operation().state, ReputationAudit.objects.get().remote_id) == (State.ACCEPTED, "a1")
