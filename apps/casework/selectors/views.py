"""The saved views that somebody finds in the queue (HND-09)."""

from uuid import UUID

from django.db.models import F, FilteredRelation, Q

from apps.casework.models.saved_view import SavedView
from apps.core.actors import Actor

MOST = 60


def views_of(actor: Actor) -> list[SavedView]:
    """The views this actor may use, in their own order, at most MOST, with `is_default`; those not placed yet by name."""
    mine = FilteredRelation("places", condition=Q(places__user=actor.user_id))
    placed = SavedView.objects.visible_to(actor).annotate(mine=mine).select_related("owner", "department")
    found = placed.annotate(position=F("mine__position"), is_default=F("mine__is_default"))
    return list(found.order_by(F("position").asc(nulls_last=True), "name", "id")[:MOST])


def view(view_id: UUID, actor: Actor) -> SavedView | None:
    """The view, if this actor may know of it."""
    return SavedView.objects.visible_to(actor).filter(pk=view_id).first()


def may_change(saved: SavedView, actor: Actor) -> bool:
    """Its owner; what is shared also whoever may share, so that nothing stays when people go."""
    return saved.owner_id == actor.user_id or (saved.audience != "private" and actor.can("casework.share_view"))
