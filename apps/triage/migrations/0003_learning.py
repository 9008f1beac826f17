import apps.core.clock
import apps.core.models
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("triage", "0002_vocabulary"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="KeywordSuggestion",
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
                ("text", models.CharField(max_length=40, unique=True, verbose_name="keyword")),
                ("weight", models.DecimalField(decimal_places=2, max_digits=4, verbose_name="weight")),
                (
                    "corrected",
                    models.PositiveIntegerField(
                        help_text="Holding it, and led elsewhere by the keywords.", verbose_name="corrected tickets"
                    ),
                ),
                ("here", models.PositiveIntegerField(help_text="Holding it.", verbose_name="tickets of this category")),
                (
                    "elsewhere",
                    models.PositiveIntegerField(help_text="Holding it.", verbose_name="tickets of other categories"),
                ),
                (
                    "strength",
                    models.FloatField(
                        help_text="How clearly it tells this category from the others.", verbose_name="strength"
                    ),
                ),
                (
                    "decision",
                    models.CharField(
                        choices=[("open", "Undecided"), ("accepted", "Taken over"), ("dismissed", "Dropped")],
                        default="open",
                        max_length=10,
                        verbose_name="decision",
                    ),
                ),
                ("decided_at", models.DateTimeField(blank=True, null=True, verbose_name="settled at")),
                (
                    "category",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="triage.category",
                        verbose_name="category",
                    ),
                ),
                (
                    "decided_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="settled by",
                    ),
                ),
            ],
            options={
                "verbose_name": "keyword suggestion",
                "verbose_name_plural": "keyword suggestions",
                "ordering": ["-strength", "text"],
                "default_permissions": ("view",),
            },
        ),
        migrations.CreateModel(
            name="LibraryReview",
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
                ("month", models.DateField(unique=True, verbose_name="month")),
                ("figures", models.JSONField(default=dict)),
                ("done_at", models.DateTimeField(blank=True, null=True, verbose_name="ticked off at")),
                ("note", models.TextField(blank=True, verbose_name="result of the review")),
                (
                    "done_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="ticked off by",
                    ),
                ),
            ],
            options={
                "verbose_name": "keyword review",
                "verbose_name_plural": "keyword reviews",
                "ordering": ["-month"],
                "default_permissions": ("view",),
            },
        ),
        migrations.CreateModel(
            name="ModelVersion",
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
                ("number", models.PositiveIntegerField(unique=True, verbose_name="version")),
                (
                    "target",
                    models.CharField(
                        choices=[("category", "Category"), ("risk", "Risk"), ("sentiment", "Tone")],
                        max_length=10,
                        verbose_name="question",
                    ),
                ),
                (
                    "origin",
                    models.CharField(
                        choices=[("shipped", "Shipped with the product"), ("tickets", "This site’s tickets")],
                        max_length=10,
                        verbose_name="trained on",
                    ),
                ),
                ("active", models.BooleanField(default=False, verbose_name="active")),
                ("texts", models.PositiveIntegerField(verbose_name="texts")),
                ("corrections", models.PositiveIntegerField(verbose_name="decided by people")),
                ("accuracy", models.FloatField(verbose_name="accuracy")),
                ("macro_f1", models.FloatField(verbose_name="macro-F1")),
                ("figures", models.JSONField(default=dict)),
                ("digest", models.CharField(max_length=64)),
                ("weights", models.BinaryField()),
                ("actor_label", models.CharField(max_length=80, verbose_name="who")),
            ],
            options={
                "verbose_name": "learned model",
                "verbose_name_plural": "learned models",
                "ordering": ["-number"],
                "default_permissions": ("view",),
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("active", True)), fields=("target",), name="model_version_one_active"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("target__in", ["category", "risk", "sentiment"])),
                        name="model_version_target_known",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Replay",
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
                ("changes", models.JSONField()),
                ("days", models.PositiveSmallIntegerField(verbose_name="days back")),
                ("until", models.DateTimeField()),
                ("total", models.PositiveIntegerField(default=0)),
                ("done", models.PositiveIntegerField(default=0)),
                ("position", models.CharField(blank=True, max_length=40)),
                ("finished", models.BooleanField(default=False, verbose_name="finished")),
                ("tally", models.JSONField(default=dict)),
                (
                    "decision",
                    models.CharField(
                        choices=[("open", "Undecided"), ("accepted", "Taken over"), ("dismissed", "Dropped")],
                        default="open",
                        max_length=10,
                        verbose_name="decision",
                    ),
                ),
                ("decided_at", models.DateTimeField(blank=True, null=True, verbose_name="settled at")),
                (
                    "made_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="made by",
                    ),
                ),
            ],
            options={
                "verbose_name": "keyword replay",
                "verbose_name_plural": "keyword replays",
                "ordering": ["-id"],
                "default_permissions": ("view",),
            },
        ),
    ]
