"""The addresses of the inbox and of the live events."""

from __future__ import annotations

from django.urls import path

from chats.admin import files, inbox, new_chat, stream, thread

urlpatterns = [
    path("inbox/", inbox.inbox, name="inbox"),
    path("inbox/rows/", inbox.inbox_rows, name="inbox_rows"),
    path("inbox/unread/", inbox.inbox_unread, name="inbox_unread"),
    path("inbox/new/", new_chat.new_chat, name="new_chat"),
    path("inbox/<int:pk>/", thread.chat, name="chat"),
    path("inbox/<int:pk>/head/", thread.head, name="chat_head"),
    path("inbox/<int:pk>/older/", thread.older, name="chat_older"),
    path("inbox/<int:pk>/updates/", thread.updates, name="chat_updates"),
    path("inbox/<int:pk>/send/", thread.send, name="chat_send"),
    path("inbox/<int:pk>/read/", thread.read, name="chat_read"),
    path("inbox/<int:pk>/unread/", thread.unread, name="chat_unread"),
    path("inbox/<int:pk>/messages/<int:message_pk>/retry/", thread.retry, name="message_retry"),
    path("inbox/<int:pk>/messages/<int:message_pk>/cancel/", thread.cancel, name="message_cancel"),
    path("inbox/<int:pk>/files/", files.upload, name="chat_upload"),
    path("inbox/<int:pk>/messages/<int:message_pk>/files/<int:index>/", files.of_message, name="message_file"),
    path("inbox/files/<int:pk>/", files.unsent, name="unsent_file"),
    path("inbox/files/<int:pk>/discard/", files.discard, name="discard_file"),
    path("live/stream/", stream.live_stream, name="live_stream"),
]
