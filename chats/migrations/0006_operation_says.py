"""The index by which the retention finds what operations say. Made beside the writes of a full table."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ('chats', '0005_events_and_retention'),
    ]

    operations = [
        AddIndexConcurrently(
            model_name='operation',
            index=models.Index(condition=models.Q(('cleared_at__isnull', True), ('settled_at__isnull', False), models.Q(('payload', {}), _negated=True)), fields=['settled_at'], name='operation_says'),
        ),
    ]
