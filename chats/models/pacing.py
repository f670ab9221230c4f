"""What leaves a line is counted here, so that budgets hold across restarts and whoever the worker is."""

from __future__ import annotations

from django.db import models


class Departure(models.Model):
    """One message that was handed to the remote, or tried to be. Kept for two days; see `chats.engine.pacing`.

    Each line counts its departures. The one that left `limit` numbers ago tells whether a rolling budget
    is spent, and until when, however long the queue and however large the budget: one entry of an index.

    The references have no constraints in the database: a claim that writes them must wait for nobody.
    """

    line = models.ForeignKey(
        "chats.Line", on_delete=models.CASCADE, db_constraint=False, db_index=False, related_name="+"
    )
    number = models.PositiveBigIntegerField()
    at = models.DateTimeField()
    operation = models.ForeignKey(
        "chats.Operation", on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )
    handle = models.ForeignKey(
        "chats.Handle",
        null=True,
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        db_index=False,
        related_name="+",
        help_text="To whom, when it was to one person.",
    )
    chat = models.ForeignKey(
        "chats.Chat",
        null=True,
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        db_index=False,
        related_name="+",
        help_text="The group, when it was to one.",
    )

    class Meta:
        constraints = [
            # the budgets of a minute and of a day
            models.UniqueConstraint(fields=["line", "number"], include=["at"], name="a_departure_has_its_number"),
        ]
        indexes = [
            # the budget of a minute to one person
            models.Index(
                fields=["handle", "line", "-number"],
                include=["at"],
                condition=models.Q(handle__isnull=False),
                name="departure_to_person",
            ),
            # and to one group
            models.Index(
                fields=["chat", "-number"],
                include=["at"],
                condition=models.Q(chat__isnull=False),
                name="departure_to_group",
            ),
            # the sweep that forgets old ones
            models.Index(fields=["at"], name="departure_age"),
        ]

    def __str__(self) -> str:
        return f"Departure {self.number} of line {self.line_id}"


class FirstContact(models.Model):
    """When a line first wrote to a person: once and for ever, because the remote counts it so (linq-v3, 6.3)."""

    line = models.ForeignKey("chats.Line", on_delete=models.CASCADE, db_index=False, related_name="first_contacts")
    handle = models.ForeignKey("chats.Handle", on_delete=models.CASCADE, related_name="+")
    at = models.DateTimeField()
    operation = models.ForeignKey(
        "chats.Operation",
        null=True,
        on_delete=models.SET_NULL,
        related_name="+",
        help_text="What it was spent for; empty when another program wrote.",
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["line", "handle"], name="a_line_meets_a_person_once"),
        ]
        indexes = [
            # the budget of new conversations
            models.Index(fields=["line", "-at"], name="first_contact_budget"),
        ]

    def __str__(self) -> str:
        return f"Line {self.line_id} and {self.handle_id}"


class LineFailure(models.Model):
    """An operation in the present row of failures of a line; the row ends with the first success."""

    class Kind(models.TextChoices):
        REFUSED = "refused", "Refused"  # by the answer; ended by a call that is answered well
        UNDELIVERED = "undelivered", "Not delivered"  # by an event; ended by a message that arrives

    line = models.ForeignKey("chats.Line", on_delete=models.CASCADE, related_name="failures")
    operation = models.ForeignKey("chats.Operation", on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=12, choices=Kind)
    code = models.PositiveIntegerField(null=True)
    times = models.PositiveIntegerField(default=1)
    at = models.DateTimeField(help_text="The first time.")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["line", "kind", "operation"], name="an_operation_fails_once_in_a_row"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: operation {self.operation_id}"
