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
from chats.engine import remote, settle
from chats.engine.claims import Claim
from chats.engine.kinds import HANDLERS
from chats.engine.kinds.base import Answer, Handler, Look, Sight
from chats.models import Chat, Operation
from chats.models.operation import Kind, State
from chats.v3.errors import Advice, NotReached, RemoteError

log = logging.getLogger(__name__)

# How long a key is trusted to be remembered by the remote, which publishes no lifetime (linq-v3, 8.2 item 7).
KEY_IS_GOOD_FOR = timedelta(hours=12)
LINE_NOT_ELIGIBLE_WAIT = timedelta(minutes=5)
KEY_REFUSED_WAIT = timedelta(minutes=1)


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
    except RemoteError as problem:
        _write(claim, partial(_problem, claim, handler, problem))
    except Exception as defect:
        # A defect of ours. The row must not stay "sending", and nobody else's row may wait for it.
        log.exception("Operation %s broke", claim.operation.pk)
        _write(claim, partial(_broken, claim, type(defect).__name__))


def _find_out(claim: Claim, handler: Handler) -> None:
    """Settle one whose answer never came: by its key where the remote knows keys, by looking where not."""
    operation = claim.operation
    if handler.has_key:
        sent_at = operation.first_sent_at or operation.created_at
        if clock.now() - sent_at >= KEY_IS_GOOD_FOR:
            sentence = "No answer ever came. Look at the other side before you send it again."
            _write(claim, lambda row: settle.fail(row, sentence=sentence))
            return
        _accepted(claim, handler, handler.call(remote.client(), operation))
        return
    look = handler.look(remote.client(), operation)
    if look.sight is Sight.THERE:
        _write(claim, lambda row: _seen(row, look))
        return
    # Not there: asking for the same name or the same person again has the same effect as asking once.
    _accepted(claim, handler, handler.call(remote.client(), operation))


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
    if handler.has_key:
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
        if problem.status == 404 or not settle.look_later(operation):
            settle.stop_looking(operation)
        return
    again_at = now + settle.backoff(operation.attempts)
    if problem.advice is Advice.OUTCOME_UNKNOWN:
        settle.leave_unknown(operation, until=again_at, problem=problem)
        return
    pause = _pause(problem)
    spent = handler.most_attempts is not None and operation.attempts >= handler.most_attempts
    too_old = now - operation.created_at > settle.PATIENCE
    if pause is None or spent or too_old:
        settle.fail(
            operation,
            sentence=problem.sentence,
            code=problem.code,
            status=problem.status,
            trace_id=problem.trace_id,
        )
        return
    again_at = max(again_at, now + pause)
    if claim.was is State.UNKNOWN:
        # This try was turned away, but an earlier one may still have arrived: it stays unknown.
        settle.leave_unknown(operation, until=again_at, problem=problem)
    else:
        settle.wait(operation, until=again_at, problem=problem, untouched=claim.first_try)


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


def _broken(claim: Claim, name: str, operation: Operation) -> None:
    until: datetime = clock.now() + settle.backoff(operation.attempts)
    if claim.was is State.ACCEPTED:
        if not settle.look_later(operation):
            settle.stop_looking(operation)
        return
    operation.error = f"Chatdeck itself failed here ({name}). It is tried again."
    settle.leave_unknown(operation, until=until, problem=None)


def _write(claim: Claim, write: Callable[[Operation], None]) -> None:
    """Run `write` on the operation's row, locked, if the claim is still ours."""
    with transaction.atomic():
        if claim.operation.chat_id is not None:
            # The same order everywhere, chat before operation, so that two writers never wait for each other.
            Chat.objects.select_for_update().filter(pk=claim.operation.chat_id).first()
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
