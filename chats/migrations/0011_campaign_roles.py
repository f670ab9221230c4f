"""Campaigns are the managers': they make, launch and stop them, and approve each other's large ones."""

from django.db import migrations

RIGHTS = ["watch_campaigns", "run_campaigns", "approve_campaigns"]


def give_rights(apps, schema_editor):
    # Django writes permissions only after all migrations have run; these are needed now.
    ContentType = apps.get_model("contenttypes", "ContentType")
    Group = apps.get_model("auth", "Group")
    Permission = apps.get_model("auth", "Permission")
    names = dict(apps.get_model("chats", "Campaign")._meta.permissions)
    content_type, _ = ContentType.objects.get_or_create(app_label="chats", model="campaign")
    for codename in RIGHTS:
        permission, _ = Permission.objects.get_or_create(
            content_type=content_type, codename=codename, defaults={"name": names[codename]}
        )
        for group in Group.objects.filter(name__in=["Manager", "Administrator"]):
            group.permissions.add(permission)


class Migration(migrations.Migration):
    dependencies = [("chats", "0010_campaigns"), ("auth", "0012_alter_user_first_name_max_length")]
    operations = [migrations.RunPython(give_rights, migrations.RunPython.noop)]
