import apps.core.clock
import apps.core.models
import django.core.validators
import django.db.models.deletion
import django_fsm
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("billing", "0005_audit"),
        ("crm", "0004_returnorder"),
        ("feedback", "0008_message_kinds"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="refund",
            name="above_cap",
            field=models.BooleanField(default=False, editable=False, verbose_name="above the settlement cap"),
        ),
        migrations.AddField(
            model_name="voidrule",
            name="whole_only",
            field=models.BooleanField(
                default=False,
                help_text="A part is then refused: e.g. where a part may be red only after the buyer used or booked it.",
                verbose_name="for the whole invoice only",
            ),
        ),
        migrations.CreateModel(
            name="Cancellation",
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
                            ("review", "Waiting for approval"),
                            ("checking", "Being checked"),
                            ("done", "Done"),
                            ("rejected", "Rejected"),
                            ("withdrawn", "Withdrawn"),
                        ],
                        default="review",
                        max_length=12,
                        protected=True,
                        verbose_name="state",
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[("voucher", "Voucher voiding"), ("account", "Account closure")],
                        max_length=10,
                        verbose_name="kind",
                    ),
                ),
                ("subject_number", models.CharField(max_length=60, verbose_name="number of the voucher or account")),
                (
                    "amount",
                    models.DecimalField(
                        decimal_places=2, default=0, help_text="Yuan.", max_digits=14, verbose_name="face value"
                    ),
                ),
                ("words", models.TextField(blank=True, verbose_name="why")),
                ("round", models.PositiveSmallIntegerField(default=1, verbose_name="round")),
                ("executed_at", models.DateTimeField(blank=True, null=True, verbose_name="executed")),
                ("reference", models.CharField(blank=True, max_length=60, verbose_name="reference at the shop system")),
                (
                    "customer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="crm.customer",
                        verbose_name="customer",
                    ),
                ),
                (
                    "executed_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="executed by",
                    ),
                ),
                (
                    "requested_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="filed by",
                    ),
                ),
                (
                    "ticket",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="cancellations",
                        to="feedback.ticket",
                        verbose_name="ticket",
                    ),
                ),
            ],
            options={
                "verbose_name": "cancellation",
                "verbose_name_plural": "cancellations",
                "ordering": ["-id"],
            },
        ),
        migrations.CreateModel(
            name="CancellationCheck",
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
                            ("owner", "It belongs to this customer"),
                            ("unused", "The voucher has not been used"),
                            ("balance", "The account's balance is settled"),
                            ("open_money", "No refund or void request is open"),
                            ("open_tickets", "No other ticket is open"),
                            ("personal_data", "The customer knows what is kept of their data, and for how long"),
                        ],
                        max_length=14,
                        verbose_name="check",
                    ),
                ),
                (
                    "result",
                    models.CharField(
                        choices=[
                            ("open", "not checked"),
                            ("passed", "passed"),
                            ("failed", "failed"),
                            ("not_needed", "not needed"),
                        ],
                        default="open",
                        max_length=12,
                        verbose_name="result",
                    ),
                ),
                (
                    "source",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("tax", "tax platform"),
                            ("books", "our books"),
                            ("order", "order"),
                            ("warehouse", "warehouse"),
                            ("person", "a person"),
                        ],
                        max_length=10,
                        verbose_name="source",
                    ),
                ),
                ("detail", models.CharField(blank=True, max_length=300, verbose_name="what was found")),
                ("at", models.DateTimeField(blank=True, null=True, verbose_name="checked")),
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
                    "case",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="checks", to="billing.cancellation"
                    ),
                ),
            ],
            options={
                "verbose_name": "check before a cancellation",
                "verbose_name_plural": "checks before a cancellation",
                "ordering": ["id"],
            },
        ),
        migrations.CreateModel(
            name="ReturnRule",
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
                ("position", models.PositiveSmallIntegerField(default=100, verbose_name="position")),
                (
                    "reason_code",
                    models.CharField(
                        blank=True,
                        help_text="Of the void request, e.g. 02; empty: any.",
                        max_length=10,
                        verbose_name="reason code",
                    ),
                ),
                (
                    "up_to",
                    models.DecimalField(
                        blank=True,
                        decimal_places=2,
                        help_text="Yuan; empty: any amount.",
                        max_digits=14,
                        null=True,
                        verbose_name="up to",
                    ),
                ),
                (
                    "approve_up_to",
                    models.DecimalField(
                        decimal_places=2,
                        default=0,
                        help_text="Yuan. 0: a person always approves.",
                        max_digits=14,
                        validators=[django.core.validators.MinValueValidator(0)],
                        verbose_name="without a person's approval up to",
                    ),
                ),
                ("note", models.CharField(blank=True, max_length=200, verbose_name="note")),
            ],
            options={
                "verbose_name": "rule for completed returns",
                "verbose_name_plural": "rules for completed returns",
                "ordering": ["position", "id"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("effective_to", None), ("effective_to__gte", models.F("effective_from")), _connector="OR"
                        ),
                        name="return_rule_span",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("up_to", None), ("up_to__gt", 0), _connector="OR"), ("approve_up_to__gte", 0)
                        ),
                        name="return_rule_amounts",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="SettlementCap",
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
                (
                    "percent",
                    models.PositiveSmallIntegerField(
                        default=100,
                        help_text="Refund and compensation of a complaint together.",
                        verbose_name="percent of what was paid",
                    ),
                ),
                (
                    "tolerance",
                    models.DecimalField(
                        decimal_places=2,
                        default=0,
                        help_text="Yuan.",
                        max_digits=14,
                        verbose_name="beyond it without management",
                    ),
                ),
                ("note", models.CharField(blank=True, max_length=200, verbose_name="note")),
            ],
            options={
                "verbose_name": "settlement cap",
                "verbose_name_plural": "settlement caps",
                "ordering": ["-effective_from", "-id"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("effective_to", None), ("effective_to__gte", models.F("effective_from")), _connector="OR"
                        ),
                        name="settlement_cap_span",
                    ),
                    models.CheckConstraint(condition=models.Q(("tolerance__gte", 0)), name="settlement_cap_tolerance"),
                ],
            },
        ),
        migrations.AddIndex(
            model_name="cancellation",
            index=models.Index(fields=["state", "id"], name="cancellation_state"),
        ),
        migrations.AddIndex(
            model_name="cancellation",
            index=models.Index(fields=["customer"], name="cancellation_customer"),
        ),
        migrations.AddIndex(
            model_name="cancellation",
            index=models.Index(fields=["ticket"], name="cancellation_ticket"),
        ),
        migrations.AddConstraint(
            model_name="cancellation",
            constraint=models.CheckConstraint(
                condition=models.Q(("state__in", ["review", "checking", "done", "rejected", "withdrawn"])),
                name="cancellation_state_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="cancellation",
            constraint=models.CheckConstraint(condition=models.Q(("amount__gte", 0)), name="cancellation_amount"),
        ),
        migrations.AddConstraint(
            model_name="cancellation",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state__in", ["review", "checking", "done"])),
                fields=("kind", "subject_number"),
                name="cancellation_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="cancellationcheck",
            constraint=models.UniqueConstraint(fields=("case", "kind"), name="cancellation_check_once"),
        ),
    ]
