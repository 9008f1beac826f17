"""How the demo company looks after its keyword library: corrections, suggested words, the monthly review."""

from collections.abc import Callable
from functools import partial

from apps.accounts.models import User
from apps.core import actors, clock
from apps.core.actors import Actor
from apps.feedback.models import Ticket
from apps.feedback.services import reclassification
from apps.feedback.services.reclassification import Correction
from apps.triage.models import Category, LibraryReview
from apps.triage.services import reviews, suggestions

Act = Callable[[], None]


def acts(people: dict[str, User]) -> list[tuple[float, Act]]:
    """(days before the end, what happens then)."""
    lead = actors.staff(people["chenjing"])
    months = [(days, _review) for days in (62.0, 31.0, 0.5)]
    return [
        *months,
        (30.5, partial(_finish_review, lead)),
        (3.1, partial(_correct, lead)),
        (3.0, partial(_search, lead)),
    ]


def _review() -> None:
    reviews.due(clock.now())


def _finish_review(actor: Actor) -> None:
    review = LibraryReview.objects.filter(done_at=None).order_by("month").first()
    if review is not None:
        reviews.finish(review, actor=actor, note="少用的词保留一季度再看；常判错的两个词已降低权重。")


def _correct(actor: Actor) -> None:
    """Questions about filters and spare parts belong to after-sales, whatever the words looked like."""
    change = Correction(category=Category.objects.get(slug="after_sales"))
    for ticket in Ticket.objects.real().filter(description__contains="滤网多久换").order_by("pk")[:8]:
        reclassification.reclassify(ticket, change, actor=actor, reason="耗材咨询归售后")


def _search(actor: Actor) -> None:
    suggestions.search(actor=actor)
