"""What every action shares: who may do it, how it refuses, and the record of it."""

from __future__ import annotations

from django.contrib.auth.models import User

from chats import clock
from chats.models import AuditRecord, Chat, Line
from chats.queries import access


class NotAllowed(Exception):
    """The person's role does not hold the right, or the line is not theirs. Nothing was changed."""


class Refused(Exception):
    """The change makes no sense as asked; the message is a sentence for the person. Nothing was changed.

    `field` names the form field it is about, when there is one.
    """

    def __init__(self, sentence: str, *, field: str | None = None) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.field = field


def require(by: User, right: str, line: Line | None) -> None:
    """Raise `NotAllowed` unless `by` holds `right` and, when the change is on a line, sees that line."""
    if not access.has_right(by, f"chats.{right}"):
        raise NotAllowed(f"This needs the right “{right}”.")
    if line is None:
        if not access.sees_all_lines(by):
            raise NotAllowed("This needs all lines.")
    elif not access.lines_for(by).filter(pk=line.pk).exists():
        raise NotAllowed("This line is not yours.")


def record(
    by: User | None,
    action: str,
    *,
    line: Line | None,
    chat: Chat | None = None,
    target: str = "",
    before: str = "",
    after: str = "",
) -> None:
    """Write the audit record of a change, in the transaction of the change. Never pass a message's text."""
    AuditRecord.objects.create(
        actor=by,
        action=action,
        line=line,
        chat=chat,
        target=target[:120],
        before=before[:500],
        after=after[:500],
        happened_at=clock.now(),
    )
