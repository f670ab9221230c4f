from __future__ import annotations

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("chats", "0003_retried_at"),
    ]

    operations = [
        migrations.AddField(
            model_name="operation",
            name="dismissed_at",
            field=models.DateTimeField(
                blank=True,
                help_text="When the team had seen that it failed, so that no panel shows it any more.",
                null=True,
            ),
        ),
        migrations.AddField(
            model_name="operation",
            name="dismissed_by",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
    ]
