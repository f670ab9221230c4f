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

    class Meta:
        constraints = [models.CheckConstraint(name="there_is_one_world", condition=models.Q(id=1))]

    def __str__(self) -> str:
        return f"{self.name} (seed {self.seed})"
