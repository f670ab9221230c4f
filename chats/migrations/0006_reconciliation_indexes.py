from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    """Indexes of tables that may be full: made while everybody goes on writing, so outside a transaction."""

    atomic = False

    dependencies = [
        ('chats', '0005_reconciliation'),
    ]

    operations = [
        RemoveIndexConcurrently(
            model_name='chat',
            name='chat_messages_to_sync',
        ),
        AddIndexConcurrently(
            model_name='chat',
            index=models.Index(fields=['line', 'id'], name='chat_of_line_by_id'),
        ),
        AddIndexConcurrently(
            model_name='message',
            index=models.Index(condition=models.Q(('cleared_at__isnull', True)), fields=['happened_at'], name='message_by_time'),
        ),
    ]
