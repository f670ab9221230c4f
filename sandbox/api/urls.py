"""The addresses of the API."""

from __future__ import annotations

from django.urls import path

from sandbox.api import chats, lines, messages, participants, webhooks

urlpatterns = [
    path("phone_numbers", lines.PhoneNumbers.as_view()),
    path("chats", chats.Chats.as_view()),
    path("chats/<str:chat_id>", chats.OneChat.as_view()),
    path("chats/<str:chat_id>/read", chats.ReadChat.as_view()),
    path("chats/<str:chat_id>/leave", chats.LeaveChat.as_view()),
    path("chats/<str:chat_id>/participants", participants.Participants.as_view()),
    path("chats/<str:chat_id>/typing", participants.Typing.as_view()),
    path("chats/<str:chat_id>/messages", messages.ChatMessages.as_view()),
    path("messages/<str:message_id>", messages.OneMessage.as_view()),
    path("webhook-events", webhooks.WebhookEvents.as_view()),
    path("webhook-subscriptions", webhooks.Subscriptions.as_view()),
    path("webhook-subscriptions/<str:subscription_id>", webhooks.OneSubscription.as_view()),
]
