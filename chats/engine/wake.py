"""Waking a lane at once, instead of at the next beat.

A wake-up may be lost without harm: the beat's sweep finds what is due. So a broker that is away
costs a second or two and never the person's change, which is already committed.
"""

from __future__ import annotations

import logging
from functools import cache, partial

from celery import current_app
from django.conf import settings
from django.db import transaction
from kombu import Connection
from kombu.exceptions import OperationalError
from kombu.pools import producers
from redis import RedisError

from chats import live, redis_absence
from chats.redis_absence import ANSWER_WITHIN

log = logging.getLogger(__name__)

DRAIN_LANE = "chats.tasks.drain_lane"
PROCESS_EVENTS = "chats.tasks.process_events"
RUN_CAMPAIGNS = "chats.tasks.run_campaigns"
PLAN_CAMPAIGN = "chats.tasks.plan_campaign"
CONTINUE_SYNC = "chats.tasks.continue_sync"
KEEP_CONNECTED = "chats.tasks.keep_connected"
# A wake-up that nobody took by then is worth nothing: the sweep has sent others. Without an end they pile up while
# the workers are away or slow, by the thousand, and what comes behind them, the reading of chats say, waits for all.
WORTH_SECONDS = 10


@cache
def _broker() -> Connection:
    """For sending only. The workers' own connections wait for tasks, and so have to be more patient."""
    quick = {"socket_connect_timeout": ANSWER_WITHIN, "socket_timeout": ANSWER_WITHIN}
    return current_app.connection_for_write(transport_options=settings.CELERY_BROKER_TRANSPORT_OPTIONS | quick)


def send_task(name: str, *ids: int) -> None:
    """Ask the workers for one tick of `name`. Never raises for a broker that is away, nor waits long for one."""
    if redis_absence.lasts():
        return
    try:
        with producers[_broker()].acquire(block=True, timeout=ANSWER_WITHIN) as producer:
            current_app.send_task(name, args=ids, retry=False, expires=WORTH_SECONDS, producer=producer)
    except (OperationalError, RedisError, OSError) as problem:
        redis_absence.notice()
        log.warning("%s was not queued, the next sweep will do it: %s", name, type(problem).__name__)


def wake_lane(lane_id: int) -> None:
    """Drain this lane as soon as the current transaction has committed."""
    transaction.on_commit(partial(send_task, DRAIN_LANE, lane_id), robust=True)


def wake_events() -> None:
    """Process events as soon as the current transaction has committed.

    One task that has not begun finds all of them, so in a burst only the first event asks for it: asking costs the
    webhook door more than all else that it does.
    """
    transaction.on_commit(_send_for_events, robust=True)


def _send_for_events() -> None:
    if live.first_to_ask(PROCESS_EVENTS):
        send_task(PROCESS_EVENTS)


def wake_connection() -> None:
    transaction.on_commit(partial(send_task, KEEP_CONNECTED), robust=True)


def wake_sync(run_id: int) -> None:
    transaction.on_commit(partial(send_task, CONTINUE_SYNC, run_id), robust=True)


def wake_campaigns() -> None:
    transaction.on_commit(partial(send_task, RUN_CAMPAIGNS), robust=True)


def wake_plan(campaign_id: int, plan: int) -> None:
    transaction.on_commit(partial(send_task, PLAN_CAMPAIGN, campaign_id, plan), robust=True)
