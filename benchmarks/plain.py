"""What one would write without Chatdeck: one Celery task per message, and the official SDK in it."""

from __future__ import annotations

import os
from functools import cache

from celery import Celery
from linq import LinqAPIV3

app = Celery("plain", set_as_current=False, broker=os.environ["REDIS_URL"].replace("unix://", "redis+socket://", 1))
app.conf.task_default_queue = "plain"
app.conf.task_ignore_result = True


@cache
def client() -> LinqAPIV3:
    return LinqAPIV3(api_key=os.environ["LINQ_API_V3_API_KEY"], base_url=os.environ["LINQ_API_V3_BASE_URL"])


@app.task
def send(chat_id: str, text: str, key: str) -> None:
    client().chats.messages.send(chat_id, message={"parts": [{"type": "text", "value": text}], "idempotency_key": key})
