"""What can neither be asked for again nor be told apart by a key: it is looked for, and given up after a while."""

from __future__ import annotations

from chats import clock
from chats.engine import settle
from chats.models import Operation

# With the pauses between them about four minutes. The remote shows what it took within seconds.
MOST_LOOKS = 8


def go_on_looking(operation: Operation, *, otherwise: str) -> None:
    """Look once more later, or fail with `otherwise` when it has been looked for long enough."""
    if operation.attempts < MOST_LOOKS:
        settle.leave_unknown(operation, until=clock.now() + settle.backoff(operation.attempts), problem=None)
    else:
        settle.fail(operation, sentence=otherwise)
