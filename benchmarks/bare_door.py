"""What the webhook door is measured against: a bare Django view that inserts one row, on the same server.

Settings and addresses in one: the console's own settings and middleware, and this one view.
"""

from __future__ import annotations

import json

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

from dashboard.settings import *  # noqa: F403

ROOT_URLCONF = "benchmarks.bare_door"


@csrf_exempt
def insert(request: HttpRequest) -> HttpResponse:
    """Keep the body as a row, unchecked."""
    # Imported late: this module is read as settings before there are models.
    from chats import clock
    from chats.models import WebhookEvent

    payload = json.loads(request.body)
    now = clock.now()
    WebhookEvent.objects.create(
        event_id=payload["event_id"], event_type=payload["event_type"], payload=payload, received_at=now, due_at=now
    )
    return JsonResponse({"stored": True})


urlpatterns = [path("webhooks/linq/", insert)]
