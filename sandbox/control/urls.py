"""The addresses of the control API."""

from __future__ import annotations

from django.urls import path

from sandbox.control import account, lines, logs, members, messages, people, world

urlpatterns = [
    path("ready", world.Ready.as_view()),
    path("reset", world.Reset.as_view()),
    path("stats", world.Stats.as_view()),
    path("clock", world.Clock.as_view()),
    path("events", logs.Events.as_view()),
    path("requests", logs.Requests.as_view()),
    path("webhooks", logs.Webhooks.as_view()),
    path("faults", world.FaultsInForce.as_view()),
    path("people", people.People.as_view()),
    path("people/<str:handle>/say", people.Say.as_view()),
    path("people/<str:handle>/read", people.Read.as_view()),
    path("people/<str:handle>/typing", people.Typing.as_view()),
    path("people/<str:handle>/rename_group", members.RenameGroup.as_view()),
    path("people/<str:handle>/change_icon", members.ChangeIcon.as_view()),
    path("people/<str:handle>/add", members.Add.as_view()),
    path("people/<str:handle>/leave", members.Leave.as_view()),
    path("people/<str:handle>/react", messages.React.as_view()),
    path("people/<str:handle>/edit", messages.Edit.as_view()),
    path("people/<str:handle>/poll", messages.Poll.as_view()),
    path("people/<str:handle>/poll_options", messages.PollOptions.as_view()),
    path("people/<str:handle>/vote", messages.Vote.as_view()),
    path("people/<str:handle>/opt_out", people.OptOut.as_view()),
    path("people/<str:handle>/report", people.Report.as_view()),
    path("people/<str:handle>/share_location", people.ShareLocation.as_view()),
    path("people/<str:handle>/share_card", people.ShareCard.as_view()),
    path("people/<str:handle>/habits", people.HabitsOfOne.as_view()),
    path("habits", people.HabitsOfAll.as_view()),
    path("chats/<str:chat_id>", people.WholeChat.as_view()),
    path("lines", lines.Assign.as_view()),
    path("lines/<str:number>/release", lines.Release.as_view()),
    path("lines/<str:number>/flag", lines.Flag.as_view()),
    path("lines/<str:number>/unflag", lines.Unflag.as_view()),
    path("lines/<str:number>/reputation", lines.Reputation.as_view()),
    path("lines/<str:number>/settings", account.LineSettings.as_view()),
    path("optout_overrides", account.OptOutOverrides.as_view()),
]
