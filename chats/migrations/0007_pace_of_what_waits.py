"""What waits already gets the pace of its kind; managers and administrators may pause lines."""

from django.db import migrations

TALK, NEW = 1, 2
PACE_OF = {"send_message": TALK, "create_chat": NEW, "add_participant": NEW}


def pace_what_waits(apps, schema_editor):
    operations = apps.get_model("chats", "Operation").objects
    for kind, pace in PACE_OF.items():
        operations.filter(state="queued", kind=kind, pace=0).update(pace=pace)


def allow_pausing(apps, schema_editor):
    # Django writes permissions only after all migrations have run; this one is needed now.
    content_type, _ = apps.get_model("contenttypes", "ContentType").objects.get_or_create(
        app_label="chats", model="line"
    )
    permission, _ = apps.get_model("auth", "Permission").objects.get_or_create(
        content_type=content_type, codename="pause_lines", defaults={"name": "Can pause and resume lines"}
    )
    for group in apps.get_model("auth", "Group").objects.filter(name__in=["Manager", "Administrator"]):
        group.permissions.add(permission)


class Migration(migrations.Migration):
    dependencies = [("chats", "0006_drain_by_pace")]
    operations = [
        migrations.RunPython(pace_what_waits, migrations.RunPython.noop),
        migrations.RunPython(allow_pausing, migrations.RunPython.noop),
    ]
