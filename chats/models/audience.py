from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q


class PeopleList(models.Model):
    """A list of people that somebody brought: a file or a paste, read in the background."""

    class State(models.TextChoices):
        NEW = "new", "Check the columns"  # its layout is a guess that nobody has looked at yet
        READING = "reading", "Being read"
        READY = "ready", "Ready"
        FAILED = "failed", "Could not be read"

    name = models.CharField(max_length=200)
    state = models.CharField(max_length=10, choices=State, default=State.NEW)
    data = models.BinaryField(null=True, help_text="The file as it came; deleted once it has been read.")
    layout = models.JSONField(default=dict, help_text="See `chats.campaigns.people_file.Layout`.")
    region = models.CharField(max_length=2, blank=True, help_text="The country of numbers without a country code.")
    rows_read = models.PositiveIntegerField(default=0)
    rows_total = models.PositiveIntegerField(default=0)
    people = models.PositiveIntegerField(default=0)
    rejected = models.PositiveIntegerField(default=0)
    duplicates = models.PositiveIntegerField(default=0)
    error = models.CharField(max_length=300, blank=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField()
    read_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(name="a_list_that_failed_says_why", condition=~Q(state="failed") | ~Q(error="")),
        ]

    def __str__(self) -> str:
        return self.name


class ListedPerson(models.Model):
    """A person of a list, by handle. The handle is a value and no row: most of a list nobody ever writes to."""

    people_list = models.ForeignKey(PeopleList, on_delete=models.CASCADE, db_index=False, related_name="listed")
    handle = models.CharField(max_length=320)
    fields = models.JSONField(default=dict)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["people_list", "handle"], name="a_list_names_a_person_once")]

    def __str__(self) -> str:
        return f"Person {self.pk} of list {self.people_list_id}"


class RejectedRow(models.Model):
    """A row of a list that cannot be used, and why."""

    people_list = models.ForeignKey(PeopleList, on_delete=models.CASCADE, db_index=False, related_name="rejected_rows")
    row = models.PositiveIntegerField(help_text="Its number in the file; the header is 1.")
    reason = models.CharField(max_length=200)
    cells = models.JSONField(default=list)

    class Meta:
        ordering = ["people_list", "row"]
        constraints = [models.UniqueConstraint(fields=["people_list", "row"], name="a_row_is_rejected_once")]

    def __str__(self) -> str:
        return f"Row {self.row} of list {self.people_list_id}"


class Segment(models.Model):
    """A filter over contacts that somebody saved under a name."""

    name = models.CharField(max_length=80, unique=True)
    filter = models.JSONField(default=dict)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Label(models.Model):
    """A word that the team puts on contacts."""

    name = models.CharField(max_length=40, unique=True)
    created_at = models.DateTimeField(auto_now_add=True)
    contacts = models.ManyToManyField("chats.Contact", blank=True, related_name="labels")

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class SavedText(models.Model):
    """A text of the team's library, for campaigns to begin with."""

    name = models.CharField(max_length=80, unique=True)
    text = models.TextField()
    archived_at = models.DateTimeField(null=True, blank=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name
