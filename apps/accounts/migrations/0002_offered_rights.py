import django.db.models.deletion
from django.db import migrations, models


def note_what_there_was(apps, schema_editor):
    """A site that exists: all rights known until now were its administrators' to give or take, so none counts as new.

    The rights of the models that come with this release have no rows yet: those are made after all migrations.
    """
    offered = apps.get_model("accounts", "OfferedRight")
    permissions = list(apps.get_model("auth", "Permission").objects.values_list("pk", flat=True))
    for role in apps.get_model("auth", "Group").objects.values_list("pk", flat=True):
        offered.objects.bulk_create(offered(role_id=role, permission_id=pk) for pk in permissions)


class Migration(migrations.Migration):
    dependencies = [
        ("auth", "0012_alter_user_first_name_max_length"),
        ("accounts", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="OfferedRight",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "permission",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="auth.permission"
                    ),
                ),
                (
                    "role",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="auth.group",
                    ),
                ),
            ],
            options={
                "default_permissions": (),
                "constraints": [models.UniqueConstraint(fields=("role", "permission"), name="offered_right_once")],
            },
        ),
        migrations.RunPython(note_what_there_was, migrations.RunPython.noop, elidable=True),
    ]
