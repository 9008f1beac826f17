import apps.casework.models.care
import apps.casework.states
import apps.core.clock
import apps.core.fields
import apps.core.models
import django.core.validators
import django.db.models.deletion
import django_fsm
from decimal import Decimal
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("accounts", "0001_initial"),
        ("core", "0001_initial"),
        ("feedback", "0003_vocabulary"),
        ("triage", "0002_vocabulary"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="CareRule",
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
                        blank=True,
                        choices=[
                            ("inquiry", "Inquiry"),
                            ("complaint", "Complaint"),
                            ("suggestion", "Suggestion"),
                            ("fault", "Fault report"),
                            ("request", "Request"),
                            ("regulator", "Regulator case"),
                        ],
                        max_length=12,
                        verbose_name="kind",
                    ),
                ),
                (
                    "demand",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("none", "Not stated"),
                            ("visit", "On-site visit"),
                            ("resend", "Resend"),
                            ("exchange", "Exchange"),
                            ("return", "Return"),
                            ("claim", "Compensation"),
                            ("refund", "Refund"),
                            ("apology", "Apology"),
                        ],
                        max_length=10,
                        verbose_name="demand",
                    ),
                ),
                (
                    "risk",
                    models.CharField(
                        blank=True,
                        choices=[("none", "No special risk"), ("safety", "Safety"), ("legal", "Legal or media")],
                        max_length=10,
                        verbose_name="risk",
                    ),
                ),
                (
                    "urgency",
                    models.CharField(
                        blank=True,
                        choices=[("normal", "Normal"), ("urgent", "Urgent"), ("critical", "Critical")],
                        max_length=10,
                        verbose_name="urgency",
                    ),
                ),
                ("active", models.BooleanField(default=True, verbose_name="active")),
                ("code", models.SlugField(editable=False, max_length=40, null=True, unique=True)),
                ("task", models.CharField(max_length=200, verbose_name="what is to be done")),
                (
                    "tier",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("normal", "Regular customer"),
                            ("silver", "Silver member"),
                            ("gold", "Gold member"),
                            ("vip", "VIP"),
                        ],
                        max_length=10,
                        verbose_name="customer tier",
                    ),
                ),
                (
                    "priority",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("critical", "Critical priority"),
                            ("high", "High"),
                            ("medium", "Medium"),
                            ("low", "Low"),
                        ],
                        max_length=10,
                        verbose_name="priority",
                    ),
                ),
                (
                    "moment",
                    models.CharField(
                        choices=[
                            ("received", "when it comes in or is reclassified"),
                            ("resolved", "when it is resolved"),
                        ],
                        default="received",
                        max_length=10,
                        verbose_name="when",
                    ),
                ),
                (
                    "role",
                    models.CharField(
                        choices=apps.casework.models.care.roles,
                        default="service_lead",
                        max_length=30,
                        verbose_name="responsible role",
                    ),
                ),
                (
                    "category",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="triage.category",
                        verbose_name="category",
                    ),
                ),
            ],
            options={
                "verbose_name": "care rule",
                "verbose_name_plural": "care rules",
                "ordering": ["task"],
            },
        ),
        migrations.CreateModel(
            name="ChecklistTemplate",
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
                        blank=True,
                        choices=[
                            ("inquiry", "Inquiry"),
                            ("complaint", "Complaint"),
                            ("suggestion", "Suggestion"),
                            ("fault", "Fault report"),
                            ("request", "Request"),
                            ("regulator", "Regulator case"),
                        ],
                        max_length=12,
                        verbose_name="kind",
                    ),
                ),
                (
                    "demand",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("none", "Not stated"),
                            ("visit", "On-site visit"),
                            ("resend", "Resend"),
                            ("exchange", "Exchange"),
                            ("return", "Return"),
                            ("claim", "Compensation"),
                            ("refund", "Refund"),
                            ("apology", "Apology"),
                        ],
                        max_length=10,
                        verbose_name="demand",
                    ),
                ),
                (
                    "risk",
                    models.CharField(
                        blank=True,
                        choices=[("none", "No special risk"), ("safety", "Safety"), ("legal", "Legal or media")],
                        max_length=10,
                        verbose_name="risk",
                    ),
                ),
                (
                    "urgency",
                    models.CharField(
                        blank=True,
                        choices=[("normal", "Normal"), ("urgent", "Urgent"), ("critical", "Critical")],
                        max_length=10,
                        verbose_name="urgency",
                    ),
                ),
                ("active", models.BooleanField(default=True, verbose_name="active")),
                ("code", models.SlugField(editable=False, max_length=40, null=True, unique=True)),
                ("name", models.CharField(max_length=80, unique=True, verbose_name="name")),
                (
                    "automatic",
                    models.BooleanField(
                        default=False,
                        help_text="Tickets that meet the conditions get it when they come in or are reclassified.",
                        verbose_name="put on by itself",
                    ),
                ),
                ("ruled_since", models.DateTimeField(default=apps.core.clock.now, editable=False)),
                (
                    "category",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="triage.category",
                        verbose_name="category",
                    ),
                ),
            ],
            options={
                "verbose_name": "check-list template",
                "verbose_name_plural": "check-list templates",
                "ordering": ["name"],
            },
        ),
        migrations.CreateModel(
            name="Checklist",
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
                ("name", models.CharField(max_length=80, verbose_name="name")),
                ("by_rule", models.BooleanField(default=False, verbose_name="put on by a rule")),
                ("at", models.DateTimeField(default=apps.core.clock.now, verbose_name="added at")),
                ("removed_at", models.DateTimeField(null=True, verbose_name="taken off at")),
                ("removal_reason", models.TextField(blank=True, verbose_name="reason")),
                (
                    "author",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "removed_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "ticket",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="checklists", to="feedback.ticket"
                    ),
                ),
                (
                    "template",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="casework.checklisttemplate",
                    ),
                ),
            ],
            options={
                "verbose_name": "check-list",
                "verbose_name_plural": "check-lists",
                "ordering": ["id"],
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="ChecklistTemplateItem",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("position", models.PositiveSmallIntegerField(default=10, verbose_name="position")),
                ("text", models.CharField(max_length=200, verbose_name="what is to be done")),
                (
                    "required",
                    models.BooleanField(
                        default=True,
                        help_text="The ticket cannot be resolved while this is open.",
                        verbose_name="required",
                    ),
                ),
                (
                    "template",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="items",
                        to="casework.checklisttemplate",
                    ),
                ),
            ],
            options={
                "verbose_name": "item",
                "verbose_name_plural": "items",
                "ordering": ["position", "pk"],
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="Evidence",
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
                ("at", models.DateTimeField(default=apps.core.clock.now, verbose_name="written at")),
                ("struck_at", models.DateTimeField(null=True, verbose_name="struck out at")),
                ("strike_reason", models.TextField(blank=True, verbose_name="reason")),
                ("note", models.CharField(blank=True, max_length=300, verbose_name="what it shows")),
                (
                    "attachment",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="feedback.attachment",
                    ),
                ),
                (
                    "author",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "struck_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "ticket",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="evidence", to="feedback.ticket"
                    ),
                ),
                (
                    "upload",
                    models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="core.upload"),
                ),
            ],
            options={
                "verbose_name": "piece of evidence",
                "verbose_name_plural": "evidence",
                "ordering": ["id"],
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="Interview",
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
                ("at", models.DateTimeField(default=apps.core.clock.now, verbose_name="written at")),
                ("struck_at", models.DateTimeField(null=True, verbose_name="struck out at")),
                ("strike_reason", models.TextField(blank=True, verbose_name="reason")),
                (
                    "party",
                    models.CharField(
                        choices=[
                            ("customer", "Customer"),
                            ("colleague", "Colleague"),
                            ("supplier", "Supplier"),
                            ("witness", "Witness"),
                        ],
                        max_length=10,
                        verbose_name="who",
                    ),
                ),
                ("person", apps.core.fields.EncryptedTextField(verbose_name="name")),
                ("person_masked", models.CharField(max_length=120, verbose_name="name")),
                ("held_at", models.DateTimeField(verbose_name="when")),
                ("said", models.TextField(verbose_name="what was said")),
                (
                    "author",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "struck_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "ticket",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="interviews", to="feedback.ticket"
                    ),
                ),
            ],
            options={
                "verbose_name": "interview",
                "verbose_name_plural": "interviews",
                "ordering": ["held_at", "id"],
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="Investigation",
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
                ("number", models.PositiveSmallIntegerField(verbose_name="version")),
                ("findings", models.TextField(verbose_name="findings")),
                ("root_cause", models.TextField(blank=True, verbose_name="root cause")),
                ("conclusion", models.TextField(blank=True, verbose_name="conclusion")),
                ("at", models.DateTimeField(default=apps.core.clock.now, verbose_name="written at")),
                ("signed_at", models.DateTimeField(null=True, verbose_name="signed at")),
                (
                    "author",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "department",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.department",
                        verbose_name="responsible department",
                    ),
                ),
                (
                    "signed_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="signed by",
                    ),
                ),
                (
                    "ticket",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="investigations", to="feedback.ticket"
                    ),
                ),
            ],
            options={
                "verbose_name": "investigation",
                "verbose_name_plural": "investigations",
                "ordering": ["-number"],
                "permissions": [("sign_investigation", "Can sign off investigations")],
                "default_permissions": ("view",),
            },
        ),
        migrations.CreateModel(
            name="Macro",
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
                ("name", models.CharField(max_length=60, verbose_name="name")),
                ("description", models.CharField(blank=True, max_length=200, verbose_name="what it is for")),
                ("active", models.BooleanField(default=True, verbose_name="active")),
                (
                    "owner",
                    models.ForeignKey(
                        blank=True,
                        help_text="Empty: shared with everybody who works on tickets.",
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="private to",
                    ),
                ),
            ],
            options={
                "verbose_name": "macro",
                "verbose_name_plural": "macros",
                "ordering": ["name"],
                "permissions": [("share_macro", "Can share macros with everybody")],
            },
        ),
        migrations.CreateModel(
            name="ReplyTemplate",
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
                ("code", models.SlugField(editable=False, max_length=40, null=True, unique=True)),
                ("title", models.CharField(max_length=60, verbose_name="title")),
                ("body", models.TextField(verbose_name="text")),
                (
                    "language",
                    models.CharField(
                        choices=[("zh-hans", "简体中文"), ("zh-hant", "繁體中文"), ("en", "English")],
                        default="zh-hans",
                        max_length=10,
                        verbose_name="language",
                    ),
                ),
                (
                    "channel",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("online", "Online form"),
                            ("email", "E-mail"),
                            ("hotline", "Hotline"),
                            ("store", "Store counter"),
                            ("wechat", "WeChat"),
                            ("weibo", "Weibo"),
                            ("facebook", "Facebook"),
                            ("chat", "Website chat"),
                            ("app", "App"),
                            ("api", "REST API"),
                            ("pay", "Payment provider"),
                            ("regulator", "Authority"),
                        ],
                        max_length=12,
                        verbose_name="channel",
                    ),
                ),
                (
                    "tone",
                    models.CharField(
                        choices=[
                            ("plain", "Matter-of-fact"),
                            ("warm", "Warm"),
                            ("calming", "Calming"),
                            ("formal", "Formal"),
                        ],
                        default="plain",
                        max_length=10,
                        verbose_name="tone",
                    ),
                ),
                ("position", models.PositiveSmallIntegerField(default=100, verbose_name="position")),
                ("active", models.BooleanField(default=True, verbose_name="active")),
                (
                    "category",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="triage.category",
                        verbose_name="category",
                    ),
                ),
            ],
            options={
                "verbose_name": "reply template",
                "verbose_name_plural": "reply templates",
                "ordering": ["position", "title"],
            },
        ),
        migrations.CreateModel(
            name="MacroStep",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("position", models.PositiveSmallIntegerField(default=10, verbose_name="position")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("accept", "Accept"),
                            ("assign", "Assign"),
                            ("urgency", "Set urgency"),
                            ("tag", "Add tag"),
                            ("checklist", "Add check-list"),
                            ("note", "Write an internal note"),
                            ("progress", "Send a progress note"),
                            ("reply", "Send a reply"),
                            ("wait", "Ask the customer and wait"),
                            ("follow", "Follow the ticket"),
                        ],
                        max_length=12,
                        verbose_name="step",
                    ),
                ),
                (
                    "urgency",
                    models.CharField(
                        blank=True,
                        choices=[("normal", "Normal"), ("urgent", "Urgent"), ("critical", "Critical")],
                        max_length=10,
                        verbose_name="urgency",
                    ),
                ),
                ("tag", models.CharField(blank=True, max_length=30, verbose_name="tag")),
                (
                    "text",
                    models.TextField(
                        blank=True, help_text="Instead of a template; may use its placeholders.", verbose_name="text"
                    ),
                ),
                (
                    "assignee",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="handler",
                    ),
                ),
                (
                    "checklist",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="casework.checklisttemplate",
                        verbose_name="check-list",
                    ),
                ),
                (
                    "department",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.department",
                        verbose_name="department",
                    ),
                ),
                (
                    "macro",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="steps", to="casework.macro"
                    ),
                ),
                (
                    "reply",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="casework.replytemplate",
                        verbose_name="reply template",
                    ),
                ),
            ],
            options={
                "verbose_name": "step",
                "verbose_name_plural": "steps",
                "ordering": ["position", "pk"],
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="StateDemand",
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
                        blank=True,
                        choices=[
                            ("inquiry", "Inquiry"),
                            ("complaint", "Complaint"),
                            ("suggestion", "Suggestion"),
                            ("fault", "Fault report"),
                            ("request", "Request"),
                            ("regulator", "Regulator case"),
                        ],
                        max_length=12,
                        verbose_name="kind",
                    ),
                ),
                (
                    "demand",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("none", "Not stated"),
                            ("visit", "On-site visit"),
                            ("resend", "Resend"),
                            ("exchange", "Exchange"),
                            ("return", "Return"),
                            ("claim", "Compensation"),
                            ("refund", "Refund"),
                            ("apology", "Apology"),
                        ],
                        max_length=10,
                        verbose_name="demand",
                    ),
                ),
                (
                    "risk",
                    models.CharField(
                        blank=True,
                        choices=[("none", "No special risk"), ("safety", "Safety"), ("legal", "Legal or media")],
                        max_length=10,
                        verbose_name="risk",
                    ),
                ),
                (
                    "urgency",
                    models.CharField(
                        blank=True,
                        choices=[("normal", "Normal"), ("urgent", "Urgent"), ("critical", "Critical")],
                        max_length=10,
                        verbose_name="urgency",
                    ),
                ),
                ("active", models.BooleanField(default=True, verbose_name="active")),
                (
                    "state",
                    models.CharField(
                        choices=apps.casework.states.demanding_states, max_length=20, verbose_name="before this state"
                    ),
                ),
                ("needs", models.CharField(max_length=40, verbose_name="is needed")),
                (
                    "hint",
                    models.CharField(
                        blank=True, help_text="Shown to whoever is held up.", max_length=200, verbose_name="why"
                    ),
                ),
                (
                    "category",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="triage.category",
                        verbose_name="category",
                    ),
                ),
            ],
            options={
                "verbose_name": "demanded field",
                "verbose_name_plural": "demanded fields",
                "ordering": ["state", "needs"],
            },
        ),
        migrations.CreateModel(
            name="TimeEntry",
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
                ("minutes", models.IntegerField(verbose_name="minutes")),
                (
                    "activity",
                    models.CharField(choices=apps.casework.states.activities, max_length=20, verbose_name="activity"),
                ),
                ("note", models.CharField(blank=True, max_length=200, verbose_name="note")),
                ("worked_on", models.DateField(help_text="Calendar day in Shanghai.", verbose_name="day")),
                ("at", models.DateTimeField(default=apps.core.clock.now, verbose_name="entered at")),
                (
                    "corrects",
                    models.OneToOneField(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="correction",
                        to="casework.timeentry",
                        verbose_name="corrects",
                    ),
                ),
                (
                    "ticket",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="feedback.ticket",
                        verbose_name="ticket",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="who",
                    ),
                ),
            ],
            options={
                "verbose_name": "time entry",
                "verbose_name_plural": "time entries",
                "ordering": ["-id"],
                "default_permissions": ("view",),
            },
        ),
        migrations.CreateModel(
            name="ToneGuide",
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
                    "language",
                    models.CharField(
                        choices=[("zh-hans", "简体中文"), ("zh-hant", "繁體中文"), ("en", "English")],
                        default="zh-hans",
                        max_length=10,
                        verbose_name="language",
                    ),
                ),
                (
                    "at_most",
                    models.DecimalField(
                        decimal_places=2,
                        help_text="From -1 (furious) to 0. The classifier's judgement of the customer's words.",
                        max_digits=3,
                        validators=[
                            django.core.validators.MinValueValidator(Decimal("-1")),
                            django.core.validators.MaxValueValidator(Decimal("0")),
                        ],
                        verbose_name="from this sentiment down",
                    ),
                ),
                (
                    "text",
                    models.TextField(
                        help_text="One piece of advice a line; three to five are read.", verbose_name="advice"
                    ),
                ),
                ("active", models.BooleanField(default=True, verbose_name="active")),
            ],
            options={
                "verbose_name": "tone guide",
                "verbose_name_plural": "tone guides",
                "ordering": ["language", "at_most"],
                "constraints": [models.UniqueConstraint(fields=("language", "at_most"), name="tone_guide_level")],
            },
        ),
        migrations.CreateModel(
            name="Watch",
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
                    "ticket",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="watches", to="feedback.ticket"
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "verbose_name": "watch",
                "verbose_name_plural": "watches",
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="CareTask",
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
                ("title", models.CharField(max_length=200, verbose_name="what is to be done")),
                (
                    "role",
                    models.CharField(
                        choices=apps.casework.models.care.roles, max_length=30, verbose_name="responsible role"
                    ),
                ),
                (
                    "state",
                    django_fsm.FSMField(
                        choices=[("open", "Open"), ("done", "Done"), ("skipped", "Skipped")],
                        default="open",
                        max_length=10,
                        protected=True,
                        verbose_name="state",
                    ),
                ),
                ("version", models.PositiveIntegerField(default=1, editable=False)),
                ("outcome", models.TextField(blank=True, verbose_name="what came of it")),
                ("ended_at", models.DateTimeField(null=True, verbose_name="ended at")),
                (
                    "assignee",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="taken by",
                    ),
                ),
                (
                    "ended_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "rule",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="casework.carerule",
                    ),
                ),
                (
                    "ticket",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="care_tasks", to="feedback.ticket"
                    ),
                ),
            ],
            options={
                "verbose_name": "care task",
                "verbose_name_plural": "care tasks",
                "ordering": ["id"],
                "default_permissions": ("view",),
                "indexes": [
                    models.Index(fields=["ticket"], name="care_task_ticket"),
                    models.Index(condition=models.Q(("state", "open")), fields=["role"], name="care_task_open"),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("ticket", "rule"), name="care_task_once_per_rule"),
                    models.CheckConstraint(
                        condition=models.Q(("state__in", ["open", "done", "skipped"])), name="care_task_state"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("ended_at", None), ("state", "open")),
                            models.Q(models.Q(("state", "open"), _negated=True), ("ended_at__isnull", False)),
                            _connector="OR",
                        ),
                        name="care_task_ended",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ChecklistItem",
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
                ("position", models.PositiveSmallIntegerField(verbose_name="position")),
                ("text", models.CharField(max_length=200, verbose_name="what is to be done")),
                ("required", models.BooleanField(verbose_name="required")),
                ("settled_at", models.DateTimeField(null=True, verbose_name="when")),
                ("not_applicable", models.BooleanField(default=False, verbose_name="not applicable")),
                ("reason", models.CharField(blank=True, max_length=300, verbose_name="reason")),
                (
                    "checklist",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="items", to="casework.checklist"
                    ),
                ),
                (
                    "settled_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "item",
                "verbose_name_plural": "items",
                "ordering": ["position", "id"],
                "default_permissions": (),
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("not_applicable", False),
                            models.Q(("settled_at__isnull", False), models.Q(("reason", ""), _negated=True)),
                            _connector="OR",
                        ),
                        name="checklist_item_why_not",
                    )
                ],
            },
        ),
        migrations.AddConstraint(
            model_name="checklist",
            constraint=models.UniqueConstraint(
                condition=models.Q(("removed_at", None)),
                fields=("ticket", "template"),
                name="checklist_once_per_ticket",
            ),
        ),
        migrations.AddConstraint(
            model_name="evidence",
            constraint=models.UniqueConstraint(
                condition=models.Q(("struck_at", None)), fields=("ticket", "upload"), name="evidence_once_per_ticket"
            ),
        ),
        migrations.AddConstraint(
            model_name="investigation",
            constraint=models.UniqueConstraint(fields=("ticket", "number"), name="investigation_version"),
        ),
        migrations.AddConstraint(
            model_name="investigation",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("signed_at", None), ("signed_by", None)),
                    models.Q(("signed_at__isnull", False), ("signed_by__isnull", False)),
                    _connector="OR",
                ),
                name="investigation_signature",
            ),
        ),
        migrations.AddConstraint(
            model_name="macro",
            constraint=models.UniqueConstraint(fields=("name", "owner"), name="macro_name", nulls_distinct=False),
        ),
        migrations.AddConstraint(
            model_name="replytemplate",
            constraint=models.UniqueConstraint(fields=("title", "language"), name="reply_template_title"),
        ),
        migrations.AddIndex(
            model_name="timeentry",
            index=models.Index(fields=["user", "worked_on"], name="time_entry_person_day"),
        ),
        migrations.AddConstraint(
            model_name="timeentry",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("corrects", None), ("minutes__gt", 0)),
                    models.Q(("corrects__isnull", False), ("minutes__lt", 0)),
                    _connector="OR",
                ),
                name="time_entry_sign",
            ),
        ),
        migrations.AddConstraint(
            model_name="watch",
            constraint=models.UniqueConstraint(fields=("ticket", "user"), name="watch_once"),
        ),
    ]
