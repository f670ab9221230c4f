"""The world as a whole: one row."""

from __future__ import annotations

from django.db import models

from sandbox import clock


class World(models.Model):
    """Which world this is and the seed it was made from. There is one row, with id 1."""

    name = models.CharField(max_length=40)
    seed = models.BigIntegerField()
    partner_id = models.UUIDField()
    created_at = models.DateTimeField(default=clock.now)
    # what the control API asked to go wrong; see `sandbox.faults`
    faults = models.JSONField(default=dict)
    # the lines, people, chats and messages asked for, when the world was made by size
    size = models.JSONField(null=True)
    # how people who are met later are drawn: friendly or everyday; see `sandbox.people.habits`
    manners = models.CharField(max_length=8, default="friendly")
    # habits that everybody has, whatever was drawn for them
    habits = models.JSONField(default=dict)
    # how many times a process has started in this world
    starts = models.PositiveIntegerField(default=0)
    # the world's time; see `sandbox.clock.Setting`
    clock_speed = models.FloatField(default=1)
    clock_stepped = models.BooleanField(default=False)
    clock_world_at = models.DateTimeField(null=True)
    clock_real_at = models.FloatField(default=0)

    class Meta:
        constraints = [models.CheckConstraint(name="there_is_one_world", condition=models.Q(id=1))]

    def __str__(self) -> str:
        return f"{self.name} (seed {self.seed})"
