from __future__ import annotations

from django.urls import path

from chats.api import webhook

urlpatterns = [path("webhooks/linq/", webhook.receive, name="webhook")]
