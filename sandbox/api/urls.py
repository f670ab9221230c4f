"""The addresses of the API."""

from __future__ import annotations

from django.urls import path, re_path

from sandbox.api import (
    app_cards,
    attachments,
    available_number,
    backdrop,
    blocked_handles,
    capability,
    chats,
    contact_cards,
    line_selection,
    lines,
    location,
    messages,
    participants,
    polls,
    reactions,
    reputation_audits,
    unavailable,
    voice_memos,
    webhooks,
)

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

# lines, cards, location and the account
urlpatterns += [
    path("phone_numbers/<str:phone_number_id>", lines.OnePhoneNumber.as_view()),
    path("phone_numbers/<str:phone_number>/reputation_audit", reputation_audits.StartAudit.as_view()),
    path("phone_numbers/<str:phone_number>/reputation_audit/<str:audit_id>", reputation_audits.OneAudit.as_view()),
    path("phonenumbers", lines.DeprecatedPhoneNumbers.as_view()),
    path("available_number", available_number.AvailableNumber.as_view()),
    path("chats/<str:chat_id>/location", location.Location.as_view()),
    path("chats/<str:chat_id>/location/request", location.LocationRequest.as_view()),
    path("chats/<str:chat_id>/background", backdrop.Backdrop.as_view()),
    path("chats/<str:chat_id>/share_contact_card", contact_cards.ShareContactCard.as_view()),
    path("contact_card", contact_cards.ContactCards.as_view()),
    path("blocked_handles", blocked_handles.BlockedHandles.as_view()),
    path("capability/check_imessage", capability.CheckIMessage.as_view()),
    path("capability/check_rcs", capability.CheckRcs.as_view()),
    re_path(r"^(?:payment_requests|payments|connections|experiences)(?:/.*)?$", unavailable.Unavailable.as_view()),
]

# what is done with messages, and files
urlpatterns += [
    path("messages", line_selection.Messages.as_view()),
    path("messages/<str:message_id>/thread", messages.Thread.as_view()),
    path("messages/<str:message_id>/reactions", reactions.Reactions.as_view()),
    path("messages/<str:message_id>/reactions/<str:reaction_id>", reactions.OneReaction.as_view()),
    path("messages/<str:message_id>/poll", polls.OnePoll.as_view()),
    path("messages/<str:message_id>/poll/options", polls.PollOptions.as_view()),
    path("messages/<str:message_id>/poll/votes", polls.PollVotes.as_view()),
    path("messages/<str:message_id>/update", app_cards.UpdateCard.as_view()),
    path("chats/<str:chat_id>/polls", polls.ChatPolls.as_view()),
    path("chats/<str:chat_id>/voicememo", voice_memos.VoiceMemos.as_view()),
    path("attachments", attachments.Attachments.as_view()),
    path("attachments/<str:attachment_id>", attachments.OneAttachment.as_view()),
]
