"""Whether articles helped (KB-01)."""

from django.db import transaction
from django.db.models import Count, Q

from apps.core import clock, locks
from apps.core.errors import DomainError
from apps.core.fields import blind_index
from apps.knowledge.models import Article, Vote

WORDS_LIMIT = 1000


def cast(article: Article, *, reader: str, useful: bool, words: str = "") -> Vote:
    """One voice per reader and article; whoever says something else later has changed their mind.

    `reader` is anything that tells readers apart; only its HMAC is kept. Raises DomainError `core.too_long`,
    `core.not_found` (withdrawn meanwhile).
    """
    words = words.replace("\x00", "").strip()
    if len(words) > WORDS_LIMIT:
        raise DomainError("core.too_long", field="words", limit=WORDS_LIMIT, length=len(words))
    with transaction.atomic():
        fresh = locks.row(Article, article.pk)
        if fresh.edition is None:
            raise DomainError("core.not_found")
        vote, _created = Vote.objects.update_or_create(
            article=fresh,
            reader=blind_index(f"reader\x1f{reader}"),
            defaults={"useful": useful, "words": words, "edition": fresh.edition.number, "at": clock.now()},
        )
        count = fresh.votes.aggregate(yes=Count("pk", filter=Q(useful=True)), no=Count("pk", filter=Q(useful=False)))
        fresh.useful, fresh.useless = count["yes"], count["no"]
        fresh.save(update_fields=["useful", "useless"])
        return vote
