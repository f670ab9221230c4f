"""When one refusal concerns the whole lane, so that it rests and does not try everybody in turn.

A 429 may be about one recipient (30 messages in 60 s), or about the line or the whole account (linq-v3, 2.3),
and does not say which. It is taken to be about more than one recipient when it asks for longer than a
recipient's minute, or when a second chat is refused while the first still has to wait. 2027 always concerns
the line.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from chats.engine.breaker import LINE_NOT_ELIGIBLE
from chats.models import Lane, Operation
from chats.models.operation import ACCOUNT_WIDE
from chats.v3.errors import RemoteError

ONE_RECIPIENTS_WAIT = timedelta(seconds=60)


def learn(operation: Operation, problem: RemoteError, *, until: datetime, now: datetime) -> None:
    """Let the operation's lane rest until `until` if the refusal concerns all of it."""
    if operation.kind in ACCOUNT_WIDE:
        return  # each of these has a limit of its own, and none of them speaks for the others
    lanes = Lane.objects.filter(pk=operation.lane_id)
    if problem.code == LINE_NOT_ELIGIBLE:
        lanes.update(rest_until=until)
    elif problem.status == 429 and problem.retry_after is not None:
        if until - now > ONE_RECIPIENTS_WAIT:
            lanes.update(rest_until=until)
        elif lanes.filter(limited_until__gt=now).exclude(limited_chat_id=operation.chat_id).exists():
            lanes.update(rest_until=until, limited_chat_id=None, limited_until=None)
        else:
            lanes.update(limited_chat_id=operation.chat_id, limited_until=until)
