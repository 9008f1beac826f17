"""Retention, personal data rights, audit and red flags (ARC-04, ARC-05, ARC-06, LAW-04, LAW-05)."""

import apps.core.clock
import apps.core.fields
import apps.core.models
import django.db.models.deletion
import django_fsm
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0002_offered_rights"),
        ("billing", "0004_archive"),
        ("crm", "0003_privacy"),
        ("feedback", "0008_message_kinds"),
        ("journal", "0004_erasure"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="AuditCheckpoint",
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
                ("position", models.PositiveSmallIntegerField(unique=True, verbose_name="position")),
                ("text", models.CharField(max_length=200, verbose_name="question")),
                (
                    "cases",
                    models.CharField(
                        blank=True,
                        choices=[("void", "Void requests"), ("refund", "Refunds and compensation")],
                        help_text="Empty: of all cases.",
                        max_length=8,
                        verbose_name="cases",
                    ),
                ),
                ("active", models.BooleanField(default=True, verbose_name="active")),
            ],
            options={
                "verbose_name": "audit question",
                "verbose_name_plural": "audit questions",
                "ordering": ["position"],
            },
        ),
        migrations.CreateModel(
            name="AuditSample",
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
                ("number", models.CharField(max_length=20, unique=True, verbose_name="number")),
                ("version", models.PositiveIntegerField(default=1, editable=False)),
                (
                    "state",
                    django_fsm.FSMField(
                        choices=[("open", "In work"), ("closed", "Closed")],
                        default="open",
                        max_length=8,
                        protected=True,
                        verbose_name="state",
                    ),
                ),
                (
                    "quarter",
                    models.DateField(
                        blank=True, help_text="Empty: drawn by hand.", null=True, verbose_name="quarter from"
                    ),
                ),
                ("first_day", models.DateField(verbose_name="cases from")),
                ("last_day", models.DateField(verbose_name="cases until")),
                ("seed", models.CharField(max_length=64, verbose_name="seed")),
                ("method", models.CharField(default="HMAC-SHA256 v1", max_length=30, verbose_name="method")),
                ("strata", models.JSONField(default=list, verbose_name="layers")),
                ("frame", models.JSONField(default=list, editable=False)),
                ("population", models.PositiveIntegerField(verbose_name="cases to draw from")),
                ("population_digest", models.CharField(max_length=64, verbose_name="SHA-256 of the population")),
                ("drawn_at", models.DateTimeField(default=apps.core.clock.now, verbose_name="drawn")),
                ("summary", models.TextField(blank=True, verbose_name="conclusion")),
                ("closed_at", models.DateTimeField(blank=True, null=True, verbose_name="closed")),
                (
                    "drawn_by",
                    models.ForeignKey(
                        blank=True,
                        help_text="Empty: by the scheduled job.",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="drawn by",
                    ),
                ),
            ],
            options={
                "verbose_name": "audit sample",
                "verbose_name_plural": "audit samples",
                "ordering": ["-id"],
                "permissions": [("do_audit", "Can draw audit samples, answer check-lists and write findings")],
                "default_permissions": ("view",),
            },
        ),
        migrations.CreateModel(
            name="AuditItem",
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
                ("position", models.PositiveIntegerField(verbose_name="row")),
                ("stratum", models.PositiveSmallIntegerField(verbose_name="layer")),
                ("case_type", models.CharField(max_length=40)),
                ("case_id", models.UUIDField()),
                ("number", models.CharField(max_length=20, verbose_name="case")),
                ("amount", models.DecimalField(decimal_places=2, max_digits=14, verbose_name="amount")),
                ("mark", models.CharField(max_length=64, verbose_name="drawn by")),
                (
                    "sample",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="items", to="billing.auditsample"
                    ),
                ),
            ],
            options={
                "verbose_name": "drawn case",
                "verbose_name_plural": "drawn cases",
                "ordering": ["sample", "position"],
                "default_permissions": ("view",),
            },
        ),
        migrations.CreateModel(
            name="AuditStratum",
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
                ("position", models.PositiveSmallIntegerField(unique=True, verbose_name="position")),
                ("name", models.CharField(max_length=80, verbose_name="name")),
                (
                    "cases",
                    models.CharField(
                        choices=[("void", "Void requests"), ("refund", "Refunds and compensation")],
                        max_length=8,
                        verbose_name="cases",
                    ),
                ),
                (
                    "act",
                    models.CharField(
                        blank=True,
                        choices=[("void", "Void"), ("red", "Red-letter")],
                        help_text="Of voids; empty: any.",
                        max_length=10,
                        verbose_name="act",
                    ),
                ),
                (
                    "above",
                    models.DecimalField(
                        decimal_places=2,
                        default=0,
                        help_text="Yuan, not included.",
                        max_digits=14,
                        verbose_name="above",
                    ),
                ),
                (
                    "up_to",
                    models.DecimalField(
                        blank=True,
                        decimal_places=2,
                        help_text="Yuan, included; empty: no limit.",
                        max_digits=14,
                        null=True,
                        verbose_name="up to",
                    ),
                ),
                (
                    "size",
                    models.PositiveSmallIntegerField(
                        help_text="All, where there are fewer.", verbose_name="how many are drawn"
                    ),
                ),
                ("active", models.BooleanField(default=True, verbose_name="active")),
                (
                    "department",
                    models.ForeignKey(
                        blank=True,
                        help_text="Empty: any.",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.department",
                        verbose_name="department of who filed it",
                    ),
                ),
            ],
            options={
                "verbose_name": "audit layer",
                "verbose_name_plural": "audit layers",
                "ordering": ["position"],
            },
        ),
        migrations.CreateModel(
            name="DataRequest",
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
                ("number", models.CharField(max_length=20, unique=True, verbose_name="number")),
                ("version", models.PositiveIntegerField(default=1, editable=False)),
                (
                    "state",
                    django_fsm.FSMField(
                        choices=[
                            ("received", "Identity to be checked"),
                            ("checked", "To be answered"),
                            ("answered", "Answered"),
                            ("refused", "Refused"),
                            ("withdrawn", "Withdrawn"),
                        ],
                        default="received",
                        max_length=10,
                        protected=True,
                        verbose_name="state",
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("see", "See what we hold"),
                            ("copy", "Get a copy"),
                            ("correct", "Correct something"),
                            ("delete", "Delete it"),
                        ],
                        max_length=8,
                        verbose_name="what is asked for",
                    ),
                ),
                ("by_customer", models.BooleanField(default=False, verbose_name="sent from the tracking page")),
                ("words", apps.core.fields.EncryptedTextField(blank=True, verbose_name="what the person says")),
                ("contact", apps.core.fields.EncryptedTextField(blank=True, verbose_name="where to answer")),
                ("received_at", models.DateTimeField(default=apps.core.clock.now, verbose_name="received")),
                (
                    "identity_note",
                    apps.core.fields.EncryptedTextField(blank=True, verbose_name="how the identity was checked"),
                ),
                ("checked_at", models.DateTimeField(blank=True, null=True, verbose_name="identity checked")),
                (
                    "outcome",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("given", "a copy was given"),
                            ("corrected", "corrected"),
                            ("erased", "erased"),
                            ("restricted", "restricted: kept by law, nothing else is done with it"),
                            ("nothing", "nothing is held"),
                        ],
                        max_length=12,
                        verbose_name="outcome",
                    ),
                ),
                ("answer", apps.core.fields.EncryptedTextField(blank=True, verbose_name="answer")),
                ("answered_at", models.DateTimeField(blank=True, null=True, verbose_name="answered")),
                ("reasons", models.JSONField(blank=True, default=list, verbose_name="why it is kept")),
                (
                    "answered_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="answered by",
                    ),
                ),
                (
                    "checked_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="identity checked by",
                    ),
                ),
                (
                    "customer",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="data_requests",
                        to="crm.customer",
                        verbose_name="customer",
                    ),
                ),
                (
                    "ticket",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="data_requests",
                        to="feedback.ticket",
                        verbose_name="ticket",
                    ),
                ),
            ],
            options={
                "verbose_name": "data request",
                "verbose_name_plural": "data requests",
                "ordering": ["-id"],
                "permissions": [("handle_data_request", "Can answer requests about personal data")],
                "default_permissions": ("view",),
            },
        ),
        migrations.CreateModel(
            name="DestructionList",
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
                ("number", models.CharField(max_length=20, unique=True, verbose_name="number")),
                ("version", models.PositiveIntegerField(default=1, editable=False)),
                (
                    "state",
                    django_fsm.FSMField(
                        choices=[
                            ("drawn_up", "Waits for two witnesses"),
                            ("witnessed", "Witnessed, waits to be carried out"),
                            ("carried_out", "Being carried out"),
                            ("done", "Destroyed"),
                            ("cancelled", "Cancelled"),
                        ],
                        default="drawn_up",
                        max_length=12,
                        protected=True,
                        verbose_name="state",
                    ),
                ),
                (
                    "covers",
                    models.CharField(
                        choices=[
                            ("voucher", "Accounting vouchers: invoices, voids, refunds, payments"),
                            ("statement", "Statements of payment providers"),
                            ("complaint", "Complaints and other feedback"),
                            ("transaction", "Orders"),
                            ("person", "Personal data of customers"),
                        ],
                        max_length=12,
                        verbose_name="what it covers",
                    ),
                ),
                ("count", models.PositiveIntegerField(verbose_name="records")),
                ("digest", models.CharField(max_length=64, verbose_name="SHA-256 of the list")),
                ("drawn_up_at", models.DateTimeField(default=apps.core.clock.now, verbose_name="drawn up")),
                ("done_at", models.DateTimeField(blank=True, null=True, verbose_name="destroyed")),
                (
                    "drawn_up_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="drawn up by",
                    ),
                ),
            ],
            options={
                "verbose_name": "destruction list",
                "verbose_name_plural": "destruction lists",
                "ordering": ["-id"],
                "permissions": [
                    ("destroy_records", "Can draw up destruction lists and carry them out"),
                    ("witness_destruction", "Can witness destruction lists"),
                ],
                "default_permissions": ("view",),
            },
        ),
        migrations.CreateModel(
            name="DestructionWitness",
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
                ("position", models.PositiveSmallIntegerField()),
                ("at", models.DateTimeField(default=apps.core.clock.now, verbose_name="when")),
                ("digest", models.CharField(max_length=64)),
                (
                    "by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="witness",
                    ),
                ),
                (
                    "list",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="witnesses",
                        to="billing.destructionlist",
                    ),
                ),
            ],
            options={
                "verbose_name": "witness",
                "verbose_name_plural": "witnesses",
                "ordering": ["position"],
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="Erasure",
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
                ("subject_type", models.CharField(max_length=60)),
                ("subject_id", models.UUIDField()),
                ("label", models.CharField(max_length=120, verbose_name="record")),
                (
                    "because",
                    models.CharField(
                        choices=[
                            ("time_up", "the time to keep it was up"),
                            ("request", "the person asked for it"),
                            ("destruction", "a destruction list"),
                        ],
                        max_length=12,
                        verbose_name="because",
                    ),
                ),
                ("why", models.TextField(verbose_name="in words")),
                ("counts", models.JSONField(default=dict, verbose_name="what was wiped")),
                ("digests", models.JSONField(default=list, verbose_name="digests")),
                ("files", models.JSONField(default=list, verbose_name="files")),
                ("files_gone_at", models.DateTimeField(blank=True, null=True, verbose_name="files deleted")),
                ("at", models.DateTimeField(default=apps.core.clock.now, verbose_name="when")),
                ("by_label", models.CharField(max_length=80, verbose_name="by")),
            ],
            options={
                "verbose_name": "record of destruction",
                "verbose_name_plural": "records of destruction",
                "ordering": ["-id"],
                "default_permissions": ("view",),
                "indexes": [
                    models.Index(fields=["subject_id"], name="erasure_subject"),
                    models.Index(condition=models.Q(("files_gone_at", None)), fields=["id"], name="erasure_files_left"),
                ],
            },
        ),
        migrations.CreateModel(
            name="DestructionItem",
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
                ("position", models.PositiveIntegerField(verbose_name="row")),
                ("subject_type", models.CharField(max_length=60)),
                ("subject_id", models.UUIDField()),
                ("label", models.CharField(max_length=120, verbose_name="record")),
                ("until", models.DateField(verbose_name="kept until")),
                ("why", models.TextField(verbose_name="why")),
                ("skipped", models.CharField(blank=True, max_length=300, verbose_name="left alone because")),
                (
                    "list",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="items", to="billing.destructionlist"
                    ),
                ),
                (
                    "erasure",
                    models.OneToOneField(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="item",
                        to="billing.erasure",
                    ),
                ),
            ],
            options={
                "verbose_name": "record to destroy",
                "verbose_name_plural": "records to destroy",
                "ordering": ["list", "position"],
                "default_permissions": ("view",),
            },
        ),
        migrations.CreateModel(
            name="LegalHold",
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
                ("subject_type", models.CharField(max_length=60)),
                ("subject_id", models.UUIDField()),
                ("label", models.CharField(max_length=120, verbose_name="record")),
                ("reason", models.TextField(verbose_name="reason")),
                ("placed_at", models.DateTimeField(default=apps.core.clock.now, verbose_name="placed")),
                ("lifted_at", models.DateTimeField(blank=True, null=True, verbose_name="lifted")),
                ("lift_reason", models.TextField(blank=True, verbose_name="why it was lifted")),
                (
                    "lifted_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="lifted by",
                    ),
                ),
                (
                    "placed_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="placed by",
                    ),
                ),
            ],
            options={
                "verbose_name": "legal hold",
                "verbose_name_plural": "legal holds",
                "ordering": ["-id"],
                "permissions": [("place_hold", "Can place and lift legal holds")],
                "default_permissions": ("view",),
            },
        ),
        migrations.CreateModel(
            name="RedFlag",
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
                            ("split", "Split below an approval step"),
                            ("pair", "The same two people again and again"),
                            ("new_payee", "Money to an account never used before"),
                            ("one_payee", "Many refunds to one account"),
                            ("after_close", "Undone after the month was over"),
                            ("quick", "Signed within seconds"),
                            ("night", "Signed at night"),
                        ],
                        max_length=12,
                        verbose_name="kind",
                    ),
                ),
                ("key", models.CharField(max_length=160)),
                ("figures", models.JSONField(default=dict, verbose_name="figures")),
                ("subjects", models.JSONField(default=list, verbose_name="evidence")),
                (
                    "amount",
                    models.DecimalField(
                        decimal_places=2, default=0, help_text="Yuan.", max_digits=14, verbose_name="amount"
                    ),
                ),
                ("happened_at", models.DateTimeField(verbose_name="happened")),
                ("raised_at", models.DateTimeField(default=apps.core.clock.now, verbose_name="raised")),
                ("cleared_at", models.DateTimeField(blank=True, null=True, verbose_name="cleared")),
                ("reason", models.TextField(blank=True, verbose_name="reason")),
                (
                    "cleared_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="cleared by",
                    ),
                ),
            ],
            options={
                "verbose_name": "red flag",
                "verbose_name_plural": "red flags",
                "ordering": ["-id"],
                "permissions": [("clear_redflag", "Can clear red flags")],
                "default_permissions": ("view",),
            },
        ),
        migrations.CreateModel(
            name="Finding",
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
                ("number", models.CharField(max_length=20, unique=True, verbose_name="number")),
                ("version", models.PositiveIntegerField(default=1, editable=False)),
                (
                    "state",
                    django_fsm.FSMField(
                        choices=[
                            ("open", "With its owner"),
                            ("answered", "Answered, the auditor looks"),
                            ("closed", "Closed"),
                        ],
                        default="open",
                        max_length=10,
                        protected=True,
                        verbose_name="state",
                    ),
                ),
                (
                    "severity",
                    models.CharField(
                        choices=[("minor", "minor"), ("major", "major"), ("critical", "critical")],
                        default="minor",
                        max_length=8,
                        verbose_name="severity",
                    ),
                ),
                ("text", models.TextField(verbose_name="what was found")),
                ("written_at", models.DateTimeField(default=apps.core.clock.now, verbose_name="written")),
                ("measures", models.TextField(blank=True, verbose_name="what was done about it")),
                ("answered_at", models.DateTimeField(blank=True, null=True, verbose_name="answered")),
                ("verdict", models.TextField(blank=True, verbose_name="what the auditor says")),
                ("closed_at", models.DateTimeField(blank=True, null=True, verbose_name="closed")),
                (
                    "closed_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="closed by",
                    ),
                ),
                (
                    "item",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="findings",
                        to="billing.audititem",
                        verbose_name="case",
                    ),
                ),
                (
                    "owner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="findings",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="owner",
                    ),
                ),
                (
                    "sample",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="findings",
                        to="billing.auditsample",
                        verbose_name="audit",
                    ),
                ),
                (
                    "written_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="written by",
                    ),
                ),
                (
                    "flag",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="findings",
                        to="billing.redflag",
                        verbose_name="red flag",
                    ),
                ),
            ],
            options={
                "verbose_name": "finding",
                "verbose_name_plural": "findings",
                "ordering": ["-id"],
                "default_permissions": ("view",),
            },
        ),
        migrations.CreateModel(
            name="RedFlagRule",
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
                            ("split", "Split below an approval step"),
                            ("pair", "The same two people again and again"),
                            ("new_payee", "Money to an account never used before"),
                            ("one_payee", "Many refunds to one account"),
                            ("after_close", "Undone after the month was over"),
                            ("quick", "Signed within seconds"),
                            ("night", "Signed at night"),
                        ],
                        max_length=12,
                        unique=True,
                        verbose_name="kind",
                    ),
                ),
                ("active", models.BooleanField(default=True, verbose_name="active")),
                ("days", models.PositiveSmallIntegerField(default=30, verbose_name="days looked at")),
                (
                    "count",
                    models.PositiveSmallIntegerField(
                        default=2, help_text="Fewer raise no flag.", verbose_name="from how many cases"
                    ),
                ),
                (
                    "percent",
                    models.PositiveSmallIntegerField(
                        default=0,
                        help_text="Same two people: their share of a requester's cases. Others: not used.",
                        verbose_name="percent",
                    ),
                ),
                (
                    "amount",
                    models.DecimalField(
                        decimal_places=2,
                        default=0,
                        help_text="Yuan; smaller cases raise no flag.",
                        max_digits=14,
                        verbose_name="from how much",
                    ),
                ),
                (
                    "seconds",
                    models.PositiveIntegerField(
                        default=0,
                        help_text="Signed within seconds: from filing, or the last signature, to the next.",
                        verbose_name="seconds",
                    ),
                ),
                (
                    "from_hour",
                    models.PositiveSmallIntegerField(
                        default=0,
                        help_text="Hour in Shanghai, 0 to 23; only for signatures at night.",
                        verbose_name="night from",
                    ),
                ),
                ("to_hour", models.PositiveSmallIntegerField(default=0, verbose_name="night until")),
            ],
            options={
                "verbose_name": "red flag rule",
                "verbose_name_plural": "red flag rules",
                "ordering": ["kind"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("from_hour__lte", 23), ("percent__lte", 100), ("to_hour__lte", 23)),
                        name="red_flag_rule_range",
                    ),
                    models.CheckConstraint(condition=models.Q(("days__range", (1, 400))), name="red_flag_rule_days"),
                ],
            },
        ),
        migrations.CreateModel(
            name="RetentionClass",
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
                ("effective_from", models.DateField(verbose_name="in force from")),
                ("effective_to", models.DateField(blank=True, null=True, verbose_name="in force until")),
                ("code", models.SlugField(max_length=60, verbose_name="code")),
                ("name", models.CharField(max_length=80, verbose_name="name")),
                (
                    "covers",
                    models.CharField(
                        choices=[
                            ("voucher", "Accounting vouchers: invoices, voids, refunds, payments"),
                            ("statement", "Statements of payment providers"),
                            ("complaint", "Complaints and other feedback"),
                            ("transaction", "Orders"),
                            ("person", "Personal data of customers"),
                        ],
                        max_length=12,
                        verbose_name="what it covers",
                    ),
                ),
                (
                    "months",
                    models.PositiveSmallIntegerField(help_text="360 months are 30 years.", verbose_name="months"),
                ),
                (
                    "counts_from",
                    models.CharField(
                        choices=[("fiscal_year", "the first day after the fiscal year"), ("end", "the day it ended")],
                        default="end",
                        max_length=12,
                        verbose_name="counts from",
                    ),
                ),
                (
                    "holds_person",
                    models.BooleanField(
                        default=True,
                        help_text="While such a record is kept, its customer is restricted instead of erased.",
                        verbose_name="the person behind it stays stored as long",
                    ),
                ),
                ("basis", models.CharField(max_length=200, verbose_name="regulation")),
                ("note", models.TextField(blank=True, verbose_name="note")),
            ],
            options={
                "verbose_name": "retention class",
                "verbose_name_plural": "retention classes",
                "ordering": ["covers", "-effective_from"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("effective_to", None), ("effective_to__gte", models.F("effective_from")), _connector="OR"
                        ),
                        name="retention_class_span",
                    ),
                    models.UniqueConstraint(fields=("code", "effective_from"), name="retention_class_version"),
                    models.CheckConstraint(
                        condition=models.Q(("months__range", (1, 1200))), name="retention_class_months"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("covers__in", ["voucher", "statement", "complaint", "transaction", "person"])
                        ),
                        name="retention_class_covers_known",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="AuditAnswer",
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
                ("position", models.PositiveSmallIntegerField()),
                ("text", models.CharField(max_length=200, verbose_name="question")),
                (
                    "answer",
                    models.CharField(
                        choices=[
                            ("open", "not looked at"),
                            ("right", "in order"),
                            ("wrong", "not in order"),
                            ("not_needed", "does not apply"),
                        ],
                        default="open",
                        max_length=12,
                        verbose_name="answer",
                    ),
                ),
                ("note", models.TextField(blank=True, verbose_name="what was seen")),
                ("link", models.CharField(blank=True, max_length=300, verbose_name="evidence")),
                ("at", models.DateTimeField(blank=True, null=True, verbose_name="when")),
                (
                    "by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "item",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="answers", to="billing.audititem"
                    ),
                ),
            ],
            options={
                "verbose_name": "audit answer",
                "verbose_name_plural": "audit answers",
                "ordering": ["item", "position"],
                "default_permissions": ("view",),
                "constraints": [models.UniqueConstraint(fields=("item", "position"), name="audit_answer_position")],
            },
        ),
        migrations.AddConstraint(
            model_name="auditsample",
            constraint=models.UniqueConstraint(fields=("quarter",), name="audit_sample_quarter"),
        ),
        migrations.AddConstraint(
            model_name="auditsample",
            constraint=models.CheckConstraint(
                condition=models.Q(("state__in", ["open", "closed"])), name="audit_sample_state_known"
            ),
        ),
        migrations.AddConstraint(
            model_name="auditsample",
            constraint=models.CheckConstraint(
                condition=models.Q(("last_day__gte", models.F("first_day"))), name="audit_sample_span"
            ),
        ),
        migrations.AddIndex(
            model_name="audititem",
            index=models.Index(fields=["case_id"], name="audit_item_case"),
        ),
        migrations.AddConstraint(
            model_name="audititem",
            constraint=models.UniqueConstraint(fields=("sample", "case_id"), name="audit_item_once"),
        ),
        migrations.AddConstraint(
            model_name="audititem",
            constraint=models.UniqueConstraint(fields=("sample", "position"), name="audit_item_position"),
        ),
        migrations.AddConstraint(
            model_name="auditstratum",
            constraint=models.CheckConstraint(
                condition=models.Q(("up_to", None), ("up_to__gt", models.F("above")), _connector="OR"),
                name="audit_stratum_band",
            ),
        ),
        migrations.AddIndex(
            model_name="datarequest",
            index=models.Index(fields=["state", "id"], name="data_request_state"),
        ),
        migrations.AddConstraint(
            model_name="datarequest",
            constraint=models.CheckConstraint(
                condition=models.Q(("state__in", ["received", "checked", "answered", "refused", "withdrawn"])),
                name="data_request_state_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="datarequest",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind__in", ["see", "copy", "correct", "delete"])), name="data_request_kind_known"
            ),
        ),
        migrations.AddConstraint(
            model_name="destructionlist",
            constraint=models.CheckConstraint(
                condition=models.Q(("state__in", ["drawn_up", "witnessed", "carried_out", "done", "cancelled"])),
                name="destruction_list_state_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="destructionwitness",
            constraint=models.UniqueConstraint(fields=("list", "by"), name="destruction_witness_once"),
        ),
        migrations.AddConstraint(
            model_name="destructionwitness",
            constraint=models.UniqueConstraint(fields=("list", "position"), name="destruction_witness_position"),
        ),
        migrations.AddConstraint(
            model_name="destructionwitness",
            constraint=models.CheckConstraint(
                condition=models.Q(("position__range", (1, 2))), name="destruction_witness_two"
            ),
        ),
        migrations.AddIndex(
            model_name="destructionitem",
            index=models.Index(fields=["subject_id"], name="destruction_item_subject"),
        ),
        migrations.AddConstraint(
            model_name="destructionitem",
            constraint=models.UniqueConstraint(fields=("list", "subject_id"), name="destruction_item_once"),
        ),
        migrations.AddConstraint(
            model_name="destructionitem",
            constraint=models.UniqueConstraint(fields=("list", "position"), name="destruction_item_position"),
        ),
        migrations.AddIndex(
            model_name="legalhold",
            index=models.Index(condition=models.Q(("lifted_at", None)), fields=["subject_id"], name="legal_hold_alive"),
        ),
        migrations.AddIndex(
            model_name="redflag",
            index=models.Index(condition=models.Q(("cleared_at", None)), fields=["-id"], name="red_flag_open"),
        ),
        migrations.AddConstraint(
            model_name="redflag",
            constraint=models.UniqueConstraint(fields=("kind", "key"), name="red_flag_once"),
        ),
        migrations.AddIndex(
            model_name="finding",
            index=models.Index(fields=["state", "id"], name="finding_state"),
        ),
        migrations.AddConstraint(
            model_name="finding",
            constraint=models.CheckConstraint(
                condition=models.Q(("state__in", ["open", "answered", "closed"])), name="finding_state_known"
            ),
        ),
        migrations.AddConstraint(
            model_name="finding",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("closed_by", None), models.Q(("closed_by", models.F("owner")), _negated=True), _connector="OR"
                ),
                name="finding_two_persons",
            ),
        ),
        migrations.AddConstraint(
            model_name="finding",
            constraint=models.CheckConstraint(
                condition=models.Q(("written_by", models.F("owner")), _negated=True), name="finding_about_another"
            ),
        ),
    ]
