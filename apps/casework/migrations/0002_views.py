import apps.core.clock
import apps.core.models
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0001_initial"),
        ("casework", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="SavedView",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=apps.core.models.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "created_at",
                    models.DateTimeField(default=apps.core.clock.now, editable=False, verbose_name="created at"),
                ),
                ("name", models.CharField(max_length=40, verbose_name="name")),
                ("query", models.CharField(max_length=2000)),
                ("names", models.JSONField(default=dict)),
                (
                    "audience",
                    models.CharField(
                        choices=[("private", "Only me"), ("department", "My department"), ("all", "Everybody")],
                        default="private",
                        max_length=12,
                        verbose_name="who sees it",
                    ),
                ),
                (
                    "department",
                    models.ForeignKey(
                        blank=True,
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.department",
                    ),
                ),
                (
                    "owner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "verbose_name": "saved view",
                "verbose_name_plural": "saved views",
                "permissions": [("share_view", "Can share saved views of the queue, and change those that are shared")],
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="ViewPlace",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("position", models.PositiveSmallIntegerField(default=0)),
                ("is_default", models.BooleanField(default=False)),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "view",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="places", to="casework.savedview"
                    ),
                ),
            ],
            options={
                "default_permissions": (),
            },
        ),
        migrations.AddConstraint(
            model_name="savedview",
            constraint=models.UniqueConstraint(fields=("owner", "name"), name="view_name_once"),
        ),
        migrations.AddConstraint(
            model_name="savedview",
            constraint=models.CheckConstraint(
                condition=models.Q(("audience__in", ["private", "department", "all"])), name="view_audience_known"
            ),
        ),
        migrations.AddConstraint(
            model_name="savedview",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("audience", "department"), ("department__isnull", False)),
                    models.Q(models.Q(("audience", "department"), _negated=True), ("department", None)),
                    _connector="OR",
                ),
                name="view_department",
            ),
        ),
        migrations.AddConstraint(
            model_name="viewplace",
            constraint=models.UniqueConstraint(fields=("user", "view"), name="view_place_once"),
        ),
        migrations.AddConstraint(
            model_name="viewplace",
            constraint=models.UniqueConstraint(
                condition=models.Q(("is_default", True)), fields=("user",), name="view_one_default"
            ),
        ),
    ]
