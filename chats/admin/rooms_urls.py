"""The pages of every room but the inbox, and the chat's panel beside it."""

from __future__ import annotations

from django.urls import URLPattern, path

from chats.admin import activity, groups, lines, panel, setup, zones

urlpatterns: list[URLPattern] = [
    path("inbox/<int:pk>/panel/", panel.show, name="chat_panel"),
    path("inbox/<int:pk>/panel/person/", panel.name_person, name="panel_person"),
    path("inbox/<int:pk>/panel/name/", panel.rename, name="panel_rename"),
    path("inbox/<int:pk>/panel/picture/", panel.picture, name="panel_picture"),
    path("inbox/<int:pk>/panel/add/", panel.add, name="panel_add"),
    path("inbox/<int:pk>/panel/remove/", panel.remove, name="panel_remove"),
    path("inbox/<int:pk>/panel/leave/", panel.leave, name="panel_leave"),
    path("inbox/<int:pk>/panel/changes/<int:operation_pk>/retry/", panel.retry, name="panel_retry"),
    path("inbox/<int:pk>/panel/changes/<int:operation_pk>/cancel/", panel.cancel, name="panel_cancel"),
    path("inbox/<int:pk>/panel/changes/<int:operation_pk>/dismiss/", panel.dismiss, name="panel_dismiss"),
    path("time-zone/", zones.choose_zone, name="zone"),
    path("groups/", groups.groups, name="groups"),
    path("lines/", lines.lines, name="lines"),
    path("lines/<int:pk>/", lines.line, name="line"),
    path("lines/<int:pk>/label/", lines.label, name="line_label"),
    path("lines/<int:pk>/pause/", lines.pause, name="line_pause"),
    path("lines/<int:pk>/resume/", lines.resume, name="line_resume"),
    path("activity/", activity.operations, name="activity"),
    path("activity/operations/<int:pk>/", activity.operation, name="operation"),
    path("activity/operations/<int:pk>/retry/", activity.retry, name="operation_retry"),
    path("activity/operations/<int:pk>/cancel/", activity.cancel, name="operation_cancel"),
    path("activity/events/", activity.events, name="events"),
    path("activity/events/again/", activity.run_all_again, name="events_again"),
    path("activity/events/<int:pk>/", activity.event, name="event"),
    path("activity/events/<int:pk>/again/", activity.run_again, name="event_again"),
    path("setup/", setup.setup, name="setup"),
    path("setup/sync/", setup.start, name="start_sync"),
    path("setup/secret/", setup.rotate, name="rotate_secret"),
    path("setup/retention/", setup.retention, name="set_retention"),
]
