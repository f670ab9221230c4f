from __future__ import annotations

import uuid
from datetime import time, timedelta

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q


class Campaign(models.Model):
    """One text to many people, each once, as fast as the lines can bear.

    draft ──► scheduled ──► running ⇄ paused ──► completed | completed with failures
      └──────────┴─────────────┴────────┴──────► cancelled

    Recipients are rows of their own; each becomes a message and an operation just before it is due.
    """

    class State(models.TextChoices):
        DRAFT = "draft", "Draft"
        SCHEDULED = "scheduled", "Scheduled"  # launched; its start has not come, or it is still being planned
        RUNNING = "running", "Running"
        PAUSED = "paused", "Paused"
        COMPLETED = "completed", "Completed"
        COMPLETED_WITH_FAILURES = "failures", "Completed with failures"
        CANCELLED = "cancelled", "Cancelled"

    class Pause(models.TextChoices):
        """Why it is paused; empty while it is not."""

        BY_HAND = "by_hand", "Paused by hand"
        LATE = "late", "It could not start in time"
        FAILURES = "failures", "Too many messages failed"
        OPT_OUTS = "opt_outs", "Too many people opted out"
        SILENCE = "silence", "Too few people replied"

    name = models.CharField(max_length=200)
    state = models.CharField(max_length=10, choices=State, default=State.DRAFT)
    # Who gets which variant depends on it and on nothing else, so planning anew changes nobody's text.
    seed = models.UUIDField(default=uuid.uuid4, editable=False)

    audience = models.JSONField(default=dict, help_text="Where its people come from: see `chats.actions.audience`.")
    defaults = models.JSONField(default=dict, help_text="What stands in for a field that somebody lacks, by name.")
    not_spoken_to_days = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text="Leave out people whom we wrote to in the last so many days."
    )
    not_silent_after = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text="Leave out people who replied to none of our last so many messages."
    )
    not_in_running = models.BooleanField(
        default=True, help_text="Leave out people whom another campaign is writing to now."
    )

    time_zone = models.CharField(max_length=64, default="UTC", help_text="For people whose own is not known.")
    opens_at = models.TimeField(default=time(9))
    closes_at = models.TimeField(default=time(20))
    days = ArrayField(models.PositiveSmallIntegerField(), default=list, help_text="ISO weekdays, 1 is Monday.")
    keeps_holidays = models.BooleanField(default=True)
    starts_at = models.DateTimeField(null=True, blank=True, help_text="Empty: when it is launched.")
    ends_at = models.DateTimeField(null=True, blank=True, help_text="Nothing leaves after it.")
    start_within = models.DurationField(
        default=timedelta(hours=1), help_text="When it could not start for so long, it waits for a person instead."
    )

    # It judges itself once so many messages were answered for, in percent of these. Empty: not judged by it.
    judged_after = models.PositiveIntegerField(default=50, validators=[MinValueValidator(10)])
    most_failures = models.PositiveSmallIntegerField(
        "failures (percent)", null=True, blank=True, default=10, validators=[MaxValueValidator(100)]
    )
    most_opt_outs = models.PositiveSmallIntegerField(
        "opt-outs (percent)", null=True, blank=True, default=3, validators=[MaxValueValidator(100)]
    )
    least_replies = models.PositiveSmallIntegerField(
        "replies (percent)", null=True, blank=True, validators=[MaxValueValidator(100)]
    )

    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+", editable=False
    )
    created_at = models.DateTimeField()
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+", editable=False
    )
    approved_at = models.DateTimeField(null=True, blank=True, editable=False)
    launched_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+", editable=False
    )
    launched_at = models.DateTimeField(null=True, blank=True, editable=False)
    # A plan is made anew after every change of the draft; the number tells the newest from one that was overtaken.
    plan = models.PositiveIntegerField(default=0, editable=False)
    people_found = models.PositiveIntegerField(default=0, editable=False, help_text="By the plan so far.")
    planned_at = models.DateTimeField(null=True, blank=True, editable=False, help_text="When all its people were rows.")
    paused_at = models.DateTimeField(null=True, blank=True, editable=False)
    pause_reason = models.CharField(max_length=10, choices=Pause, blank=True, editable=False)
    pause_detail = models.CharField(max_length=500, blank=True, editable=False)
    ended_at = models.DateTimeField(null=True, blank=True, editable=False)
    archived_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        permissions = [
            ("watch_campaigns", "Can open campaigns"),
            ("run_campaigns", "Can make, launch, pause and cancel campaigns"),
            ("approve_campaigns", "Can approve the large campaigns of others"),
        ]
        constraints = [
            models.CheckConstraint(
                name="a_paused_campaign_says_why",
                condition=Q(state="paused") & ~Q(pause_reason="") & Q(paused_at__isnull=False)
                | ~Q(state="paused") & Q(pause_reason="", paused_at__isnull=True),
            ),
            models.CheckConstraint(
                name="an_ended_campaign_has_a_time",
                condition=Q(state__in=["completed", "failures", "cancelled"], ended_at__isnull=False)
                | ~Q(state__in=["completed", "failures", "cancelled"]) & Q(ended_at__isnull=True),
            ),
            models.CheckConstraint(
                name="a_campaign_ends_after_its_start",
                condition=Q(starts_at__isnull=True) | Q(ends_at__isnull=True) | Q(ends_at__gt=models.F("starts_at")),
            ),
        ]
        indexes = [
            # the campaigns page
            models.Index(fields=["-id"], condition=Q(archived_at__isnull=True), name="campaign_list"),
            # the tick: campaigns in which something may be due
            models.Index(fields=["id"], condition=Q(state__in=["scheduled", "running"]), name="campaign_at_work"),
        ]

    def __str__(self) -> str:
        return self.name


class CampaignLine(models.Model):
    """A line that a campaign may use for people nobody knows yet; those who know a line stay on theirs."""

    class Hold(models.TextChoices):
        """What the campaign does by itself when the line's health sinks; empty: nothing."""

        SLOWED = "slowed", "At half its pace"
        STOPPED = "stopped", "Stopped on this line"

    campaign = models.ForeignKey(Campaign, on_delete=models.CASCADE, related_name="campaign_lines")
    line = models.ForeignKey("chats.Line", on_delete=models.PROTECT, related_name="+")
    takes_new_people = models.BooleanField(default=True)
    hold = models.CharField(max_length=10, choices=Hold, blank=True)
    hold_detail = models.CharField(max_length=300, blank=True)
    held_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["campaign", "line"], name="a_campaign_uses_a_line_once")]

    def __str__(self) -> str:
        return f"{self.campaign} on {self.line}"


class CampaignStep(models.Model):
    """A message of a campaign: number 0 is the first, up to three follow-ups come if nobody replies."""

    campaign = models.ForeignKey(Campaign, on_delete=models.CASCADE, related_name="steps")
    number = models.PositiveSmallIntegerField(validators=[MaxValueValidator(3)])
    wait = models.DurationField(default=timedelta(0), help_text="How long after the message before it.")

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["campaign", "number"], name="a_step_has_its_number"),
            models.CheckConstraint(
                name="a_follow_up_waits", condition=Q(number=0) | Q(number__lte=3, wait__gt=timedelta(0))
            ),
        ]

    def __str__(self) -> str:
        return f"Step {self.number} of {self.campaign}"


class CampaignVariant(models.Model):
    """One wording of a step, and its share among the step's variants."""

    step = models.ForeignKey(CampaignStep, on_delete=models.CASCADE, related_name="variants")
    position = models.PositiveSmallIntegerField(validators=[MaxValueValidator(3)])
    text = models.TextField(help_text="A Liquid template: see `chats.campaigns.wording`.")
    effect = models.JSONField(null=True, blank=True)
    weight = models.PositiveSmallIntegerField(default=1)

    class Meta:
        ordering = ["position"]
        constraints = [models.UniqueConstraint(fields=["step", "position"], name="a_variant_has_its_place")]

    def __str__(self) -> str:
        return "ABCD"[self.position]


class CampaignRules(models.Model):
    """What the administrator has set for all campaigns. There is one row, made with the first look at it."""

    approval_above = models.PositiveIntegerField(
        default=500, help_text="A campaign for more people than this needs a second person's approval."
    )
    most_messages = models.PositiveSmallIntegerField(
        null=True, blank=True, default=3, help_text="So many campaign messages a person gets at most. Empty: no limit."
    )
    in_days = models.PositiveSmallIntegerField(
        default=7, validators=[MinValueValidator(1), MaxValueValidator(365)], help_text="Counted over so many days."
    )

    class Meta:
        verbose_name_plural = "campaign rules"
        constraints = [models.CheckConstraint(name="there_is_one_set_of_rules", condition=Q(id=1))]

    def __str__(self) -> str:
        return "Campaign rules"
