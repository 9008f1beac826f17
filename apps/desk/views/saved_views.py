"""Keeping lists of the queue under a name, sharing them, and putting them in order (HND-09)."""

from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from apps.accounts.principals import actor_for
from apps.casework.models.saved_view import Audience, SavedView
from apps.casework.selectors import views as reads
from apps.casework.services import saved_views
from apps.casework.services.saved_views import NAME_LENGTH, ViewDraft
from apps.core.actors import Actor
from apps.core.errors import DomainError, DomainErrors
from apps.desk.forms.queue import lost_names, names_in, offered, read
from apps.desk.views.frame import framed
from apps.feedback.selectors.queue import Tab


class ViewForm(forms.Form):
    """A view's name and who sees it; whoever may not share is not asked."""

    name = forms.CharField(label=gettext_lazy("Name of the view"), max_length=NAME_LENGTH)
    audience = forms.ChoiceField(label=gettext_lazy("Who sees it"), choices=Audience.choices, required=False)

    def __init__(self, *args: object, actor: Actor, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        if not actor.can("casework.share_view"):
            del self.fields["audience"]


def address(saved: SavedView) -> str:
    """Where a view leads. The whole list stands in it, so it can be sent to somebody who does not have the view."""
    return f"{reverse('admin:desk_queue')}?{saved.query}&view={saved.pk}"


@require_POST
def save(request: HttpRequest) -> HttpResponse:
    """Save the list that is shown (`list`: its address) as a new view, or into the view `into`."""
    actor = actor_for(request)
    asked = read(QueryDict(request.POST.get("list", "")[:4000]), Tab.ALL)
    into = _uuid(request.POST.get("into", ""))
    saved = _visible(into, actor) if into else None
    draft = ViewDraft(
        name=request.POST.get("name", saved.name if saved else ""),
        query=asked.query,
        audience=request.POST.get("audience", saved.audience if saved else Audience.PRIVATE),
        names=names_in(asked),
    )
    try:
        kept = saved_views.change(saved.pk, draft, actor=actor) if saved else saved_views.save(draft, actor=actor)
    except (DomainError, DomainErrors) as error:
        messages.error(request, _words(error))
        return redirect(f"{reverse('admin:desk_queue')}?{asked.query}")
    messages.success(request, _("Saved as “%(name)s”.") % {"name": kept.name})
    return redirect(address(kept))


@require_GET
def manage(request: HttpRequest) -> HttpResponse:
    """All views of whoever is signed in: to rename, share, put in order and delete."""
    return _page(request, {})


@require_POST
def change(request: HttpRequest, view_id: UUID) -> HttpResponse:
    """`step`: save, up, down, default, no_default or delete."""
    actor, step = actor_for(request), request.POST.get("step", "")
    saved = _visible(view_id, actor)
    form = ViewForm(request.POST, actor=actor, prefix=str(view_id))
    try:
        if step == "save":
            if not form.is_valid():
                return _page(request, {view_id: form}, status=422)
            given = form.cleaned_data
            draft = ViewDraft(given["name"], saved.query, given.get("audience") or saved.audience, saved.names)
            saved_views.change(view_id, draft, actor=actor)
        elif step in ("up", "down"):
            saved_views.move(view_id, up=step == "up", actor=actor)
        elif step in ("default", "no_default"):
            saved_views.set_default(view_id if step == "default" else None, actor=actor)
        elif step == "delete":
            saved_views.delete(view_id, actor=actor)
            messages.success(request, _("“%(name)s” is deleted.") % {"name": saved.name})
    except (DomainError, DomainErrors) as error:
        form.is_valid()
        form.add_error(None, _words(error))
        return _page(request, {view_id: form}, status=422)
    return redirect("admin:desk_views")


def _page(request: HttpRequest, bound: dict[UUID, ViewForm], status: int = 200) -> HttpResponse:
    actor, choices = actor_for(request), offered()
    lines = []
    for saved in reads.views_of(actor):
        asked = read(QueryDict(saved.query), Tab.ALL, choices)
        fresh = ViewForm(actor=actor, prefix=str(saved.pk), initial={"name": saved.name, "audience": saved.audience})
        lines.append(
            {
                "view": saved,
                "address": address(saved),
                "form": bound.get(saved.pk, fresh) if reads.may_change(saved, actor) else None,
                "lost": lost_names(asked.lost, saved.names),
                "tab": Tab(asked.tab).label,
            }
        )
    return framed(request, "desk/queue/views.html", _("Saved views"), {"lines": lines}, status)


def _visible(view_id: UUID, actor: Actor) -> SavedView:
    saved = reads.view(view_id, actor)
    if saved is None:
        raise Http404
    return saved


def _words(error: DomainError | DomainErrors) -> str:
    return " ".join(e.words for e in error.errors) if isinstance(error, DomainErrors) else error.words


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
