"""Polls: a poll is a message of the kind `poll` with options, and people vote for options."""

from __future__ import annotations

from django.db import models

from sandbox import clock, ids
from sandbox.models.chat import Participant
from sandbox.models.message import Message


class PollOption(models.Model):
    """Something to vote for. Options are only ever added."""

    id = models.UUIDField(primary_key=True, default=ids.new)
    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="poll_options")
    creator = models.ForeignKey(Participant, on_delete=models.CASCADE)
    position = models.PositiveSmallIntegerField()
    text = models.CharField(max_length=255)

    class Meta:
        constraints = [models.UniqueConstraint("message", "position", name="poll_options_have_an_order")]

    def __str__(self) -> str:
        return self.text


class PollVote(models.Model):
    """A vote of somebody in the chat. Whoever likes may vote for several options."""

    option = models.ForeignKey(PollOption, on_delete=models.CASCADE, related_name="votes")
    participant = models.ForeignKey(Participant, on_delete=models.CASCADE)
    voted_at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = [models.UniqueConstraint("option", "participant", name="one_vote_each_per_option")]

    def __str__(self) -> str:
        return f"{self.participant_id} for {self.option_id}"
