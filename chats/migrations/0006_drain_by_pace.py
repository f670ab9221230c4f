"""The drain's index, with the pace in it, and one for what is too late. Built beside the working system, which needs a transaction of its own."""

from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("chats", "0005_pacing")]
    operations = [
        AddIndexConcurrently(
            model_name="operation",
            index=models.Index(
                condition=models.Q(("due_at__isnull", False), ("state__in", ["queued", "unknown", "accepted"])),
                fields=["lane", "priority", "pace", "id"],
                name="operation_paced",
            ),
        ),
        AddIndexConcurrently(
            model_name="operation",
            index=models.Index(
                condition=models.Q(("send_before__isnull", False), ("state", "queued")),
                fields=["send_before"],
                name="operation_too_late",
            ),
        ),
        RemoveIndexConcurrently(model_name="operation", name="operation_due"),
    ]
