"""Reputation audits of lines."""

from __future__ import annotations

from typing import Any

from django.db import models

from sandbox import clock, ids
from sandbox.models.line import Line


class Audit(models.Model):
    """An audit, running while it has no report."""

    id = models.UUIDField(primary_key=True, default=ids.new)
    line = models.ForeignKey(Line, on_delete=models.CASCADE)
    started_at = models.DateTimeField(default=clock.now)
    generated_at = models.DateTimeField(null=True)
    report: models.JSONField[Any, Any] = models.JSONField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["line"],
                condition=models.Q(generated_at=None),
                name="one_audit_of_a_line_runs_at_a_time",
            )
        ]

    def __str__(self) -> str:
        return str(self.id)
