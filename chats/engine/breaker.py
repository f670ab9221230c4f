"""A line that fails pauses itself, and lets one message try before it opens again.

It pauses when five different operations fail in a row over at least half a minute, when the remote says three
times in a row that the line cannot send (2027), or when the remote flags it. Failures are refusals that are
the remote's or the line's fault (3xxx, 4xxx, 2027), ended by any call that is answered well, and messages that
were taken and then not delivered, ended by any message that arrives. What is wrong with one message or one
person is no failure of the line. Half a minute, so that a hiccup of seconds, in which many messages are turned
away and sent again, stops no line for a quarter of an hour.

While a line is paused nothing leaves by it. After 15 minutes one message tries; each time it fails the next
one waits twice as long, two hours at the most. A flagged line waits for a day, or until the remote says that
it is active again. What was paused by hand is resumed by hand.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, Sum

from chats import clock, live
from chats.engine import wake
from chats.models import AuditRecord, Lane, Line, LineFailure, Operation
from chats.models.operation import ACCOUNT_WIDE, Kind

# What goes wrong with these says nothing of the line: they are set at the account, or stored elsewhere.
NOT_OF_THE_LINE = ACCOUNT_WIDE | {Kind.UPLOAD_ATTACHMENT}

MOST_FAILURES = 5
LEAST_SPAN = timedelta(seconds=30)
MOST_LINE_REFUSALS = 3
FIRST_TRIAL = timedelta(minutes=15)
LONGEST_TRIAL = timedelta(hours=2)
FLAGGED_TRIAL = timedelta(hours=24)
LINE_NOT_ELIGIBLE = 2027
# 4003 is about our webhooks, 4005 about what the recipient can receive, 4009 and 4010 about a check.
NOT_THE_LINES_FAULT = {4003, 4005, 4009, 4010}


def counts(code: int | None) -> bool:
    """Whether a failure with this code speaks against the line."""
    if code is None or code in NOT_THE_LINES_FAULT:
        return False
    return code == LINE_NOT_ELIGIBLE or 3000 <= code < 5000


def failed(operation: Operation, *, kind: LineFailure.Kind, code: int | None, sentence: str) -> None:
    """Count a failure of the operation's line, if it is one; a row of them pauses it. Call it in a transaction."""
    if operation.line_id is None or operation.kind in NOT_OF_THE_LINE or not counts(code):
        return
    now = clock.now()
    line = Line.objects.select_for_update(no_key=True).get(pk=operation.line_id)
    if line.trial_id == operation.pk and line.is_paused:
        line.trials += 1
        line.trial, line.trial_at = None, now + _until_next(line.trials)
        line.pause_detail = sentence[:500]
        line.save(update_fields=["trials", "trial", "trial_at", "pause_detail"])
        live.announce("line", line_id=line.pk)
        return
    if line.is_paused:
        return
    row, is_new = LineFailure.objects.get_or_create(
        line=line, operation=operation, kind=kind, defaults={"code": code, "at": now}
    )
    if not is_new:
        LineFailure.objects.filter(pk=row.pk).update(times=F("times") + 1, code=code)
    if line.failing_since is None:
        line.failing_since = now
        line.save(update_fields=["failing_since"])
    in_a_row = LineFailure.objects.filter(line=line, kind=kind)
    refusals = in_a_row.filter(code=LINE_NOT_ELIGIBLE).aggregate(times=Sum("times"))["times"] or 0
    earliest = in_a_row.order_by("at").values_list("at", flat=True)[:1].get()
    long_enough = in_a_row.count() >= MOST_FAILURES and now - earliest >= LEAST_SPAN
    if refusals >= MOST_LINE_REFUSALS or long_enough:
        pause(line, reason=Line.Pause.FAILURES, detail=sentence, trial_at=now + FIRST_TRIAL)


def answered(operation: Operation, line: Line | None) -> None:
    """The remote took something of this line: a row of refusals ends here."""
    if line is not None and line.failing_since is not None and operation.kind not in ACCOUNT_WIDE:
        _end_row(line, LineFailure.Kind.REFUSED)


def worked(operation: Operation) -> None:
    """An effect was seen: whatever row there was ends, and the line opens if this was its trial."""
    line = operation.line
    if line is None or operation.kind in NOT_OF_THE_LINE:
        return
    if line.failing_since is not None:
        _end_row(line, LineFailure.Kind.REFUSED)
        _end_row(line, LineFailure.Kind.UNDELIVERED)
    if line.trial_id == operation.pk and line.is_paused:
        resume(line, note="The message that tried it arrived.")


def tries(line: Line, operation: Operation, *, now: datetime) -> None:
    """This operation tries the line. Should nothing be heard of it, another one tries after the same time again."""
    Line.objects.filter(pk=line.pk, paused_at__isnull=False).update(
        trial=operation, trial_at=now + _until_next(line.trials)
    )


def tells_nothing(operation: Operation, *, again_at: datetime) -> None:
    """The trial ended without a word on the line, because of its content or its recipient, say: the next may try."""
    if operation.line is not None and operation.line.trial_id == operation.pk:
        Line.objects.filter(trial=operation).update(trial=None, trial_at=again_at)


def flagged(line: Line, *, at: datetime) -> None:
    """The remote flagged the line. What was paused by hand stays so."""
    if line.pause_reason == Line.Pause.BY_HAND or line.pause_reason == Line.Pause.FLAGGED:
        return
    detail = "The remote has flagged this line."
    pause(line, reason=Line.Pause.FLAGGED, detail=detail, trial_at=max(at + FLAGGED_TRIAL, clock.now()))


def is_active_again(line: Line) -> None:
    """The remote calls the line active: one message may try it now."""
    if line.pause_reason == Line.Pause.FLAGGED:
        Line.objects.filter(pk=line.pk).update(trial_at=clock.now(), trial=None)
        _wake(line)


def pause(line: Line, *, reason: Line.Pause, detail: str, trial_at: datetime | None) -> None:
    """Pause a line, whatever it was before. An action records a person's; this records the line's own."""
    now = clock.now()
    line.paused_at = line.paused_at or now
    line.pause_reason, line.pause_detail = reason, detail[:500]
    line.trial, line.trial_at, line.trials, line.failing_since = None, trial_at, 0, None
    _save(line)
    if reason != Line.Pause.BY_HAND:
        AuditRecord.objects.create(line=line, action="line.pause", after=detail[:500], happened_at=now)


def resume(line: Line, *, note: str = "") -> None:
    """Open a line again and forget its failures. With a note it is the line's own doing, and recorded here."""
    line.paused_at, line.pause_reason, line.pause_detail = None, "", ""
    line.trial, line.trial_at, line.trials, line.failing_since = None, None, 0, None
    _save(line)
    if note:
        AuditRecord.objects.create(line=line, action="line.resume", after=note, happened_at=clock.now())
    _wake(line)


def _save(line: Line) -> None:
    with transaction.atomic():
        LineFailure.objects.filter(line=line).delete()
        line.save(
            update_fields=[
                "paused_at", "pause_reason", "pause_detail", "trial", "trial_at", "trials", "failing_since"
            ]
        )  # fmt: skip
        live.announce("line", line_id=line.pk)


def _end_row(line: Line, kind: LineFailure.Kind) -> None:
    # The line before its failures, as who counts one does.
    Line.objects.select_for_update(no_key=True).get(pk=line.pk)
    LineFailure.objects.filter(line=line, kind=kind).delete()
    if not LineFailure.objects.filter(line=line).exists():
        Line.objects.filter(pk=line.pk).update(failing_since=None)


def _until_next(trials: int) -> timedelta:
    return min(FIRST_TRIAL * (1 << min(trials, 10)), LONGEST_TRIAL)


def _wake(line: Line) -> None:
    for lane_id in Lane.objects.filter(line=line).values_list("pk", flat=True):
        wake.wake_lane(lane_id)
