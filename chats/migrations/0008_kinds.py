"""What the other kinds of operations need: whom and what they are about, and what came of them."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


def give_managers_their_lines(apps, schema_editor):
    """Those who manage lines may change a line's contact card and forwarding, and audit its reputation."""
    # Django writes permissions only after all migrations have run; these are needed now.
    Group = apps.get_model("auth", "Group")
    Permission = apps.get_model("auth", "Permission")
    ContentType = apps.get_model("contenttypes", "ContentType")
    name = dict(apps.get_model("chats", "Line")._meta.permissions)["manage_lines"]
    content_type, _ = ContentType.objects.get_or_create(app_label="chats", model="line")
    permission, _ = Permission.objects.get_or_create(
        content_type=content_type, codename="manage_lines", defaults={"name": name}
    )
    for group in Group.objects.filter(name__in=["Manager", "Administrator"]):
        group.permissions.add(permission)


class Migration(migrations.Migration):

    dependencies = [
        ('chats', '0007_files'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='ReputationAudit',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('remote_id', models.CharField(editable=False, max_length=64)),
                ('status', models.CharField(choices=[('pending', 'Running'), ('complete', 'Complete'), ('error', 'Failed')], default='pending', max_length=10)),
                ('started_at', models.DateTimeField()),
                ('generated_at', models.DateTimeField(blank=True, null=True)),
                ('report', models.JSONField(blank=True, help_text='As the remote wrote it.', null=True)),
                ('error', models.CharField(blank=True, max_length=500)),
            ],
        ),
        migrations.CreateModel(
            name='SharedLocation',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('began_at', models.DateTimeField()),
                ('ends_at', models.DateTimeField(blank=True, help_text='When it ends by itself; empty: never.', null=True)),
                ('ended_at', models.DateTimeField(blank=True, null=True)),
                ('latitude', models.FloatField(blank=True, null=True)),
                ('longitude', models.FloatField(blank=True, null=True)),
                ('place', models.CharField(blank=True, max_length=300)),
                ('seen_at', models.DateTimeField(blank=True, help_text='When they were there.', null=True)),
                ('read_at', models.DateTimeField(blank=True, help_text='When we asked last.', null=True)),
            ],
        ),
        migrations.AlterModelOptions(
            name='line',
            options={'ordering': ['label', 'phone_number'], 'permissions': [('manage_lines', "Can change a line's contact card and forwarding, and audit its reputation"), ('pause_lines', 'Can pause and resume lines'), ('use_all_lines', 'Can see and use every line'), ('watch_lines', 'Can open the lines page')]},
        ),
        migrations.AddField(
            model_name='chat',
            name='card_shared_at',
            field=models.DateTimeField(blank=True, editable=False, help_text="When our line's contact card was last offered here.", null=True),
        ),
        migrations.AddField(
            model_name='handle',
            name='block_reason',
            field=models.CharField(blank=True, db_default='', editable=False, max_length=500),
        ),
        migrations.AddField(
            model_name='handle',
            name='has_imessage',
            field=models.BooleanField(blank=True, editable=False, null=True),
        ),
        migrations.AddField(
            model_name='handle',
            name='has_imessage_at',
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
        migrations.AddField(
            model_name='handle',
            name='has_rcs',
            field=models.BooleanField(blank=True, editable=False, null=True),
        ),
        migrations.AddField(
            model_name='handle',
            name='has_rcs_at',
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
        migrations.AddField(
            model_name='line',
            name='card_first_name',
            field=models.CharField(blank=True, db_default='', editable=False, max_length=255),
        ),
        migrations.AddField(
            model_name='line',
            name='card_image_url',
            field=models.TextField(blank=True, db_default='', editable=False),
        ),
        migrations.AddField(
            model_name='line',
            name='card_known_at',
            field=models.DateTimeField(blank=True, editable=False, help_text='When the card was last told of; empty: never.', null=True),
        ),
        migrations.AddField(
            model_name='line',
            name='card_last_name',
            field=models.CharField(blank=True, db_default='', editable=False, max_length=255),
        ),
        migrations.AddField(
            model_name='line',
            name='forwarding_changed_at',
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
        migrations.AddField(
            model_name='message',
            name='deleted_at',
            field=models.DateTimeField(blank=True, editable=False, help_text='When somebody here had it deleted, at the remote too.', null=True),
        ),
        migrations.AddField(
            model_name='operation',
            name='about',
            field=models.ForeignKey(blank=True, db_index=False, help_text='The message that it edits, deletes or reacts to.', null=True, on_delete=django.db.models.deletion.CASCADE, related_name='changes', to='chats.message'),
        ),
        migrations.AlterField(
            model_name='operation',
            name='kind',
            field=models.CharField(choices=[('send_message', 'Send a message'), ('create_chat', 'Start a chat'), ('rename_group', 'Rename the group'), ('set_group_icon', "Change the group's picture"), ('add_participant', 'Add a person'), ('remove_participant', 'Remove a person'), ('leave_group', 'Leave the group'), ('mark_read', 'Mark as read'), ('upload_attachment', 'Upload a file'), ('send_voice_memo', 'Send a voice memo'), ('edit_message', 'Edit a message'), ('delete_message', 'Delete a message'), ('add_reaction', 'React to a message'), ('remove_reaction', 'Take a reaction back'), ('start_typing', 'Show that we are typing'), ('stop_typing', 'Show that we stopped typing'), ('share_contact_card', 'Share our contact card'), ('request_location', 'Ask for a location'), ('read_location', 'See where they are'), ('stop_location', 'Stop a shared location'), ('block_handle', 'Block a person'), ('unblock_handle', 'Unblock a person'), ('check_capability', 'Check what reaches a person'), ('save_contact_card', "Save the line's contact card"), ('set_forwarding', "Forward the line's calls"), ('start_audit', "Audit the line's reputation")], max_length=30),
        ),
        migrations.AddField(
            model_name='reputationaudit',
            name='line',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='audits', to='chats.line'),
        ),
        migrations.AddField(
            model_name='reputationaudit',
            name='operation',
            field=models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='audit', to='chats.operation'),
        ),
        migrations.AddField(
            model_name='sharedlocation',
            name='handle',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='shared_locations', to='chats.handle'),
        ),
        migrations.AddField(
            model_name='sharedlocation',
            name='line',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='shared_locations', to='chats.line'),
        ),
        migrations.AddIndex(
            model_name='reputationaudit',
            index=models.Index(fields=['line', '-id'], name='audit_of_line'),
        ),
        migrations.AddConstraint(
            model_name='reputationaudit',
            constraint=models.UniqueConstraint(fields=('line', 'remote_id'), name='an_audit_is_there_once'),
        ),
        migrations.AddConstraint(
            model_name='sharedlocation',
            constraint=models.UniqueConstraint(fields=('handle', 'line'), name='a_person_shares_with_a_line_once'),
        ),
        migrations.RunPython(give_managers_their_lines, migrations.RunPython.noop),
    ]
