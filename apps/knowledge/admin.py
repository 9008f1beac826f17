"""Articles and their topics for staff (KB-01). Every change goes through the services; what is public is an edition."""

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_POST
from unfold.admin import ModelAdmin
from unfold.decorators import action, display

from apps.accounts.principals import actor_for
from apps.core.errors import DomainError, DomainErrors
from apps.journal import transitions
from apps.knowledge import rendering, selectors
from apps.knowledge.models import Article, Topic
from apps.knowledge.services import articles, topics
from apps.knowledge.services.articles import Draft
from apps.knowledge.states import ArticleState

STATE_COLOURS = {
    ArticleState.DRAFT.value: "default", ArticleState.REVIEW.value: "warning", ArticleState.PUBLISHED.value: "success",
    ArticleState.WITHDRAWN.value: "danger",
}  # fmt: skip
WRITTEN = ("title", "body", "topic", "language", "audience", "product", "product_group")
# Steps with a reason, and without.
_WITH_REASON = {"send_back": articles.send_back, "withdraw": articles.withdraw}
_PLAIN = {"submit": articles.submit, "publish": articles.publish, "revise": articles.revise}


class ArticleForm(forms.ModelForm[Article]):
    """`seen` is the version that was shown: it tells that somebody saved since; what is typed stays."""

    seen = forms.IntegerField(label="", widget=forms.HiddenInput, required=False)

    class Meta:
        model = Article
        fields = WRITTEN

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["seen"] = self.instance.version
        if "topic" in self.fields:
            self.fields["topic"].queryset = Topic.objects.filter(active=True)
        if "body" in self.fields:
            self.fields["body"].widget.attrs |= {"rows": 18, "data-preview": reverse("admin:knowledge_article_preview")}

    def draft(self) -> Draft:
        return Draft(**{name: self.cleaned_data[name] for name in WRITTEN})

    def _post_clean(self) -> None:
        super()._post_clean()
        if self.errors:
            return
        try:
            articles.check(self.draft())
        except DomainErrors as found:
            for error in found.errors:
                self.add_error(error.field, error.words)
        known = Article.objects.filter(pk=self.instance.pk).values_list("version", flat=True).first()
        if known is not None and self.cleaned_data.get("seen") not in (None, known):
            self.add_error(None, DomainError("core.stale").words)


@admin.register(Article)
class ArticleAdmin(ModelAdmin):
    """Writing here; reading, publishing and withdrawing on the article's own page."""

    form = ArticleForm
    list_display = ("title", "state_mark", "topic", "language", "audience", "votes", "changed_at")
    list_filter = ("state", "topic", "language", "audience")
    search_fields = ("title", "body", "key", "source")
    list_select_related = ("topic",)
    list_per_page = 50
    actions = None
    actions_detail = ("read",)
    change_form_after_template = "knowledge/preview_slot.html"
    fieldsets = (
        (None, {"fields": ("seen", "title", "body")}),
        (_("Where it stands"), {"fields": (("topic", "audience"), ("language", "product_group"), "product")}),
    )

    class Media:
        js = ("knowledge/preview.js",)

    @display(description=_("state"), label=STATE_COLOURS, ordering="state")
    def state_mark(self, article: Article) -> tuple[str, str]:
        return article.state, article.get_state_display()

    @admin.display(description=_("helped"), ordering="-useful")
    def votes(self, article: Article) -> str:
        return f"{article.useful} / {article.useful + article.useless}" if article.useful + article.useless else "—"

    def get_urls(self) -> list[URLPattern]:
        own = [
            path("preview/", self.admin_site.admin_view(require_POST(self.preview)), name="knowledge_article_preview"),
            path("<uuid:pk>/page/", self.admin_site.admin_view(require_GET(self.page)), name="knowledge_article_page"),
            path(
                "<uuid:pk>/<slug:step>/do/", self.admin_site.admin_view(require_POST(self.take)),
                name="knowledge_article_step",
            ),
        ]  # fmt: skip
        return own + super().get_urls()

    # Who may what ----------------------------------------------------------------------------------------------------

    def has_add_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(articles.WRITES)

    def has_change_permission(self, request: HttpRequest, obj: Article | None = None) -> bool:
        return request.user.has_perm(articles.WRITES) and (obj is None or obj.state == ArticleState.DRAFT)

    def has_delete_permission(self, request: HttpRequest, obj: Article | None = None) -> bool:
        return False  # customers may have read it: it is withdrawn, and its editions stay

    def get_fieldsets(self, request: HttpRequest, obj: Article | None = None) -> Any:
        if self.has_change_permission(request, obj):
            return self.fieldsets
        return [(None, {"fields": ("title", "body")}), self.fieldsets[1]]

    def save_model(self, request: HttpRequest, obj: Article, form: ArticleForm, change: bool) -> None:
        actor = actor_for(request)
        if change:
            saved = articles.write(obj, form.draft(), actor=actor, expected_version=form.cleaned_data.get("seen"))
        else:
            saved = articles.create(form.draft(), actor=actor)
        obj.pk, obj._state.adding = saved.pk, False

    # The article's page ----------------------------------------------------------------------------------------------

    def has_read_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        return self.has_view_permission(request)

    @action(description=_("Read, publish, withdraw"), url_path="open", icon="visibility", permissions=["read"])
    def read(self, request: HttpRequest, object_id: UUID) -> HttpResponse:
        return redirect("admin:knowledge_article_page", object_id)

    def page(self, request: HttpRequest, pk: UUID, *, refused: str = "", status: int = 200) -> HttpResponse:
        """The text as readers see it, what can be done with it, its editions and what readers missed."""
        article = self._known(request, pk)
        actor = actor_for(request)
        offers = {offer.name: offer for offer in transitions.available(article, actor)}
        own = actor.user_id in article.writer_ids
        context = {
            **self.admin_site.each_context(request),
            "title": article.title,
            "article": article,
            "html": rendering.html(article.body),
            "steps": [offer for offer in offers.values() if offer.allowed],
            "own_text": own and article.state == ArticleState.REVIEW and request.user.has_perm(articles.PUBLISHES),
            "with_reason": list(_WITH_REASON),
            "may_write": self.has_change_permission(request, article),
            "editions": selectors.editions(article),
            "voices": article.votes.exclude(words="").order_by("-at")[:20],
            "refused": refused,
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, "knowledge/article.html", context, status=status)

    def take(self, request: HttpRequest, pk: UUID, step: str) -> HttpResponse:
        """One step of the article's way; a refusal says why and keeps everything."""
        article = self._known(request, pk)
        actor, reason = actor_for(request), request.POST.get("reason", "")
        try:
            if step in _PLAIN:
                taken = _PLAIN[step](article, actor=actor)
            elif step in _WITH_REASON:
                taken = _WITH_REASON[step](article, actor=actor, reason=reason)
            else:
                raise Http404
        except DomainError as error:
            return self.page(request, pk, refused=error.words, status=error.status)
        messages.success(request, f"{taken.title}: {taken.get_state_display()}")
        return redirect("admin:knowledge_article_page", pk)

    def preview(self, request: HttpRequest) -> HttpResponse:
        """What is being typed, as it would look."""
        if not request.user.has_perm(articles.WRITES):
            raise PermissionDenied
        return HttpResponse(rendering.html(request.POST.get("body", "")[:20_000]))

    def _known(self, request: HttpRequest, pk: UUID) -> Article:
        found = Article.objects.visible_to(actor_for(request)).select_related("topic", "edition").filter(pk=pk).first()
        if found is None or not self.has_view_permission(request, found):
            raise Http404
        return found


@admin.register(Topic)
class TopicAdmin(ModelAdmin):
    """The shelves of the help pages."""

    list_display = ("name", "name_en", "order", "active")
    ordering = ("order",)
    actions = None

    def has_delete_permission(self, request: HttpRequest, obj: Topic | None = None) -> bool:
        return super().has_delete_permission(request, obj) and not (obj is not None and obj.articles.exists())

    def save_model(self, request: HttpRequest, obj: Topic, form: Any, change: bool) -> None:
        topics.save(obj, actor=actor_for(request))

    def delete_model(self, request: HttpRequest, obj: Topic) -> None:
        topics.remove(obj, actor=actor_for(request))
