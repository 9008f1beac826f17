import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.db.models.deletion
from django.db import migrations, models

import apps.feedback.models.search_text

# Who may see a ticket changes at many places; what the search knows of it follows in the same statement.
SCOPES = """
CREATE FUNCTION feedback_keep_scopes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE feedback_searchtext
    SET scopes = array_remove(ARRAY[NEW.department_id, -NEW.assignee_id] || NEW.collaborator_ids, NULL)
    WHERE ticket_id = NEW.id;
    RETURN NULL;
END
$$;
CREATE TRIGGER keep_scopes AFTER UPDATE OF department_id, assignee_id, collaborator_ids ON feedback_ticket
FOR EACH ROW WHEN (
    (OLD.department_id, OLD.assignee_id, OLD.collaborator_ids)
    IS DISTINCT FROM (NEW.department_id, NEW.assignee_id, NEW.collaborator_ids)
) EXECUTE FUNCTION feedback_keep_scopes();
"""
NO_SCOPES = """
DROP TRIGGER keep_scopes ON feedback_ticket;
DROP FUNCTION feedback_keep_scopes();
"""


OPEN = [
    "pending", "assigned", "in_progress", "waiting", "solution_approval", "resolved", "callback", "second_follow_up",
    "reopened",
]  # fmt: skip


class Migration(migrations.Migration):
    dependencies = [("feedback", "0004_repeats")]

    operations = [
        migrations.CreateModel(
            name="SearchText",
            fields=[
                (
                    "ticket",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="search_text",
                        serialize=False,
                        to="feedback.ticket",
                    ),
                ),
                ("words", apps.feedback.models.search_text.WordsField()),
                (
                    "scopes",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.BigIntegerField(), default=list, size=None
                    ),
                ),
                ("text", models.TextField()),
                ("version", models.PositiveSmallIntegerField(default=1)),
            ],
            options={
                "indexes": [
                    django.contrib.postgres.indexes.GinIndex(
                        fields=["words", "scopes"], gin_pending_list_limit=1024, name="search_words"
                    )
                ],
            },
        ),
        migrations.RunSQL(SCOPES, NO_SCOPES),
        migrations.RemoveIndex(model_name="ticket", name="ticket_received"),
        migrations.RemoveIndex(model_name="ticket", name="ticket_closed"),
        migrations.AddIndex(
            model_name="ticket",
            index=models.Index(
                fields=["received_at"],
                include=("category", "repeat_of", "parent", "is_drill"),
                name="ticket_received_figures",
            ),
        ),
        migrations.AddIndex(
            model_name="ticket",
            index=models.Index(
                condition=models.Q(("closed_at__isnull", False)),
                fields=["closed_at"],
                include=("repeat_of", "parent", "is_drill"),
                name="ticket_closed_figures",
            ),
        ),
        migrations.AddIndex(
            model_name="ticket",
            index=models.Index(
                condition=models.Q(("state__in", OPEN)), fields=["-priority_score", "id"], name="ticket_priority_queue"
            ),
        ),
    ]
