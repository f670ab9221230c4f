"""A line that fails pauses itself, tries one message later, and opens again."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User

from chats.actions.lines import pause_line, resume_line
from chats.actions.rules import NotAllowed, Refused
from chats.engine import sweeps
from chats.models import AuditRecord, Chat, Line, LineFailure, Operation
from chats.models.operation import State
from chats.queries.waiting import why
from tests import wire
from tests.engine.pacing.conftest import SEND, accept, budgets, campaign, fresh, leave, queued, say, texts
from tests.engine.worker import Clock, hear, work
from tests.people import signed_in
from tests.remote import Answer, Remote, wrong

Many = Callable[[int], list[Chat]]
FAULT = Answer(500, wrong(3006))


@pytest.fixture(autouse=True)
def _unpaced(line: Line) -> None:
    budgets(line)


def now_of(line: Line) -> Line:
    line.refresh_from_db()
    return line


def break_down(line: Line, chats: list[Chat], by: User, remote: Remote, moment: Clock) -> Line:
    """Five messages in a row that the remote fails to take, over forty seconds."""
    remote.on("POST", SEND, FAULT)
    for chat in chats[:5]:
        say(chat, by)
        leave(remote)
        moment.tick(seconds=10)
    return now_of(line)


def arrived(operation: Operation) -> None:
    assert operation.chat is not None
    hear("message.sent", wire.message_event(operation.chat, str(uuid.uuid4()), key=str(operation.key)))


def test_five_different_failures_in_a_row_pause_the_line(
    line: Line, many: Many, agent: User, remote: Remote, moment: Clock
) -> None:
    start = moment.now
    line = break_down(line, many(6), agent, remote, moment)
    assert (line.paused_at, line.pause_reason) == (start + timedelta(seconds=40), Line.Pause.FAILURES)
    assert line.trial_at == start + timedelta(seconds=40) + timedelta(minutes=15)
    assert line.pause_detail.startswith("The remote had an internal error.")
    moment.tick(minutes=5)
    assert leave(remote) == 0
    entry = AuditRecord.objects.get(action="line.pause")
    assert (entry.actor, entry.line) == (None, line)


def test_one_that_fails_again_and_again_is_one_failure(
    line: Line, chat: Chat, agent: User, remote: Remote, moment: Clock
) -> None:
    remote.on("POST", SEND, FAULT)
    say(chat, agent)
    for _ in range(10):
        work()
        moment.tick(minutes=8)
    assert (now_of(line).is_paused, LineFailure.objects.get().times) == (False, 10)


def test_a_hiccup_of_seconds_pauses_nothing(line: Line, many: Many, agent: User, remote: Remote, moment: Clock) -> None:
    remote.on("POST", SEND, *[FAULT] * 8, accept)
    for chat in many(8):
        say(chat, agent)
    work()
    moment.tick(seconds=2)
    work()
    assert (now_of(line).is_paused, queued()) == (False, 0)
    assert (LineFailure.objects.count(), line.failing_since) == (0, None)


def test_a_good_answer_ends_the_row(line: Line, many: Many, agent: User, remote: Remote, moment: Clock) -> None:
    remote.on("POST", SEND, *[FAULT] * 4, accept, *[FAULT] * 4, accept)
    for chat in many(10):
        say(chat, agent)
        work()
        Operation.objects.filter(state=State.QUEUED).update(due_at=moment.now + timedelta(days=1))
        moment.tick(seconds=20)
    assert now_of(line).is_paused is False


@pytest.mark.parametrize(("status", "code"), [(400, 1004), (403, 2024), (403, 2008), (404, 2001), (409, 2013)])
def test_what_is_wrong_with_a_message_or_a_person_speaks_not_against_the_line(
    status: int, code: int, line: Line, many: Many, agent: User, remote: Remote, moment: Clock
) -> None:
    remote.on("POST", SEND, Answer(status, wrong(code)))
    for chat in many(7):
        say(chat, agent)
        work()
        moment.tick(seconds=20)
    assert (now_of(line).is_paused, LineFailure.objects.count()) == (False, 0)


def test_messages_that_are_taken_and_never_delivered_pause_it_too(
    line: Line, many: Many, agent: User, remote: Remote, moment: Clock
) -> None:
    for number, chat in enumerate(many(6)):
        message_id = str(uuid.uuid4())
        body = {"chat_id": str(chat.remote_id), "message": wire.sent(message_id)}
        remote.on("POST", SEND, Answer(202, body))
        say(chat, agent)
        work()
        if number == 0:  # one arrives, and counts for nothing
            hear("message.delivered", wire.message_event(chat, message_id, delivered_at=wire.at(moment.now)))
        else:
            hear(
                "message.failed",
                {"chat_id": str(chat.remote_id), "message_id": message_id, "code": 4002, "failed_at": None},
            )
        moment.tick(seconds=10)
        assert now_of(line).is_paused is (number == 5)
    assert line.pause_reason == Line.Pause.FAILURES


def test_a_line_that_cannot_send_rests_and_is_paused_the_third_time(
    line: Line, many: Many, agent: User, remote: Remote, moment: Clock
) -> None:
    remote.on("POST", SEND, Answer(403, wrong(2027)))
    for chat in many(4):
        say(chat, agent)
    for times in (1, 2, 3):
        assert leave(remote) == 1  # one asks for all of them
        assert now_of(line).is_paused is (times == 3)
        moment.tick(minutes=5)
    assert (line.pause_reason, line.pause_detail) == (
        Line.Pause.FAILURES,
        "The line cannot send now. Use another line or wait until this one recovers.",
    )
    assert (leave(remote), queued()) == (0, 4)


def test_one_message_tries_and_its_arrival_opens_the_line(
    line: Line, many: Many, agent: User, remote: Remote, moment: Clock
) -> None:
    line = break_down(line, many(6), agent, remote, moment)
    assert line.trial_at is not None
    moment.now = line.trial_at - timedelta(microseconds=1)
    assert leave(remote) == 0
    moment.tick(microseconds=1)
    remote.on("POST", SEND, accept)
    assert leave(remote) == 1
    trial = now_of(line).trial
    assert trial is not None
    assert (trial.state, line.is_paused) == (State.ACCEPTED, True)
    assert leave(remote) == 0
    arrived(trial)
    assert (now_of(line).is_paused, line.trial, line.trials) == (False, None, 0)
    assert leave(remote) == 4
    assert AuditRecord.objects.get(action="line.resume").after == "The message that tried it arrived."


def test_each_trial_that_fails_waits_twice_as_long_up_to_two_hours(
    line: Line, many: Many, agent: User, remote: Remote, moment: Clock
) -> None:
    line = break_down(line, many(6), agent, remote, moment)
    for minutes in (30, 60, 120, 120):
        assert line.trial_at is not None
        moment.now = line.trial_at
        assert leave(remote) == 1
        assert now_of(line).trial_at == moment.now + timedelta(minutes=minutes)
        assert (line.is_paused, line.trial, leave(remote)) == (True, None, 0)


def test_a_trial_that_says_nothing_of_the_line_lets_the_next_one_try(
    line: Line, many: Many, agent: User, remote: Remote, moment: Clock
) -> None:
    line = break_down(line, many(6), agent, remote, moment)
    assert line.trial_at is not None
    moment.now = line.trial_at
    remote.on("POST", SEND, Answer(400, wrong(1004)), accept)
    assert leave(remote) == 2
    trial = now_of(line).trial
    assert (line.is_paused, trial is not None and trial.state) == (True, State.ACCEPTED)


def test_a_trial_of_unknown_outcome_is_settled_and_opens_the_line(
    line: Line, many: Many, agent: User, remote: Remote, moment: Clock
) -> None:
    line = break_down(line, many(6), agent, remote, moment)
    assert line.trial_at is not None
    moment.now = line.trial_at
    remote.on("POST", SEND, Answer(cut="unanswered"), accept)
    assert leave(remote) == 1
    moment.tick(minutes=1)
    assert leave(remote) == 1
    assert len({asked.key for asked in remote.calls("POST", SEND)[-2:]}) == 1
    trial = now_of(line).trial
    assert trial is not None
    arrived(trial)
    assert now_of(line).is_paused is False


def test_people_try_before_machines(line: Line, many: Many, agent: User, remote: Remote, moment: Clock) -> None:
    chats = many(7)
    line = break_down(line, chats, agent, remote, moment)
    Operation.objects.filter(state=State.QUEUED).update(priority=50)
    say(chats[6], agent, "a person's")
    assert line.trial_at is not None
    moment.now = line.trial_at
    remote.on("POST", SEND, accept)
    leave(remote)
    assert texts(remote)[-1] == "a person's"


def flag(line: Line, status: str, at: Any) -> None:
    hear(
        "phone_number.status_updated",
        {"phone_number": line.phone_number, "new_status": status, "changed_at": wire.at(at)},
    )


def test_a_flagged_line_pauses_and_tries_after_a_day(
    line: Line, chat: Chat, agent: User, remote: Remote, moment: Clock
) -> None:
    flag(line, "FLAGGED", moment.now)
    assert (now_of(line).pause_reason, line.trial_at) == (Line.Pause.FLAGGED, moment.now + timedelta(hours=24))
    remote.on("POST", SEND, accept)
    waiting = say(chat, agent)
    assert leave(remote) == 0
    assert why(fresh(waiting)) == (
        "The line is paused, because the remote has flagged it. One message tries it at 12:00 UTC on 4 Jul."
    )
    moment.tick(hours=24)
    assert leave(remote) == 1


def test_a_flagged_line_that_is_active_again_tries_at_once(
    line: Line, many: Many, agent: User, remote: Remote, moment: Clock
) -> None:
    first, second = many(2)
    flag(line, "FLAGGED", moment.now)
    say(first, agent)
    say(second, agent)
    remote.on("POST", SEND, accept)
    flag(line, "ACTIVE", moment.tick(hours=2))
    assert now_of(line).is_paused is True
    assert leave(remote) == 1
    trial = now_of(line).trial
    assert trial is not None
    arrived(trial)
    assert (now_of(line).is_paused, leave(remote)) == (False, 1)


def test_by_hand_it_stays_until_somebody_resumes_it(
    line: Line, chat: Chat, agent: User, manager: User, remote: Remote, moment: Clock
) -> None:
    pause_line(line=line, reason="Moving house", by=manager)
    waiting = say(chat, agent)
    flag(line, "FLAGGED", moment.now)
    flag(line, "ACTIVE", moment.tick(hours=1))
    moment.tick(hours=100)
    assert leave(remote) == 0
    assert why(fresh(waiting)) == (
        "The line is paused by hand (manager: Moving house); nothing leaves until somebody resumes it."
    )
    with pytest.raises(Refused):
        pause_line(line=line, reason="", by=manager)
    resume_line(line=now_of(line), by=manager)
    remote.on("POST", SEND, accept)
    assert leave(remote) == 1
    assert list(AuditRecord.objects.filter(action__startswith="line.").values_list("action", "actor__username")) == [
        ("line.resume", "manager"),
        ("line.pause", "manager"),
    ]
    with pytest.raises(Refused):
        resume_line(line=now_of(line), by=manager)


def test_who_may_pause(line: Line, agent: User, outsider: User) -> None:
    for person in (agent, outsider):
        for change in (lambda by: pause_line(line=line, reason="", by=by), lambda by: resume_line(line=line, by=by)):
            with pytest.raises(NotAllowed):
                change(person)
    assert now_of(line).is_paused is False
    assert not AuditRecord.objects.exists()


def test_what_was_accepted_before_is_still_looked_at(
    line: Line, chat: Chat, agent: User, manager: User, remote: Remote, moment: Clock
) -> None:
    remote.on("POST", SEND, accept)
    say(chat, agent)
    work()
    pause_line(line=line, reason="", by=manager)
    moment.tick(seconds=30)
    work()
    assert len(remote.calls("GET", "/v3/messages/[^/]+")) == 1


def test_a_paused_line_is_no_work_for_the_sweep(
    line: Line, chat: Chat, agent: User, manager: User, wakes: list[Any]
) -> None:
    pause_line(line=line, reason="", by=manager)
    campaign(chat, agent)
    wakes.clear()
    sweeps.sweep()
    assert [one for one in wakes if one[0] == "chats.tasks.drain_lane"] == []


def test_the_pages_say_it_and_offer_the_button(line: Line, manager: User, agent: User, outsider: User) -> None:
    client = signed_in(manager)
    page = f"/lines/{line.pk}/"
    assert "Pause this line" in client.get(page).content.decode()
    assert signed_in(agent).post(f"{page}pause/").status_code == 403
    assert signed_in(outsider).post(f"{page}pause/").status_code == 404
    assert client.get(f"{page}pause/").status_code == 405
    assert now_of(line).is_paused is False
    assert client.post(f"{page}pause/", {"reason": "Moving house"}).status_code == 302
    sentence = "The line is paused by hand (manager: Moving house); nothing leaves until somebody resumes it."
    html = client.get(page).content.decode()
    assert sentence in html
    assert "Resume this line" in html
    assert "Pause this line" not in html
    assert "Paused" in client.get("/lines/").content.decode()
    home = client.get("/").content.decode()
    assert "Support is paused" in home
    assert sentence in home
    assert client.post(f"{page}resume/").status_code == 302
    assert now_of(line).is_paused is False
    assert "Support is paused" not in client.get("/").content.decode()
