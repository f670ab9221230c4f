from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("sandbox", "0005_fewer_indexes"),
    ]

    operations = [
        migrations.AddField(
            model_name="line",
            name="inbound_first",
            field=models.BooleanField(db_default=False, default=False),
        ),
    ]
