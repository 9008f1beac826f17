from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.db.models import Lookup


class WordsField(SearchVectorField):
    """A tsvector asked by `field__hold=` with the literal of a tsquery, as `selectors.search` makes it."""


@WordsField.register_lookup
class Hold(Lookup):
    lookup_name = "hold"
    prepare_rhs = False

    def get_db_prep_lookup(self, value: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        return "%s", (value,)

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        left, left_params = self.process_lhs(compiler, connection)
        right, right_params = self.process_rhs(compiler, connection)
        return f"{left} @@ {right}::tsquery", (*left_params, *right_params)


class SearchText(models.Model):
    """What a ticket is found by (HND-09): its words, and all its texts folded. Written only by `services.search_index`.

    A table of its own, so that a ticket's many small changes don't write its words again. `scopes` are the departments
    and, as a negative number, the handler who may see it: a search in one small department among a million tickets
    stays one look into the index. The database keeps them in step (migration 0005).
    """

    ticket = models.OneToOneField(
        "feedback.Ticket", primary_key=True, on_delete=models.CASCADE, related_name="search_text"
    )
    words = WordsField()
    scopes = ArrayField(models.BigIntegerField(), default=list)
    text = models.TextField()
    version = models.PositiveSmallIntegerField(default=1)  # of the rules by which it was made

    class Meta:
        indexes = [GinIndex(fields=["words", "scopes"], name="search_words", gin_pending_list_limit=1024)]
