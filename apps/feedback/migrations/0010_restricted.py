"""Tickets of restricted customers are in no list (LAW-05). The column comes with its default: no row is rewritten."""

from django.db import migrations, models

# Whose data is restricted and not erased: of an erased customer nothing personal is left on the ticket.
MARK = """
UPDATE feedback_ticket SET restricted = true FROM crm_customer
WHERE crm_customer.id = feedback_ticket.customer_id
AND crm_customer.restricted_at IS NOT NULL AND crm_customer.erased_at IS NULL
"""
# Without figures PostgreSQL takes half of all tickets for restricted, and might leave the queue's index.
ANALYZE = "ANALYZE feedback_ticket (restricted)"


class Migration(migrations.Migration):
    dependencies = [("feedback", "0009_sms_channel"), ("crm", "0003_privacy")]

    operations = [
        migrations.AddField(
            model_name="ticket",
            name="restricted",
            field=models.BooleanField(db_default=False, default=False, editable=False),
        ),
        migrations.RunSQL(MARK, migrations.RunSQL.noop),
        migrations.RunSQL(ANALYZE, migrations.RunSQL.noop),
    ]
