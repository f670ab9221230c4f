"""Two indexes of the operations, built without holding up who writes them."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("chats", "0008_kinds")]
    operations = [
        AddIndexConcurrently(
            model_name="operation",
            index=models.Index(
                condition=models.Q(("about__isnull", False)), fields=["about", "-id"], name="operation_about"
            ),
        ),
        AddIndexConcurrently(
            model_name="operation",
            index=models.Index(
                condition=models.Q(("kind__in", ["start_typing", "stop_typing"])),
                fields=["created_at"],
                name="operation_typing",
            ),
        ),
    ]
