from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("chats", "0002_roles")]

    operations = [
        migrations.AddField(
            model_name="operation",
            name="retried_at",
            field=models.DateTimeField(
                blank=True,
                help_text="When a person last had it tried again: its patience counts from then.",
                null=True,
            ),
        ),
    ]
