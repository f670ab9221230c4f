from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("sandbox", "0004_time_people_and_physics"),
    ]

    operations = [
        migrations.AddField(
            model_name="line",
            name="inbound_first",
            field=models.BooleanField(db_default=False, default=False),
        ),
    ]
