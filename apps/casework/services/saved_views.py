"""Saving lists of the queue under a name and sharing them (HND-09). What a query says is the desk's business."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID

from django.db import IntegrityError, transaction

from apps.accounts.models import User
from apps.casework import events
from apps.casework.models.saved_view import Audience, SavedView, ViewPlace
from apps.casework.selectors import views as reads
from apps.core import locks
from apps.core.actors import Actor
from apps.core.errors import DomainError, DomainErrors
from apps.feedback.services import words
from apps.journal import events as journal

NAME_LENGTH, QUERY_LENGTH, MOST = 40, 2000, 20


@dataclass(frozen=True, slots=True)
class ViewDraft:
    """`query` is the address's query string without its place; `names` tells how the things in it are called."""

    name: str
    query: str
    audience: str = Audience.PRIVATE
    names: Mapping[str, str] = field(default_factory=dict)


def save(draft: ViewDraft, *, actor: Actor) -> SavedView:
    """Save a list under a name. Raises DomainErrors and DomainError: `core.not_allowed`, `view.name_taken`,
    `view.share_not_allowed`, `view.no_department`, `view.too_many`, `view.too_long`."""
    name = _checked(draft)
    department = _department(draft.audience, actor)
    with transaction.atomic():
        user = _user(actor)
        if SavedView.objects.filter(owner=user).count() >= MOST:
            raise DomainErrors([DomainError("view.too_many", field="name", limit=MOST)])
        saved = SavedView(
            owner=user, name=name, query=draft.query, names=dict(draft.names), audience=draft.audience,
            department_id=department,
        )  # fmt: skip
        _insert(saved)
        _record(events.VIEW_SHARED, saved, actor)
        return saved


def change(view_id: UUID, draft: ViewDraft, *, actor: Actor) -> SavedView:
    """Another name, audience or list. The same errors as `save`, and `core.not_found`, `core.not_allowed`."""
    name = _checked(draft)
    with transaction.atomic():
        saved = _mine(view_id, actor)
        if draft.audience != saved.audience:
            saved.department_id = _department(draft.audience, actor)
        saved.name, saved.query, saved.audience, saved.names = name, draft.query, draft.audience, dict(draft.names)
        _insert(saved)
        _record(events.VIEW_SHARED, saved, actor)
        return saved


def delete(view_id: UUID, *, actor: Actor) -> None:
    """Take a view away from everybody. Raises DomainError `core.not_found`, `core.not_allowed`."""
    with transaction.atomic():
        saved = _mine(view_id, actor)
        _record(events.VIEW_DELETED, saved, actor)
        saved.delete()


def move(view_id: UUID, *, up: bool, actor: Actor) -> None:
    """One place to the left or right among the tabs, for this actor alone. Raises DomainError `core.not_found`."""
    with transaction.atomic():
        user = _user(actor)
        ids = [saved.pk for saved in _seen(view_id, actor)]
        at = ids.index(view_id)
        to = at - 1 if up else at + 1
        if 0 <= to < len(ids):
            ids[at], ids[to] = ids[to], ids[at]
        for position, each in enumerate(ids):
            ViewPlace.objects.update_or_create(user=user, view_id=each, defaults={"position": position})


def set_default(view_id: UUID | None, *, actor: Actor) -> None:
    """The queue opens with this view for this actor; None: with its own tab. Raises DomainError `core.not_found`."""
    with transaction.atomic():
        user = _user(actor)
        seen = [saved.pk for saved in _seen(view_id, actor)] if view_id else []
        ViewPlace.objects.filter(user=user, is_default=True).update(is_default=False)
        if view_id:
            ViewPlace.objects.update_or_create(
                user=user, view_id=view_id, defaults={"is_default": True},
                create_defaults={"is_default": True, "position": seen.index(view_id)},
            )  # fmt: skip


def _user(actor: Actor) -> User:
    """Whose views it is about, locked: two windows at once change them one after the other."""
    if actor.user_id is None or not actor.can("feedback.view_ticket"):
        raise DomainError("core.not_allowed")
    return locks.row(User, actor.user_id)


def _seen(view_id: UUID, actor: Actor) -> list[SavedView]:
    """The actor's views, of which this is one."""
    seen = reads.views_of(actor)
    if view_id not in {saved.pk for saved in seen}:
        raise DomainError("core.not_found")
    return seen


def _mine(view_id: UUID, actor: Actor) -> SavedView:
    """The view, locked, for whoever may change it."""
    found = locks.rows(SavedView.objects.visible_to(actor).filter(pk=view_id))
    if not found:
        raise DomainError("core.not_found")
    if not reads.may_change(found[0], actor):
        raise DomainError("core.not_allowed")
    return found[0]


def _checked(draft: ViewDraft) -> str:
    name = words.line(draft.name)
    errors = words.text_errors(name, "name", required="core.required", limit=NAME_LENGTH)
    if draft.audience not in Audience.values:
        errors.append(DomainError("core.invalid_choice", field="audience", value=draft.audience))
    if len(draft.query) > QUERY_LENGTH:
        errors.append(DomainError("view.too_long", field="name"))
    if errors:
        raise DomainErrors(errors)
    return name


def _department(audience: str, actor: Actor) -> int | None:
    if audience == Audience.PRIVATE:
        return None
    if not actor.can("casework.share_view"):
        raise DomainErrors([DomainError("view.share_not_allowed", field="audience")])
    if audience == Audience.ALL:
        return None
    department: int | None = getattr(actor.user, "department_id", None)
    if department is None:
        raise DomainErrors([DomainError("view.no_department", field="audience")])
    return department


def _insert(saved: SavedView) -> None:
    try:
        with transaction.atomic():
            saved.save()
    except IntegrityError as error:
        if "view_name_once" not in str(error):
            raise
        raise DomainErrors([DomainError("view.name_taken", field="name")]) from error


def _record(kind: str, saved: SavedView, actor: Actor) -> None:
    """What others see is recorded; one's own list is nobody's business."""
    if saved.audience != Audience.PRIVATE:
        data = {"name": saved.name, "audience": saved.audience, "department": saved.department_id}
        journal.record(kind, subject=saved, actor=actor, data=data)
