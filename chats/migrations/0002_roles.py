"""The three roles as permission groups. What they hold can be changed in the admin afterwards."""

from django.db import migrations

AGENT = [("chats", "chat", "read_chats"), ("chats", "chat", "reply_to_chats")]
MANAGER = AGENT + [
    ("chats", "chat", "manage_groups"),
    ("chats", "line", "watch_lines"),
    ("chats", "line", "pause_lines"),
    ("chats", "operation", "view_activity"),
    ("chats", "operation", "retry_operations"),
    ("chats", "contact", "view_contact"),
    ("chats", "contact", "change_contact"),
]
ADMINISTRATOR = MANAGER + [
    ("chats", "line", "use_all_lines"),
    ("chats", "line", "view_line"),
    ("chats", "line", "change_line"),
    ("chats", "lineaccess", "view_lineaccess"),
    ("chats", "lineaccess", "add_lineaccess"),
    ("chats", "lineaccess", "change_lineaccess"),
    ("chats", "lineaccess", "delete_lineaccess"),
    ("chats", "webhooksubscription", "run_setup"),
    ("chats", "auditrecord", "view_auditrecord"),
    ("auth", "user", "view_user"),
    ("auth", "user", "add_user"),
    ("auth", "user", "change_user"),
    ("auth", "group", "view_group"),
]
ROLES = {"Agent": AGENT, "Manager": MANAGER, "Administrator": ADMINISTRATOR}


def make_roles(apps, schema_editor):
    # Django writes permissions only after all migrations have run; these are needed now.
    Group = apps.get_model("auth", "Group")
    Permission = apps.get_model("auth", "Permission")
    ContentType = apps.get_model("contenttypes", "ContentType")
    names = {
        codename: name
        for model in apps.get_app_config("chats").get_models()
        for codename, name in model._meta.permissions
    }
    for role, wanted in ROLES.items():
        group, _ = Group.objects.get_or_create(name=role)
        for app, model, codename in wanted:
            content_type, _ = ContentType.objects.get_or_create(app_label=app, model=model)
            label = names.get(codename) or "Can " + codename.replace("_", " ")
            permission, _ = Permission.objects.get_or_create(
                content_type=content_type, codename=codename, defaults={"name": label}
            )
            group.permissions.add(permission)


class Migration(migrations.Migration):
    dependencies = [
        ("chats", "0001_start"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]
    operations = [migrations.RunPython(make_roles, migrations.RunPython.noop)]
