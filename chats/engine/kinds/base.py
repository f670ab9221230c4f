from __future__ import annotations

import enum
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass

from chats.models import Operation
from chats.v3.client import Client
from chats.v3.resources import Sent


class Sight(enum.Enum):
    """What a look at the remote showed of an operation's effect."""

    THERE = "there"
    NOT_YET = "not yet"
    GONE = "gone"  # it can no longer be seen, and says nothing either way


@dataclass(frozen=True)
class Answer:
    """The remote's good answer: `write` puts what it says into our rows, inside the transaction of the result."""

    trace_id: str | None
    write: Callable[[], None] | None = None
    sent: Sent | None = None
    """What `write` writes, where that is all: for those who write many at once."""


@dataclass(frozen=True)
class Look:
    """What was seen. `write` puts it into our rows; `failure` is the remote's reason when it has failed there."""

    sight: Sight
    write: Callable[[], None] | None = None
    failure: str = ""


class Handler(ABC):
    """How one kind of operation is carried out. `call` and `look` run outside any transaction."""

    has_key: bool = False
    """True when the remote recognises a repeat by its idempotency key, so that repeating is safe."""
    may_be_repeated: bool = True
    """False when asking twice would happen twice: one without an answer is only looked for, and then given up."""
    is_confirmed: bool = True
    """True when an event confirms the effect; otherwise accepted is its end."""
    most_attempts: int | None = None
    """After so many tries it is given up; None: only time decides."""

    @abstractmethod
    def call(self, client: Client, operation: Operation) -> Answer:
        """Ask the remote. Raises `RemoteError`."""

    def find(self, client: Client, operation: Operation) -> Answer | None:
        """Find the effect of a call that was never answered, without asking for it again. Raises `RemoteError`.

        Only those with a key need it: the others look before every repeat.
        """
        return None

    @abstractmethod
    def look(self, client: Client, operation: Operation) -> Look:
        """See whether the effect is there. Raises `RemoteError`."""
