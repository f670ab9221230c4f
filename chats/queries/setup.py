"""The setup room: the connection, the subscription, the readings of the account, and what is still to do."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.auth.models import Permission, User
from django.db.models import Exists, OuterRef, Q

from chats import clock
from chats.models import Chat, Line, LineAccess, Reconciliation, SyncPart, SyncRun, WebhookEvent, WebhookSubscription

RUNS_SHOWN = 5
GAPS_SHOWN = 5
# Regular checks among them; gaps that are further back are no news.
WATCHED = 500
# A pace measured for less long says nothing of the time left.
SHORTEST_PACE = timedelta(seconds=2)


@dataclass(frozen=True)
class Connection:
    """Which remote the console talks to. Holds no secret: whether there is a key, never the key."""

    base_url: str
    is_sandbox: bool
    has_key: bool
    public_url: str


@dataclass(frozen=True)
class Subscription:
    """Where the remote delivers events, and when the last one came."""

    target_url: str
    since: datetime | None
    """None while the remote has not been asked for events yet."""
    last_event_at: datetime | None
    is_replaced: bool
    """Whether somebody asked for a new secret and its subscription is being made."""
    has_fixed_secret: bool
    """Whether a signing secret is set from outside, so that events of a subscription made elsewhere are taken too."""


@dataclass(frozen=True)
class Progress:
    """How far a reading is. How much there is in all is known once every line's chats are listed."""

    run: SyncRun
    elapsed: timedelta
    per_minute: int
    """Chats a minute while chats are listed or their messages are read; 0 when nothing was read yet."""
    done: int
    total: int
    """0 while the total is not known."""
    left: timedelta | None
    """The time left at the pace so far; None while it cannot be told."""
    left_unknown: str
    """When the time left will be told; empty once it is."""
    lines_listed: int | None
    """Lines whose chats are all listed; None when no chats are being listed."""
    next_try: datetime | None
    """When what stands in the way is tried again; None when nothing does."""

    @property
    def percent(self) -> int:
        return min(100, self.done * 100 // self.total) if self.total else 0


@dataclass(frozen=True)
class Watch:
    """How what the remote says is compared with what is here."""

    checked_at: datetime | None
    """When chats were compared last; None before the first time."""
    now: Reconciliation | None
    """The one that is being carried out or waits."""
    gaps: list[Reconciliation]
    """The latest times at which events may have been lost, newest first."""


@dataclass(frozen=True)
class Steps:
    """What a new deployment still needs. Each is a fact, not a wish."""

    lines: int
    chats: bool
    lines_of_nobody: list[Line]
    """Active lines given to no active account. Those who see every line still see them."""
    people_without_role: list[User]
    people_without_line: list[User]
    """Active staff who see no line at all."""


def connection() -> Connection:
    return Connection(
        base_url=settings.LINQ_BASE_URL,
        is_sandbox=settings.USES_SANDBOX,
        has_key=not settings.USES_SANDBOX,
        public_url=settings.PUBLIC_URL,
    )


def subscription() -> Subscription:
    newest = WebhookSubscription.objects.filter(retired_at__isnull=True).order_by("-created_at").first()
    last = WebhookEvent.objects.order_by("-pk").values_list("received_at", flat=True).first()
    return Subscription(
        target_url=newest.target_url if newest else "",
        since=newest.created_at if newest else None,
        last_event_at=last,
        is_replaced=newest is not None and newest.replace_asked_at is not None,
        has_fixed_secret=bool(settings.LINQ_WEBHOOK_SECRET),
    )


def latest_runs() -> list[SyncRun]:
    return list(SyncRun.objects.select_related("requested_by").order_by("-pk")[:RUNS_SHOWN])


def progress(run: SyncRun) -> Progress:
    """How far a reading is. The pace is that of the work itself: time in which nobody carried it does not count."""
    elapsed = max((run.finished_at or clock.now()) - run.started_at, timedelta(0))
    is_running = run.state == SyncRun.State.RUNNING
    reads_messages = run.stage in {SyncRun.Stage.MESSAGES, SyncRun.Stage.DONE}
    done = run.chats_with_messages if reads_messages else run.chats_read
    total = run.chats_read if reads_messages else 0
    seconds = (run.messages_took if reads_messages and run.messages_took else elapsed).total_seconds()
    pace = done / seconds if seconds >= 1 else 0.0
    left = None
    next_try = _next_try(run) if is_running and run.error else None
    if is_running and not next_try and reads_messages and run.messages_took >= SHORTEST_PACE and pace and total > done:
        left = timedelta(seconds=round((total - done) / pace))
    listed = None
    if is_running and run.stage == SyncRun.Stage.CHATS:
        listed = run.parts.exclude(stage=SyncPart.Stage.CHATS).count()
    took = timedelta(seconds=int(elapsed.total_seconds()))
    unknown = _left_unknown(run, done, total, is_stopped=next_try is not None) if is_running and left is None else ""
    return Progress(run, took, round(pace * 60), done, total, left, unknown, listed, next_try)


def _next_try(run: SyncRun) -> datetime | None:
    """When what stopped it is tried again: the whole of it, or the first of its lines that were stopped."""
    if run.due_at is not None and (run.stage == SyncRun.Stage.LINES or run.due_at > clock.now()):
        return run.due_at
    return run.parts.filter(failures__gt=0).order_by("due_at").values_list("due_at", flat=True).first()


def _left_unknown(run: SyncRun, done: int, total: int, *, is_stopped: bool) -> str:
    if is_stopped:
        return "Known once the remote answers again"
    if run.stage == SyncRun.Stage.LINES:
        return "Known once the lines are read"
    if run.stage == SyncRun.Stage.CHATS:
        return "Known once all chats are listed"
    return "Known after a few more chats" if total > done else "A moment"


def watch() -> Watch:
    latest = list(Reconciliation.objects.order_by("-pk")[:WATCHED])
    done = next((one for one in latest if one.state == Reconciliation.State.DONE), None)
    return Watch(
        checked_at=done.finished_at if done else None,
        now=next((one for one in latest if one.state != Reconciliation.State.DONE), None),
        gaps=[one for one in latest if one.cause != Reconciliation.Cause.RHYTHM][:GAPS_SHOWN],
    )


def steps() -> Steps:
    """What is still to do, from the small tables only."""
    given = LineAccess.objects.filter(line=OuterRef("pk"), user__is_active=True)
    has_line = Exists(LineAccess.objects.filter(user=OuterRef("pk")))
    people = User.objects.filter(is_active=True, is_staff=True, is_superuser=False).order_by("username")
    every_line = Permission.objects.get(codename="use_all_lines", content_type__app_label="chats")
    all_seeing = User.objects.filter(Q(groups__permissions=every_line) | Q(user_permissions=every_line))
    return Steps(
        lines=Line.objects.filter(is_active=True).count(),
        chats=Chat.objects.exists(),
        lines_of_nobody=list(Line.objects.filter(~Exists(given), is_active=True).order_by("label", "phone_number")),
        people_without_role=list(people.filter(groups__isnull=True, user_permissions__isnull=True)),
        people_without_line=list(people.filter(~has_line).exclude(pk__in=all_seeing.values("pk"))),
    )
