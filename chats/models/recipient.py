from __future__ import annotations

from django.db import models
from django.db.models import Q

from chats.models.campaign import Campaign


class Recipient(models.Model):
    """A person in a campaign, once per handle. It says at any time what became of them and why.

    planned ──► sending ──► accepted ──► delivered ──► read ──► replied
       │           │            └──(a follow-up is due)──► planned
       │           └──► failed | opted out
       └──► skipped (with the reason)
    """

    class State(models.TextChoices):
        PLANNED = "planned", "Planned"  # waits for `due_at`, or for what `reason` says
        SENDING = "sending", "Sending"  # its next message is a row and an operation
        ACCEPTED = "accepted", "Sent"
        DELIVERED = "delivered", "Delivered"
        READ = "read", "Read"
        REPLIED = "replied", "Replied"
        FAILED = "failed", "Failed"
        SKIPPED = "skipped", "Skipped"
        OPTED_OUT = "opted_out", "Opted out"

    campaign = models.ForeignKey(Campaign, on_delete=models.CASCADE, db_index=False, related_name="recipients")
    handle = models.ForeignKey("chats.Handle", on_delete=models.PROTECT, related_name="+")
    line = models.ForeignKey("chats.Line", null=True, on_delete=models.PROTECT, db_index=False, related_name="+")
    chat = models.ForeignKey("chats.Chat", null=True, on_delete=models.SET_NULL, related_name="+")
    plan = models.PositiveIntegerField(default=0, help_text="The plan of the campaign that last found this person.")
    fields = models.JSONField(default=dict, help_text="What the template knows of this person.")
    state = models.CharField(max_length=10, choices=State, default=State.PLANNED)
    reason = models.CharField(max_length=300, blank=True, help_text="Why it waits, failed or was skipped.")
    step = models.PositiveSmallIntegerField(default=0, help_text="The step that is sent next, or was sent last.")
    due_at = models.DateTimeField(null=True, help_text="When the next step may leave; empty when none is to come.")
    last_sent_at = models.DateTimeField(null=True)
    replied_at = models.DateTimeField(null=True)
    settled_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["campaign", "handle"], name="a_campaign_writes_to_a_person_once"),
            models.CheckConstraint(
                name="who_is_skipped_or_failed_knows_why", condition=~Q(state__in=["skipped", "failed"]) | ~Q(reason="")
            ),
            models.CheckConstraint(
                name="nothing_is_due_to_those_who_are_done",
                condition=Q(due_at__isnull=True)
                | ~Q(state__in=["sending", "replied", "failed", "skipped", "opted_out"]),
            ),
        ]
        indexes = [
            # the tick: who is due next on a line, people it knows and, by themselves, those it has to meet first
            models.Index(
                fields=["campaign", "line", "due_at", "id"],
                condition=Q(due_at__isnull=False, chat__isnull=False),
                name="recipient_due_known",
            ),
            models.Index(
                fields=["campaign", "line", "due_at", "id"],
                condition=Q(due_at__isnull=False, chat__isnull=True),
                name="recipient_due_new",
            ),
            # the campaign's page, filtered by state
            models.Index(fields=["campaign", "state", "id"], name="recipient_by_state"),
            # the campaign's page, everybody
            models.Index(fields=["campaign", "id"], name="recipient_list"),
        ]

    def __str__(self) -> str:
        return f"Recipient {self.pk}"


class CampaignMessage(models.Model):
    """The message of one step to one recipient. That there can be one only is what makes a campaign exact."""

    recipient = models.ForeignKey(Recipient, on_delete=models.CASCADE, db_index=False, related_name="messages")
    step = models.PositiveSmallIntegerField()
    variant = models.PositiveSmallIntegerField(default=0)
    message = models.OneToOneField("chats.Message", on_delete=models.CASCADE, related_name="campaign_message")
    created_at = models.DateTimeField()
    replied_at = models.DateTimeField(null=True, help_text="When they first wrote after it and before the next.")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["recipient", "step"], name="a_step_is_sent_to_a_person_once"),
        ]

    def __str__(self) -> str:
        return f"Step {self.step} to recipient {self.recipient_id}"


class RecipientCount(models.Model):
    """How many recipients stand where: the sum of the deltas of a row's kind. Written beside every change.

    Rows are only added, so that no two workers wait for each other, and are summed up now and then.
    """

    campaign = models.ForeignKey(Campaign, on_delete=models.CASCADE, db_index=False, related_name="+")
    line = models.ForeignKey("chats.Line", null=True, on_delete=models.CASCADE, db_index=False, related_name="+")
    step = models.PositiveSmallIntegerField()
    variant = models.PositiveSmallIntegerField()
    state = models.CharField(max_length=10, choices=Recipient.State)
    delta = models.IntegerField()
    is_summed = models.BooleanField(default=False, db_default=False)

    class Meta:
        indexes = [
            # the campaign's page
            models.Index(
                fields=["campaign", "line", "step", "variant", "state"], include=["delta"], name="recipient_counts"
            ),
            # the summing up
            models.Index(fields=["campaign"], condition=Q(is_summed=False), name="recipient_counts_to_sum"),
        ]

    def __str__(self) -> str:
        return f"{self.delta} {self.state} in campaign {self.campaign_id}"
