"""What the team calls a line, and who may use it."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import transaction

from chats import live
from chats.actions.rules import Refused, record, require
from chats.engine import breaker, wake
from chats.models import Lane, Line, LineAccess

MAX_LABEL_LENGTH = 80
MAX_REASON_LENGTH = 200


@dataclass(frozen=True, kw_only=True)
class LinePace:
    """How much may leave by a line; the fields of `Line` say what each means. None: no limit of ours."""

    gap_seconds: float
    messages_a_minute: int | None
    messages_a_day: int | None
    new_conversations_a_day: int | None
    messages_a_minute_to_one: int | None
    reserve_percent: int

    @classmethod
    def of(cls, line: Line) -> LinePace:
        return cls(
            gap_seconds=line.gap_seconds,
            messages_a_minute=line.messages_a_minute,
            messages_a_day=line.messages_a_day,
            new_conversations_a_day=line.new_conversations_a_day,
            messages_a_minute_to_one=line.messages_a_minute_to_one,
            reserve_percent=line.reserve_percent,
        )


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


def pace_line(*, line: Line, pace: LinePace, by: User) -> Line:
    """Change how much may leave by a line. It counts at once, for what waits already too.

    Raises `NotAllowed` without `change_line` on the line, `Refused` for a number out of its range.
    """
    require(by, "change_line", line)
    wanted = asdict(pace)
    for field in Line._meta.fields:
        if field.name in wanted:
            try:
                field.run_validators(wanted[field.name])
            except ValidationError as problem:
                name = str(field.verbose_name).capitalize()
                raise Refused(f"{name}: {problem.messages[0]}", field=field.name) from None
    with transaction.atomic():
        line = Line.objects.select_for_update(no_key=True).get(pk=line.pk)
        before = asdict(LinePace.of(line))
        changed = [name for name, value in wanted.items() if value != before[name]]
        if not changed:
            return line
        for name in changed:
            setattr(line, name, wanted[name])
        line.save(update_fields=changed)
        record(
            by,
            "line.pace",
            line=line,
            target=line.phone_number,
            before=", ".join(f"{name} {_shown(before[name])}" for name in changed),
            after=", ".join(f"{name} {_shown(wanted[name])}" for name in changed),
        )
        live.announce("line", line_id=line.pk)
        _wake(line)
    return line


def pause_line(*, line: Line, reason: str, by: User) -> Line:
    """Let nothing leave by a line until somebody resumes it. What is asked meanwhile waits, and says why.

    Raises `NotAllowed` without `pause_lines` on the line, `Refused` when it is paused by hand already.
    """
    require(by, "pause_lines", line)
    reason = " ".join(reason.replace("\0", "").split())
    if len(reason) > MAX_REASON_LENGTH:
        raise Refused(f"A reason can have {MAX_REASON_LENGTH} characters at the most.", field="reason")
    with transaction.atomic():
        line = Line.objects.select_for_update(no_key=True).get(pk=line.pk)
        if line.pause_reason == Line.Pause.BY_HAND:
            raise Refused("This line is paused already.")
        detail = f"{by.get_username()}: {reason}" if reason else by.get_username()
        breaker.pause(line, reason=Line.Pause.BY_HAND, detail=detail, trial_at=None)
        record(by, "line.pause", line=line, target=line.phone_number, after=reason)
    return line


def resume_line(*, line: Line, by: User) -> Line:
    """Open a paused line at once, without a trial; what waits leaves at the line's pace.

    Raises `NotAllowed` without `pause_lines` on the line, `Refused` when it is not paused.
    """
    require(by, "pause_lines", line)
    with transaction.atomic():
        line = Line.objects.select_for_update(no_key=True).get(pk=line.pk)
        if not line.is_paused:
            raise Refused("This line is not paused.")
        record(by, "line.resume", line=line, target=line.phone_number, before=line.pause_detail)
        breaker.resume(line)
    return line


def _shown(value: float | None) -> str:
    return "no limit" if value is None else f"{value:g}"


def _wake(line: Line) -> None:
    for lane_id in Lane.objects.filter(line=line).values_list("pk", flat=True):
        wake.wake_lane(lane_id)


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
