"""Evidence packs (ARC-01), accounting months and what is booked in them (ARC-07). The database itself keeps them honest."""

import apps.core.clock
import apps.core.models
import django.db.models.deletion
import django_fsm
from django.conf import settings
from django.db import migrations, models

GUARDS = """
CREATE FUNCTION billing_pack_unchanged() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'evidence packs are kept: % refused', TG_OP USING ERRCODE = 'restrict_violation';
    END IF;
    -- Only the file may go, when it is destroyed by a list with two witnesses; what it was stays.
    IF OLD.state = 'ready' AND (
        (to_jsonb(NEW) - 'upload_id') IS DISTINCT FROM (to_jsonb(OLD) - 'upload_id')
        OR (NEW.upload_id IS DISTINCT FROM OLD.upload_id AND NEW.upload_id IS NOT NULL)
    ) THEN
        RAISE EXCEPTION 'evidence pack % is built and never changed', OLD.id USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER unchanged BEFORE UPDATE OR DELETE ON billing_evidencepack
    FOR EACH ROW EXECUTE FUNCTION billing_pack_unchanged();

CREATE FUNCTION billing_posting_guard() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE period_state text;
BEGIN
    IF TG_OP <> 'INSERT' THEN
        RAISE EXCEPTION 'postings are append-only: % refused', TG_OP USING ERRCODE = 'restrict_violation';
    END IF;
    -- Waits for whoever closes the month just now, and sees what they decided.
    SELECT state INTO period_state FROM billing_period
        WHERE month = date_trunc('month', NEW.posting_date)::date FOR SHARE;
    IF period_state IS DISTINCT FROM 'open' THEN
        RAISE EXCEPTION 'the month of % takes no postings', NEW.posting_date USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER guard BEFORE INSERT OR UPDATE OR DELETE ON billing_posting
    FOR EACH ROW EXECUTE FUNCTION billing_posting_guard();
CREATE TRIGGER guard_truncate BEFORE TRUNCATE ON billing_posting
    FOR EACH STATEMENT EXECUTE FUNCTION journal_append_only();
"""
UNGUARDED = """
DROP TRIGGER guard_truncate ON billing_posting;
DROP TRIGGER guard ON billing_posting;
DROP FUNCTION billing_posting_guard();
DROP TRIGGER unchanged ON billing_evidencepack;
DROP FUNCTION billing_pack_unchanged();
"""


def book_the_past(state, schema_editor):
    """Postings of what was done before there were any, in the months in which it happened."""
    request_model, attempt_model = (
        state.get_model("billing", "VoidRequest"),
        state.get_model("billing", "RefundAttempt"),
    )
    posting, period = state.get_model("billing", "Posting"), state.get_model("billing", "Period")
    rows = [
        posting(
            kind="void" if request.act == "void" else "red",
            amount=-request.amount,
            happened_at=request.executed_at,
            void_request_id=request.pk,
        )
        for request in request_model.objects.exclude(executed_at=None).iterator()
    ]
    paid = attempt_model.objects.filter(state="succeeded", refund__state="succeeded").exclude(settled_at=None)
    rows += [
        posting(
            kind="paid",
            amount=-attempt.amount,
            happened_at=attempt.settled_at,
            refund_id=attempt.refund_id,
            attempt_id=attempt.pk,
        )
        for attempt in paid.iterator()
    ]
    for row in rows:
        row.posting_date = apps.core.clock.local(row.happened_at).date()
    months = {row.posting_date.replace(day=1) for row in rows}
    period.objects.bulk_create([period(month=month) for month in sorted(months)])
    posting.objects.bulk_create(rows, batch_size=1000)


class Migration(migrations.Migration):
    dependencies = [
        ("billing", "0003_refunds"),
        ("core", "0001_initial"),
        ("journal", "0002_append_only"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="EvidencePack",
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
                ("case_number", models.CharField(max_length=20, verbose_name="case")),
                ("pack_version", models.PositiveSmallIntegerField(verbose_name="version")),
                ("version", models.PositiveIntegerField(default=1, editable=False)),
                (
                    "state",
                    django_fsm.FSMField(
                        choices=[("waiting", "Being built"), ("ready", "Ready"), ("failed", "Failed")],
                        default="waiting",
                        max_length=10,
                        protected=True,
                        verbose_name="state",
                    ),
                ),
                (
                    "clear",
                    models.BooleanField(
                        default=False,
                        help_text="Otherwise names, telephones and accounts are masked.",
                        verbose_name="with clear personal data",
                    ),
                ),
                ("requested_because", models.CharField(blank=True, max_length=300, verbose_name="why")),
                (
                    "step",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("queued", "Waits for its turn"),
                            ("sealing", "Sealing the events"),
                            ("collecting", "Collecting documents"),
                            ("proving", "Computing the proofs"),
                            ("drawing", "Drawing the index"),
                            ("keeping", "Signing and keeping"),
                        ],
                        max_length=10,
                        verbose_name="step",
                    ),
                ),
                ("attempts", models.PositiveSmallIntegerField(default=0, verbose_name="attempts")),
                (
                    "due_at",
                    models.DateTimeField(
                        blank=True, default=apps.core.clock.now, null=True, verbose_name="next attempt"
                    ),
                ),
                ("failure", models.CharField(blank=True, max_length=300, verbose_name="what went wrong")),
                ("sha256", models.CharField(blank=True, max_length=64, verbose_name="SHA-256")),
                ("size", models.BigIntegerField(default=0, help_text="bytes", verbose_name="size")),
                ("contents", models.JSONField(default=list, editable=False, verbose_name="contents")),
                ("missing", models.JSONField(default=list, editable=False, verbose_name="left out")),
                ("event_count", models.PositiveIntegerField(default=0, verbose_name="events")),
                ("head_size", models.PositiveBigIntegerField(default=0, verbose_name="size of the log")),
                ("key_fingerprint", models.CharField(blank=True, max_length=64, verbose_name="signing key")),
                ("pages", models.PositiveIntegerField(default=0, verbose_name="pages")),
                ("built_at", models.DateTimeField(blank=True, null=True, verbose_name="built")),
                (
                    "refund",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="packs",
                        to="billing.refund",
                        verbose_name="refund",
                    ),
                ),
                (
                    "requested_by",
                    models.ForeignKey(
                        blank=True,
                        help_text="Empty: the system, when the case closed.",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="asked for by",
                    ),
                ),
                (
                    "upload",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="core.upload",
                    ),
                ),
                (
                    "void_request",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="packs",
                        to="billing.voidrequest",
                        verbose_name="void request",
                    ),
                ),
            ],
            options={
                "verbose_name": "evidence pack",
                "verbose_name_plural": "evidence packs",
                "ordering": ["-id"],
                "permissions": [
                    ("build_evidencepack", "Can have evidence packs built"),
                    ("download_evidencepack", "Can download evidence packs (each download is recorded)"),
                ],
                "indexes": [
                    models.Index(
                        condition=models.Q(("due_at__isnull", False)), fields=["due_at"], name="evidence_pack_due"
                    ),
                    models.Index(fields=["case_number"], name="evidence_pack_number"),
                    models.Index(
                        condition=models.Q(("sha256", ""), _negated=True),
                        fields=["sha256"],
                        name="evidence_pack_digest",
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("state__in", ["waiting", "ready", "failed"])),
                        name="evidence_pack_state_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("void_request__isnull", True), ("refund__isnull", True), _connector="XOR"),
                        name="evidence_pack_one_case",
                    ),
                    models.UniqueConstraint(fields=("void_request", "pack_version"), name="evidence_pack_void_version"),
                    models.UniqueConstraint(fields=("refund", "pack_version"), name="evidence_pack_refund_version"),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "ready"), _negated=True),
                            models.Q(models.Q(("sha256", ""), _negated=True), ("built_at__isnull", False)),
                            _connector="OR",
                        ),
                        name="evidence_pack_whole",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Period",
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
                ("month", models.DateField(help_text="Its first day.", unique=True, verbose_name="month")),
                ("version", models.PositiveIntegerField(default=1, editable=False)),
                (
                    "state",
                    django_fsm.FSMField(
                        choices=[("open", "Open"), ("closed", "Closed")],
                        default="open",
                        max_length=8,
                        protected=True,
                        verbose_name="state",
                    ),
                ),
                ("closed_at", models.DateTimeField(blank=True, null=True, verbose_name="closed")),
                ("reopened_at", models.DateTimeField(blank=True, null=True, verbose_name="reopened")),
                ("reopened_because", models.TextField(blank=True, verbose_name="why it was reopened")),
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
                    "reopened_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="reopened by",
                    ),
                ),
            ],
            options={
                "verbose_name": "accounting month",
                "verbose_name_plural": "accounting months",
                "ordering": ["-month"],
                "permissions": [
                    ("close_period", "Can close accounting months"),
                    ("reopen_period", "Can reopen accounting months"),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("state__in", ["open", "closed"])), name="period_state_known"
                    ),
                    models.CheckConstraint(condition=models.Q(("month__day", 1)), name="period_first_day"),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("closed_by", None),
                            ("reopened_by", None),
                            models.Q(("closed_by", models.F("reopened_by")), _negated=True),
                            _connector="OR",
                        ),
                        name="period_two_persons",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Posting",
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
                            ("void", "Invoice voided"),
                            ("red", "Red invoice"),
                            ("paid", "Refund paid"),
                            ("back", "Refund came back"),
                        ],
                        max_length=10,
                        verbose_name="what",
                    ),
                ),
                (
                    "amount",
                    models.DecimalField(
                        decimal_places=2,
                        help_text="Yuan, as it moves the books: less sales and money out are negative.",
                        max_digits=14,
                        verbose_name="amount",
                    ),
                ),
                ("happened_at", models.DateTimeField(verbose_name="happened")),
                ("posting_date", models.DateField(verbose_name="booked on")),
                (
                    "attempt",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="postings",
                        to="billing.refundattempt",
                    ),
                ),
                (
                    "refund",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="postings",
                        to="billing.refund",
                    ),
                ),
                (
                    "void_request",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="postings",
                        to="billing.voidrequest",
                    ),
                ),
            ],
            options={
                "verbose_name": "posting",
                "verbose_name_plural": "postings",
                "ordering": ["-posting_date", "-id"],
                "indexes": [models.Index(fields=["posting_date", "kind"], name="posting_date")],
                "constraints": [
                    models.UniqueConstraint(fields=("void_request",), name="posting_void_once"),
                    models.CheckConstraint(
                        condition=models.Q(("void_request__isnull", True), ("refund__isnull", True), _connector="XOR"),
                        name="posting_one_case",
                    ),
                ],
            },
        ),
        migrations.RunSQL(GUARDS, UNGUARDED),
        migrations.RunPython(book_the_past, migrations.RunPython.noop),
    ]
