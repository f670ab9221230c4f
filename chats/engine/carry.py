"""Carrying out one claimed operation: call the remote outside any transaction, then write what came of it.

The result is written only while the claim is still ours (law 3). Whoever was too slow finds another
number in `fence` and leaves the row alone: the row has been swept to *unknown* and is being settled
by somebody else, with the same key.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

from django.db import transaction

from chats import clock
from chats.engine import breaker, delivery, gates, remote, resting, settle, unanswered
from chats.engine.claims import KEY_IS_GOOD_FOR, Claim
from chats.engine.kinds import HANDLERS
from chats.engine.kinds.base import Answer, Handler, Look, Sight
from chats.models import Chat, Handle, LineFailure, Message, Operation
from chats.models.operation import Kind, State
from chats.v3.errors import Advice, NotReached, RemoteError

log = logging.getLogger(__name__)

LINE_NOT_ELIGIBLE_WAIT = timedelta(minutes=5)
KEY_REFUSED_WAIT = timedelta(minutes=1)
# The least pause after a 429, so that one that says "0" does not make us hammer.
SHORTEST_WAIT = timedelta(seconds=1)
# What a look at a message that failed says no more of than this.
DELIVERY_FAILED = 4001
MESSAGE_NOT_FOUND = 2002
NO_ANSWER = "No answer ever came. Look at the other side before you try it again."
NOT_IN_THE_CHAT = "No answer ever came, and it is not in the chat. Look at the other side before you try it again."


def carry_out(claim: Claim) -> None:
    """Do what the operation's state asks for. Never raises for what the remote answers or does not answer."""
    handler = HANDLERS[Kind(claim.operation.kind)]
    try:
        if claim.was is State.ACCEPTED:
            _look_for_confirmation(claim, handler)
        elif claim.was is State.UNKNOWN:
            _find_out(claim, handler)
        else:
            _accepted(claim, handler, handler.call(remote.client(), claim.operation))
    except Exception as problem:  # noqa: BLE001
        went_wrong(claim, handler, problem)


def take_answer(claim: Claim, handler: Handler, answer: Answer) -> None:
    """Write a good answer. Never raises for what stands in it."""
    try:
        _accepted(claim, handler, answer)
    except Exception as problem:  # noqa: BLE001
        went_wrong(claim, handler, problem)


def went_wrong(claim: Claim, handler: Handler, problem: Exception) -> None:
    """Write what came of a call that brought no good answer."""
    if isinstance(problem, RemoteError):
        _write(claim, partial(_problem, claim, handler, problem))
        return
    # A defect of ours. The row must not stay "sending", and nobody else's row may wait for it.
    log.error("Operation %s broke", claim.operation.pk, exc_info=problem)
    _write(claim, partial(_broken, claim, handler, type(problem).__name__))


def _find_out(claim: Claim, handler: Handler) -> None:
    """Settle one whose answer never came: by its key where the remote knows keys, by looking where not."""
    operation = claim.operation
    if handler.has_key:
        sent_at = operation.first_sent_at or operation.created_at
        closed = gates.check(operation, now=clock.now())
        if closed is not None:
            # An earlier try may have arrived, but where it has not, asking again would send it now.
            sentence = f"{closed.sentence} An earlier try got no answer, and it is not in the chat."
            _find_in_chat(claim, handler, otherwise=sentence, code=closed.code)
            return
        if clock.now() - sent_at >= KEY_IS_GOOD_FOR:
            _find_in_chat(claim, handler, otherwise=NOT_IN_THE_CHAT, code=None)
            return
        _accepted(claim, handler, handler.call(remote.client(), operation))
        return
    look = handler.look(remote.client(), operation)
    if look.sight is Sight.THERE:
        _write(claim, lambda row: _seen(row, look))
        return
    if not handler.may_be_repeated:
        _write(claim, partial(unanswered.go_on_looking, otherwise=NOT_IN_THE_CHAT))
        return
    # Not there: asking for the same name or the same person again has the same effect as asking once.
    _accepted(claim, handler, handler.call(remote.client(), operation))


def _find_in_chat(claim: Claim, handler: Handler, *, otherwise: str, code: int | None) -> None:
    """Settle one that may not be asked for again by looking for it; `otherwise` is why it has failed."""
    answer = handler.find(remote.client(), claim.operation)
    if answer is not None:
        _accepted(claim, handler, answer)
        return
    _write(claim, lambda row: settle.fail(row, sentence=otherwise, code=code))


def _accepted(claim: Claim, handler: Handler, answer: Answer) -> None:
    def write(operation: Operation) -> None:
        if answer.write is not None:
            answer.write()
        settle.accept(operation, trace_id=answer.trace_id, look_again=handler.is_confirmed)

    _write(claim, write)


def _look_for_confirmation(claim: Claim, handler: Handler) -> None:
    look = handler.look(remote.client(), claim.operation)

    def write(operation: Operation) -> None:
        if look.failure:
            if look.write is not None:
                look.write()
            breaker.failed(operation, kind=LineFailure.Kind.UNDELIVERED, code=DELIVERY_FAILED, sentence=look.failure)
            settle.fail(operation, sentence=look.failure)
        elif look.sight is Sight.THERE:
            _seen(operation, look)
        elif look.sight is Sight.GONE:
            settle.stop_looking(operation)
        else:
            if look.write is not None:
                look.write()
            _not_yet(operation, handler)

    _write(claim, write)


def _not_yet(operation: Operation, handler: Handler) -> None:
    if settle.look_later(operation):
        return
    if operation.message_id is not None:
        # The message has its own delivery state; the remote took it and that is where it stays.
        settle.stop_looking(operation)
    else:
        settle.fail(operation, sentence="The remote took this change and never made it. Try again.")


def _seen(operation: Operation, look: Look) -> None:
    if look.write is not None:
        look.write()
    settle.confirm(operation)


def _problem(claim: Claim, handler: Handler, problem: RemoteError, operation: Operation) -> None:
    now = clock.now()
    if claim.was is State.ACCEPTED:
        pause = timedelta(seconds=problem.retry_after or 0)
        if problem.status == 404 or not settle.look_later(operation, at_least=pause):
            settle.stop_looking(operation)
        return
    if problem.advice is Advice.OUTCOME_UNKNOWN:
        if not handler.has_key and _is_given_up(operation, handler, now):
            settle.fail(operation, sentence=NO_ANSWER, status=problem.status, trace_id=problem.trace_id)
            return
        settle.leave_unknown(operation, until=now + settle.backoff(operation.attempts), problem=problem)
        return
    if handler.has_key and claim.was is State.UNKNOWN and _had_it(operation, problem):
        _taken_and_gone(operation, problem)
        return
    breaker.failed(operation, kind=LineFailure.Kind.REFUSED, code=problem.code, sentence=problem.sentence)
    wait = _pause(problem)
    if wait is None or _is_given_up(operation, handler, now):
        _note_of_person(operation, problem, at=claim.at)
        settle.fail(
            operation,
            # What may pass says that it will be tried again, which is no longer so.
            sentence=problem.sentence if wait is None else f"{problem.meaning}. It was tried for long and is given up.",
            code=problem.code,
            status=problem.status,
            trace_id=problem.trace_id,
            untouched=claim.first_try and problem.was_turned_away,
        )
        return
    # A wait that the remote names is kept to the second; only what it leaves open grows with every try.
    named = problem.status == 429 and problem.retry_after is not None
    again_at = now + (max(wait, SHORTEST_WAIT) if named else max(wait, settle.backoff(operation.attempts)))
    if claim.was is State.UNKNOWN:
        # This try was turned away, but an earlier one may still have arrived: it stays unknown.
        settle.leave_unknown(operation, until=again_at, problem=problem)
    else:
        settle.wait(
            operation,
            until=again_at,
            problem=problem,
            untouched=claim.first_try and problem.was_turned_away,
            never_left=isinstance(problem, NotReached),
        )
    resting.learn(operation, problem, until=again_at, now=now)


def _had_it(operation: Operation, problem: RemoteError) -> bool:
    """Whether the refusal of a repeat says that an earlier try arrived.

    A key whose message has been deleted since is answered 404 (linq-v3, 1.3). What replies to a message is
    answered the same when that one is gone, so there it says nothing.
    """
    is_reply = operation.message is not None and operation.message.reply_to_remote_id is not None
    return problem.status == 404 and problem.code == MESSAGE_NOT_FOUND and not is_reply


def _taken_and_gone(operation: Operation, problem: RemoteError) -> None:
    """The remote took it, and all else that it knew of it is deleted."""
    if operation.message_id:
        message = Message.objects.select_for_update().get(pk=operation.message_id)
        message.save(update_fields=delivery.advance(message, Message.Status.QUEUED))
    settle.accept(operation, trace_id=problem.trace_id, look_again=False)


def _is_given_up(operation: Operation, handler: Handler, now: datetime) -> bool:
    """Whether it has been tried often or long enough."""
    spent = handler.most_attempts is not None and operation.attempts >= handler.most_attempts
    return spent or now - (operation.retried_at or operation.created_at) > settle.PATIENCE


def _note_of_person(operation: Operation, problem: RemoteError, *, at: datetime) -> None:
    """Keep what a refusal tells of the person: an opt-out or a block holds for every line and chat (linq-v3, 6.2)."""
    column = {2024: "opted_out_at", 2026: "blocked_at"}.get(problem.code or 0)
    if column is None or operation.chat is None or operation.chat.is_group:
        return
    people = Handle.objects.filter(participations__chat=operation.chat, participations__is_me=False)
    people.filter(**{f"{column}__isnull": True}).update(**{column: at})


def _pause(problem: RemoteError) -> timedelta | None:
    """How long to wait at least before trying again, or None when trying again is pointless."""
    if isinstance(problem, NotReached):
        return timedelta(0)
    if problem.status == 401:
        # Nothing is wrong with the operation; an administrator has to mend the key.
        return KEY_REFUSED_WAIT
    if problem.advice is Advice.LINE_NOT_ELIGIBLE:
        return max(LINE_NOT_ELIGIBLE_WAIT, timedelta(seconds=problem.retry_after or 0))
    if problem.advice in {Advice.WAIT, Advice.RETRY_LATER}:
        return timedelta(seconds=problem.retry_after or 0)
    return None


def _broken(claim: Claim, handler: Handler, name: str, operation: Operation) -> None:
    now = clock.now()
    if claim.was is State.ACCEPTED:
        if not settle.look_later(operation):
            settle.stop_looking(operation)
        return
    # With a key it is asked again for as long as the key is good, and looked for once afterwards.
    asked_long_ago = now - (operation.first_sent_at or now) >= KEY_IS_GOOD_FOR
    if asked_long_ago if handler.has_key else _is_given_up(operation, handler, now):
        settle.fail(operation, sentence=f"Chatdeck itself failed here ({name}) again and again.")
        return
    operation.error = f"Chatdeck itself failed here ({name}). It is tried again."
    settle.leave_unknown(operation, until=now + settle.backoff(operation.attempts), problem=None)


def _write(claim: Claim, write: Callable[[Operation], None]) -> None:
    """Run `write` on the operation's row, locked, if the claim is still ours."""
    with transaction.atomic():
        if claim.operation.chat_id is not None:
            # The same order everywhere, chat before operation, so that two writers never wait for each other.
            Chat.objects.select_for_update(no_key=True).filter(pk=claim.operation.chat_id).first()
        state = State.ACCEPTED if claim.was is State.ACCEPTED else State.SENDING
        operation = (
            Operation.objects.select_for_update(of=("self",))
            .select_related("chat", "line", "message")
            .filter(pk=claim.operation.pk, fence=claim.operation.fence, state=state)
            .first()
        )
        if operation is None:
            log.info("The result of operation %s came after its claim had ended.", claim.operation.pk)
            return
        write(operation)
