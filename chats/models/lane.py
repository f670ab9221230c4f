from __future__ import annotations

from django.db import models


class Lane(models.Model):
    """One line's queue of operations; operations of the whole account have a lane of their own.

    A line's files go up on lanes beside its own, so that a large one holds up nothing but the message it is for.

    At most one worker drains a lane at a time: it holds the lease until `lease_expires_at`, under the
    number `fence`. Who takes over an expired lease takes the next number, so that a result written
    under an old one is refused.
    """

    ACCOUNT = "account"
    UPLOADS = "uploads:"

    name = models.CharField(max_length=40, unique=True)
    line = models.OneToOneField("chats.Line", null=True, blank=True, on_delete=models.CASCADE, related_name="lane")
    fence = models.PositiveBigIntegerField(default=0)
    lease_expires_at = models.DateTimeField(null=True, blank=True)
    rest_until = models.DateTimeField(
        null=True, blank=True, help_text="Nothing leaves before this moment: the remote asked us to wait."
    )

    departed = models.PositiveBigIntegerField(
        default=0, db_default=0, help_text="How many messages have left: the number of the last departure."
    )
    gap_until = models.DateTimeField(
        null=True, blank=True, help_text="The gap after the last departure ends here. People may be ahead of it."
    )
    limited_chat_id = models.BigIntegerField(
        null=True, blank=True, help_text="The chat of the last send that came too soon (429)."
    )
    limited_until = models.DateTimeField(null=True, blank=True, help_text="Until when that one has to wait.")

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="a_lane_of_no_line_says_what_for",
                condition=models.Q(line__isnull=False)
                | models.Q(name="account")
                | models.Q(name__startswith="uploads:"),
            ),
        ]

    def __str__(self) -> str:
        return self.name
