"""What the team calls a line, and who may use it."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.db import transaction

from chats import live
from chats.actions.rules import Refused, record, require
from chats.models import Line, LineAccess

MAX_LABEL_LENGTH = 80


def label_line(*, line: Line, label: str, by: User) -> Line:
    """Change what the team calls a line; an empty label shows its number again. The remote knows no labels.

    Raises `NotAllowed` without `change_line` on the line, `Refused` for a label that is too long.
    """
    require(by, "change_line", line)
    label = " ".join(label.replace("\0", "").split())  # the database takes no NUL
    if len(label) > MAX_LABEL_LENGTH:
        raise Refused(f"A label can have {MAX_LABEL_LENGTH} characters at the most.", field="label")
    with transaction.atomic():
        line = Line.objects.select_for_update().get(pk=line.pk)
        if label == line.label:
            return line
        record(by, "line.label", line=line, target=line.phone_number, before=line.label, after=label)
        line.label = label
        line.save(update_fields=["label"])
        live.announce("line", line_id=line.pk)
    return line


def give_line(*, line: Line, to: User, by: User) -> LineAccess:
    """Let a person see and use a line and all that belongs to it. Giving it twice changes nothing.

    Raises `NotAllowed` without `add_lineaccess` on the line.
    """
    require(by, "add_lineaccess", line)
    with transaction.atomic():
        given, new = LineAccess.objects.get_or_create(user=to, line=line)
        if new:
            record(by, "line.give", line=line, target=to.get_username())
            live.announce("line", line_id=line.pk)
    return given


def take_line(*, given: LineAccess, by: User) -> None:
    """Take a line away from a person: from then on it does not exist for them.

    Raises `NotAllowed` without `delete_lineaccess` on the line.
    """
    require(by, "delete_lineaccess", given.line)
    with transaction.atomic():
        taken, _ = LineAccess.objects.filter(pk=given.pk).delete()
        if taken:
            record(by, "line.take", line=given.line, target=given.user.get_username())
            live.announce("line", line_id=given.line.pk)
