"""The console's Celery application: `celery -A dashboard worker` and `celery -A dashboard beat`."""

from __future__ import annotations

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dashboard.settings")

app = Celery("chatdeck")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
