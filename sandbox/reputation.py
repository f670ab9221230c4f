"""A line's reputation and flags: a model of ours that follows the remote's published drivers (linq-v3, 6.3).

1. The share of unhealthy chats among those active in the last seven days. Fewer than five are ignored; below a third
   the line is HEALTHY, from half on AT_RISK, in between it stays what it was; above two thirds CRITICAL it is
   CRITICAL, which AT_RISK chats alone never bring about. An opted-out chat counts as CRITICAL while it is written to.
2. Fifty or more new conversations in a rolling 24 hours: AT_RISK by itself. Assumption (8.2 9): a conversation is
   new with the first message that a line sends into a chat.
3. Volume against the line's own norm, several-fold or ten-fold, remembered for a week; or thousands a day. It counts
   only while few answer.
4. A FLAGGED line is CRITICAL at once, for about a day. Assumption (8.2 9): reports lead there, and the fewer it takes
   the worse the reputation already is.

Everything recovers by itself as the windows roll on. It is reckoned from counters kept per line and hour
(`sandbox.tally`) and from the health kept on each chat, never from messages.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection

from chats.v3.times import format_time
from sandbox import alarms, chance, clock, happenings, ids, tally, world
from sandbox.events import News, tell
from sandbox.happenings import Payload, handles, happening
from sandbox.models import Chat, Happening, Line

REPUTATIONS = ("HEALTHY", "AT_RISK", "CRITICAL")


@dataclass(frozen=True)
class Parameters:
    """All numbers of the model. The remote published those marked so."""

    active_days: int = 7  # published
    least_unhealthy: int = 5  # published
    healthy_below: float = 1 / 3  # published
    at_risk_from: float = 1 / 2  # published
    critical_above: float = 2 / 3  # published, of CRITICAL chats alone
    new_conversations: int = 50  # published, in 24 hours
    # the norm is the line's average day over the days before the last one, and never less than `least_norm`
    norm_days: int = 28
    least_norm: float = 30.0
    several_fold: float = 4.0
    ten_fold: float = 10.0  # published
    spike_days: int = 7  # published
    thousands: int = 2000  # sends in 24 hours
    few_replies: float = 0.2  # received for each one sent, over seven days
    # reports in seven days that lead to a flag, by the reputation the line has
    reports_healthy: int = 5
    reports_at_risk: int = 3
    reports_critical: int = 2
    flag_hours: tuple[float, float] = (21.0, 27.0)  # about 24
    review_seconds: float = 2.0  # from a new conversation or a report to the review it causes


MODEL = Parameters()

_CHATS = """
    SELECT count(*), count(*) FILTER (WHERE health = 'AT_RISK'),
        count(*) FILTER (WHERE health = 'CRITICAL' OR (health = 'OPTED_OUT' AND unanswered > 0))
    FROM sandbox_chat WHERE line_id = %s AND updated_at > %s
"""
_HOURS = """
    SELECT coalesce(sum(sent) FILTER (WHERE hour >= %(day)s), 0),
        coalesce(sum(sent) FILTER (WHERE hour >= %(week)s), 0),
        coalesce(sum(received) FILTER (WHERE hour >= %(week)s), 0),
        coalesce(sum(reports) FILTER (WHERE hour >= %(week)s), 0),
        coalesce(sum(sent) FILTER (WHERE hour < %(day)s), 0), min(hour) FILTER (WHERE hour < %(day)s)
    FROM sandbox_linehour WHERE line_id = %(line)s AND hour >= %(month)s
"""


@dataclass(frozen=True)
class Drivers:
    """What a line's reputation is made of, at a moment."""

    active_chats: int
    at_risk_chats: int
    critical_chats: int
    new_conversations_24h: int
    sent_24h: int
    norm: float  # sends on an ordinary day
    sent_7d: int
    received_7d: int
    reports_7d: int

    @property
    def unhealthy_share(self) -> float:
        """Unhealthy chats among the active ones; 0 while there are too few to count."""
        return self._share(self.at_risk_chats + self.critical_chats)

    @property
    def critical_share(self) -> float:
        """CRITICAL chats among the active ones; 0 while there are too few unhealthy ones to count."""
        return self._share(self.critical_chats)

    def _share(self, part: int) -> float:
        unhealthy = self.at_risk_chats + self.critical_chats
        return part / self.active_chats if unhealthy >= MODEL.least_unhealthy else 0.0

    @property
    def volume(self) -> float:
        """The last day's sends in ordinary days."""
        return self.sent_24h / max(MODEL.least_norm, self.norm)

    @property
    def few_replies(self) -> bool:
        """Whether few answer, over seven days."""
        return self.sent_7d > 0 and self.received_7d / self.sent_7d < MODEL.few_replies


def drivers(line: Line, now: datetime) -> Drivers:
    """The drivers of a line now, in three small queries."""
    # Whole hours: the running one and those before it.
    this_hour = tally.hour_of(now)
    day, week = this_hour - timedelta(hours=23), this_hour - timedelta(hours=167)
    month = day - timedelta(days=MODEL.norm_days)
    with connection.cursor() as cursor:
        cursor.execute(_CHATS, [line.id, now - timedelta(days=MODEL.active_days)])
        active, at_risk, critical = cursor.fetchone()
        cursor.execute(_HOURS, {"line": line.id, "day": day, "week": week, "month": month})
        sent_24h, sent_7d, received_7d, reports_7d, before, first = cursor.fetchone()
    return Drivers(
        active_chats=active,
        at_risk_chats=at_risk,
        critical_chats=critical,
        new_conversations_24h=new_conversations(line, now),
        sent_24h=sent_24h,
        norm=before / max(1.0, (day - first).total_seconds() / 86_400) if first else 0.0,
        sent_7d=sent_7d,
        received_7d=received_7d,
        reports_7d=reports_7d,
    )


def new_conversations(line: Line, now: datetime) -> int:
    """How many conversations this line opened in the last 24 hours."""
    return Chat.objects.filter(line=line, first_outbound_at__gt=now - timedelta(hours=24)).count()


def judge(found: Drivers, *, before: str, spike: float) -> str:
    """The reputation that these drivers make. `before` is the present one, `spike` the remembered volume or 0."""
    if found.critical_share > MODEL.critical_above or (spike >= MODEL.ten_fold and found.few_replies):
        return "CRITICAL"
    between = MODEL.healthy_below <= found.unhealthy_share < MODEL.at_risk_from
    if (
        found.unhealthy_share >= MODEL.at_risk_from
        or (between and before != "HEALTHY")
        or found.new_conversations_24h >= MODEL.new_conversations
        or (found.few_replies and (spike >= MODEL.several_fold or found.sent_24h >= MODEL.thousands))
    ):
        return "AT_RISK"
    return "HEALTHY"


def review(line: Line, now: datetime) -> Drivers:
    """Reckon the line's reputation anew, and tell when it changed. Call it in a transaction."""
    found = drivers(line, now)
    if line.pinned_reputation is None:
        _remember_spike(line, found, now)
        if line.status == "FLAGGED":
            reputation = "CRITICAL"
        elif found.reports_7d >= _reports_that_flag(line):
            flag(line, now)
            return found
        else:
            reputation = judge(found, before=line.reputation, spike=line.spike)
        change(line, line.status, reputation, now)
    return found


def _remember_spike(line: Line, found: Drivers, now: datetime) -> None:
    spike, until = line.spike, line.spike_until
    if until is not None and until <= now:
        spike, until = 0.0, None
    if found.volume >= max(MODEL.several_fold, spike):
        spike, until = found.volume, now + timedelta(days=MODEL.spike_days)
    if (spike, until) != (line.spike, line.spike_until):
        line.spike, line.spike_until = spike, until
        line.save(update_fields=["spike", "spike_until"])


def _reports_that_flag(line: Line) -> int:
    return {"AT_RISK": MODEL.reports_at_risk, "CRITICAL": MODEL.reports_critical}.get(
        line.reputation, MODEL.reports_healthy
    )


def flag(line: Line, now: datetime, seconds: float | None = None) -> None:
    """Flag a line, for about a day unless said otherwise: it cannot send, and its reputation is CRITICAL at once."""
    if seconds is None:
        seconds = chance.between(*MODEL.flag_hours, world.current().seed, "flag", line.phone_number, now) * 3600
    line.flagged_until = alarms.later(now, seconds)
    line.save(update_fields=["flagged_until"])
    happenings.plan([happening("line.unflag", line.flagged_until, line=str(line.id))])
    change(line, "FLAGGED", "CRITICAL", now)


def unflag(line: Line, now: datetime) -> None:
    """End a flag; the reputation is reckoned anew. What was reported before is forgiven with it."""
    line.flagged_until = None
    line.save(update_fields=["flagged_until"])
    line.linehour_set.update(reports=0)
    found = drivers(line, now)
    change(line, "ACTIVE", line.pinned_reputation or judge(found, before="CRITICAL", spike=line.spike), now)


def change(line: Line, status: str, reputation: str, now: datetime) -> None:
    """Give a line this state, and tell of it when it is another one."""
    before = (line.status, line.reputation)
    if before == (status, reputation):
        return
    line.status, line.reputation = status, reputation
    line.save(update_fields=["status", "reputation"])
    tell(
        [
            News(
                type="phone_number.status_updated",
                phone_number=line.phone_number,
                trace_id=ids.trace(),
                data={
                    "phone_number": line.phone_number,
                    "previous_status": before[0],
                    "new_status": status,
                    "previous_reputation": before[1],
                    "new_reputation": reputation,
                    "changed_at": format_time(now),
                },
                at=now,
            )
        ]
    )


def after_sending(sent: Iterable[tuple[UUID, datetime]], opened: Iterable[tuple[UUID, datetime]]) -> list[Happening]:
    """The reviews to plan: at the next full hour for lines that sent, at once for those that opened conversations."""
    hourly = [_next_review(line, at) for line, at in dict(sent).items()]
    return hourly + [review_soon(line, at) for line, at in dict(opened).items()]


def review_soon(line_id: UUID, at: datetime) -> Happening:
    """A review in a moment, one for all that happens until then."""
    return happening("line.review", alarms.later(at, MODEL.review_seconds), key=f"soon:{line_id}", line=str(line_id))


def _next_review(line_id: UUID, at: datetime) -> Happening:
    hour = tally.hour_of(at) + timedelta(hours=1)
    return happening("line.review", hour, key=f"review:{line_id}", line=str(line_id), hourly=True)


@handles("line.review")
def _review(payloads: Sequence[Payload]) -> None:
    again = []
    for payload in payloads:
        line = Line.objects.select_for_update(no_key=True).filter(id=UUID(payload["line"])).first()
        if line is None:
            continue
        at: datetime = payload["at"]
        found = review(line, at)
        # Nothing can change for a line that is healthy, has no active chat and has sent nothing for a week.
        quiet = found.active_chats == 0 and found.sent_7d == 0 and line.reputation == "HEALTHY"
        if payload.get("hourly") and not quiet:
            again.append((line.id, at))
    _replan(again)


def _replan(reviews: Sequence[tuple[UUID, datetime]]) -> None:
    # The row that is being done still holds the key, so it has to go first.
    Happening.objects.filter(key__in=[f"review:{line}" for line, _ in reviews]).delete()
    happenings.plan([_next_review(line, at) for line, at in reviews])


@handles("line.unflag")
def _unflag(payloads: Sequence[Payload]) -> None:
    for payload in payloads:
        at: datetime = payload["at"]
        line = Line.objects.select_for_update(no_key=True).filter(id=UUID(payload["line"])).first()
        if line is not None and line.flagged_until is not None and line.flagged_until <= at:
            unflag(line, at)


def pin(line: Line, reputation: str | None, now: datetime) -> None:
    """Give a line a reputation that no review changes; None ends that, and it is reckoned anew."""
    line.pinned_reputation = reputation
    line.save(update_fields=["pinned_reputation"])
    if reputation is None:
        review(line, now)
    else:
        change(line, line.status, reputation, now)
    happenings.plan([_next_review(line.id, clock.now())])
