from __future__ import annotations

from django.conf import settings
from django.db import models


class LineAccess(models.Model):
    """A line given to a person. Without one, a line and all that belongs to it does not exist for them."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="line_access")
    line = models.ForeignKey("chats.Line", on_delete=models.CASCADE, related_name="access")
    given_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = "line access"
        verbose_name_plural = "line access"
        constraints = [models.UniqueConstraint(fields=["user", "line"], name="a_line_is_given_to_a_person_once")]

    def __str__(self) -> str:
        return f"{self.user} on {self.line}"
