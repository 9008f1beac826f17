import django.core.validators
import django.db.models.deletion
import django_fsm
from django.conf import settings
from django.db import migrations, models

import apps.core.clock
import apps.core.models


class Migration(migrations.Migration):
    dependencies = [
        ("feedback", "0003_vocabulary"),
        ("triage", "0002_vocabulary"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AlterModelOptions(
            name="ticket",
            options={
                "permissions": [
                    ("view_all_tickets", "Can see the tickets of all departments"),
                    ("create_ticket", "Can register feedback"),
                    ("assign_ticket", "Can assign tickets"),
                    ("handle_ticket", "Can work on tickets"),
                    ("approve_solution", "Can approve solutions"),
                    ("close_ticket", "Can close tickets"),
                    ("reject_ticket", "Can reject and restore tickets"),
                    ("follow_up_ticket", "Can do second follow-ups"),
                    ("merge_across_customers", "Can merge tickets of different customers"),
                ],
                "verbose_name": "ticket",
                "verbose_name_plural": "tickets",
            },
        ),
        migrations.CreateModel(
            name="Merge",
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
                (
                    "former_state",
                    models.CharField(
                        choices=[
                            ("pending", "Pending"),
                            ("assigned", "Assigned"),
                            ("in_progress", "In progress"),
                            ("waiting", "Waiting for customer"),
                            ("solution_approval", "Solution approval"),
                            ("resolved", "Resolved"),
                            ("callback", "Call-back"),
                            ("second_follow_up", "Second follow-up"),
                            ("reopened", "Reopened"),
                            ("closed", "Closed"),
                            ("rejected", "Rejected"),
                            ("merged", "Merged"),
                        ],
                        max_length=20,
                    ),
                ),
                ("undo", models.JSONField(default=dict)),
                ("at", models.DateTimeField(default=apps.core.clock.now, verbose_name="when")),
                ("undone_at", models.DateTimeField(blank=True, null=True, verbose_name="undone")),
            ],
            options={
                "verbose_name": "merge",
                "verbose_name_plural": "merges",
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="Tag",
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
                ("name", models.CharField(max_length=30, unique=True, verbose_name="tag")),
                (
                    "suggested",
                    models.BooleanField(
                        default=False,
                        help_text="Offered first: for its category, or for all where none is given.",
                        verbose_name="suggested",
                    ),
                ),
                ("uses", models.PositiveIntegerField(default=0, editable=False, verbose_name="tickets")),
                ("pending", models.BooleanField(default=False, editable=False, verbose_name="being replaced")),
            ],
            options={
                "verbose_name": "tag",
                "verbose_name_plural": "tags",
                "ordering": ["name"],
            },
        ),
        migrations.CreateModel(
            name="TicketLink",
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
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("related", "related"),
                            ("blocks", "blocks"),
                            ("caused_by", "caused by"),
                            ("distinct", "not the same as"),
                        ],
                        max_length=10,
                        verbose_name="kind",
                    ),
                ),
                ("reason", models.CharField(blank=True, max_length=500, verbose_name="reason")),
                ("at", models.DateTimeField(default=apps.core.clock.now, verbose_name="when")),
            ],
            options={
                "verbose_name": "link between tickets",
                "verbose_name_plural": "links between tickets",
                "default_permissions": (),
            },
        ),
        migrations.RemoveConstraint(
            model_name="ticket",
            name="ticket_state_known",
        ),
        migrations.AddField(
            model_name="deskrules",
            name="nudge_heads_from",
            field=models.PositiveSmallIntegerField(
                default=3,
                validators=[django.core.validators.MinValueValidator(1)],
                verbose_name="nudges from which the heads of department are told",
            ),
        ),
        migrations.AddField(
            model_name="deskrules",
            name="nudge_hours",
            field=models.PositiveSmallIntegerField(
                default=4, help_text="0: as often as they like.", verbose_name="hours between two nudges of a customer"
            ),
        ),
        migrations.AddField(
            model_name="deskrules",
            name="repeat_similarity",
            field=models.PositiveSmallIntegerField(
                default=50,
                help_text="Percent. Feedback of one customer on the same order or machine counts as repeated without it.",
                validators=[
                    django.core.validators.MinValueValidator(30),
                    django.core.validators.MaxValueValidator(100),
                ],
                verbose_name="likeness from which two texts say the same",
            ),
        ),
        migrations.AddField(
            model_name="ticket",
            name="merged_into",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="merged",
                to="feedback.ticket",
                verbose_name="merged into",
            ),
        ),
        migrations.AlterField(
            model_name="ticket",
            name="closed_as",
            field=models.CharField(
                blank=True,
                choices=[
                    ("satisfied", "Satisfied"),
                    ("no_reply", "No reply"),
                    ("followed_up", "After second follow-up"),
                    ("drill", "End of the drill"),
                    ("part", "Part of another ticket"),
                ],
                max_length=12,
                verbose_name="closed as",
            ),
        ),
        migrations.AlterField(
            model_name="ticket",
            name="parent",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="children",
                to="feedback.ticket",
                verbose_name="parent ticket",
            ),
        ),
        migrations.AlterField(
            model_name="ticket",
            name="repeat_of",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="repeats",
                to="feedback.ticket",
                verbose_name="repeats",
            ),
        ),
        migrations.AlterField(
            model_name="ticket",
            name="state",
            field=django_fsm.FSMField(
                choices=[
                    ("pending", "Pending"),
                    ("assigned", "Assigned"),
                    ("in_progress", "In progress"),
                    ("waiting", "Waiting for customer"),
                    ("solution_approval", "Solution approval"),
                    ("resolved", "Resolved"),
                    ("callback", "Call-back"),
                    ("second_follow_up", "Second follow-up"),
                    ("reopened", "Reopened"),
                    ("closed", "Closed"),
                    ("rejected", "Rejected"),
                    ("merged", "Merged"),
                ],
                default="pending",
                max_length=20,
                protected=True,
                verbose_name="state",
            ),
        ),
        migrations.AddIndex(
            model_name="ticket",
            index=models.Index(
                condition=models.Q(("merged_into__isnull", False)), fields=["merged_into"], name="ticket_merged"
            ),
        ),
        migrations.AddConstraint(
            model_name="ticket",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "state__in",
                        [
                            "pending",
                            "assigned",
                            "in_progress",
                            "waiting",
                            "solution_approval",
                            "resolved",
                            "callback",
                            "second_follow_up",
                            "reopened",
                            "closed",
                            "rejected",
                            "merged",
                        ],
                    )
                ),
                name="ticket_state_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="ticket",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("merged_into__isnull", False), ("state", "merged")),
                    models.Q(models.Q(("state", "merged"), _negated=True), ("merged_into", None)),
                    _connector="OR",
                ),
                name="ticket_merged_into",
            ),
        ),
        migrations.AddConstraint(
            model_name="ticket",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("parent", models.F("id")), _negated=True),
                    models.Q(("repeat_of", models.F("id")), _negated=True),
                    models.Q(("merged_into", models.F("id")), _negated=True),
                ),
                name="ticket_not_itself",
            ),
        ),
        migrations.AddField(
            model_name="merge",
            name="into",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="feedback.ticket"
            ),
        ),
        migrations.AddField(
            model_name="merge",
            name="ticket",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="merges", to="feedback.ticket"
            ),
        ),
        migrations.AddField(
            model_name="tag",
            name="becomes",
            field=models.ForeignKey(
                blank=True,
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="former",
                to="feedback.tag",
                verbose_name="stands for",
            ),
        ),
        migrations.AddField(
            model_name="tag",
            name="category",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="triage.category",
                verbose_name="suggest for category",
            ),
        ),
        migrations.AddField(
            model_name="ticketlink",
            name="author",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="ticketlink",
            name="source",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="links_out", to="feedback.ticket"
            ),
        ),
        migrations.AddField(
            model_name="ticketlink",
            name="target",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="links_in", to="feedback.ticket"
            ),
        ),
        migrations.AddConstraint(
            model_name="merge",
            constraint=models.UniqueConstraint(
                condition=models.Q(("undone_at", None)), fields=("ticket",), name="merge_one_at_a_time"
            ),
        ),
        migrations.AddConstraint(
            model_name="merge",
            constraint=models.CheckConstraint(
                condition=models.Q(("ticket", models.F("into")), _negated=True), name="merge_two"
            ),
        ),
        migrations.AddConstraint(
            model_name="merge",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "former_state__in",
                        [
                            "pending",
                            "assigned",
                            "in_progress",
                            "waiting",
                            "solution_approval",
                            "resolved",
                            "callback",
                            "second_follow_up",
                            "reopened",
                            "closed",
                            "rejected",
                            "merged",
                        ],
                    )
                ),
                name="merge_former_state",
            ),
        ),
        migrations.AddIndex(
            model_name="tag",
            index=models.Index(fields=["-uses"], name="tag_uses"),
        ),
        migrations.AddConstraint(
            model_name="tag",
            constraint=models.CheckConstraint(
                condition=models.Q(("becomes", models.F("id")), _negated=True), name="tag_becomes_another"
            ),
        ),
        migrations.AddConstraint(
            model_name="ticketlink",
            constraint=models.UniqueConstraint(fields=("source", "target", "kind"), name="ticket_link_once"),
        ),
        migrations.AddConstraint(
            model_name="ticketlink",
            constraint=models.CheckConstraint(
                condition=models.Q(("source", models.F("target")), _negated=True), name="ticket_link_two"
            ),
        ),
        migrations.AddConstraint(
            model_name="ticketlink",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind__in", ["related", "blocks", "caused_by", "distinct"])),
                name="ticket_link_kind",
            ),
        ),
    ]
