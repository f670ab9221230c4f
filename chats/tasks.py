"""Celery's entry points: short "do what is due" ticks that may be lost, repeated or run twice at once (law 4)."""

from __future__ import annotations

from celery import shared_task

from chats import live
from chats.actions.sync import start_first_sync
from chats.engine import drain, media, reconcile, retention, subscription, sweeps, sync, wake
from chats.engine.campaigns import judge, plan
from chats.engine.events import processor

# Long enough to be worth the taking of a lease, short enough that a restart waits for nobody.
TICK_SECONDS = 20.0
RETENTION_SECONDS = 10.0


@shared_task
def drain_lane(lane_id: int) -> None:
    drain.drain(lane_id, seconds=TICK_SECONDS)


@shared_task
def process_events() -> None:
    live.begun(wake.PROCESS_EVENTS)
    processor.process_due(seconds=TICK_SECONDS)


@shared_task
def continue_sync(run_id: int) -> None:
    sync.carry_on(run_id, seconds=TICK_SECONDS)


@shared_task
def sweep() -> None:
    sweeps.sweep()


@shared_task
def reconcile_chats() -> None:
    reconcile.tick(seconds=TICK_SECONDS)


@shared_task
def apply_retention() -> None:
    retention.apply(seconds=RETENTION_SECONDS)


@shared_task
def keep_media() -> None:
    media.fetch_due(seconds=TICK_SECONDS)


@shared_task
def run_campaigns() -> None:
    judge.tick()


@shared_task
def plan_campaign(campaign_id: int, number: int) -> None:
    plan.make_plan(campaign_id, number)


@shared_task
def keep_connected() -> None:
    """Subscribed to the remote's events, and read once from end to end."""
    subscription.ensure()
    start_first_sync()
