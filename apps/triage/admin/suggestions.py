"""Keywords that corrections ask for: taken with another category or weight, or dropped for good (CLS-04)."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from unfold.decorators import display
from unfold.widgets import UnfoldAdminDecimalFieldWidget, UnfoldAdminSelectWidget

from apps.accounts.principals import actor_for
from apps.core.errors import DomainError, DomainErrors
from apps.triage.admin.pages import RIGHT, LookedAt, attempt, framed, tell
from apps.triage.models import Category, Decision, KeywordSuggestion
from apps.triage.services import suggestions

LABELS = {Decision.OPEN.value: "info", Decision.ACCEPTED.value: "success", Decision.DISMISSED.value: "default"}


class AcceptForm(forms.Form):
    category = forms.ModelChoiceField(
        label=gettext_lazy("category"), queryset=Category.objects.none(), widget=UnfoldAdminSelectWidget
    )
    weight = forms.DecimalField(
        label=gettext_lazy("weight"), max_digits=4, decimal_places=2, widget=UnfoldAdminDecimalFieldWidget,
        validators=[MinValueValidator(0), MaxValueValidator(10)],
        help_text=gettext_lazy("0 to 10: how clearly this word speaks for the category. 1 is a hint, 3 is clear."),
    )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["category"].queryset = Category.objects.filter(active=True)


@admin.register(KeywordSuggestion)
class KeywordSuggestionAdmin(LookedAt):
    list_display = ("text", "category", "weight", "corrected", "here", "elsewhere", "decision_label", "decided_by")
    list_filter = ("decision", "category")
    list_select_related = ("category", "decided_by")
    search_fields = ("text",)
    ordering = ("-strength", "text")
    actions = ("accept_all", "drop_all")

    @display(description=gettext_lazy("decision"), ordering="decision", label=LABELS)
    def decision_label(self, obj: KeywordSuggestion) -> tuple[str, str]:
        return obj.decision, obj.get_decision_display()

    def has_decide_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(RIGHT)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        suggestion = self.get_object(request, object_id)
        if suggestion is None:
            raise Http404
        first = {"category": suggestion.category_id, "weight": suggestion.weight}
        form = AcceptForm(request.POST if request.POST.get("do") == "accept" else None, initial=first)
        if request.method == "POST" and self._decided(request, suggestion, form):
            return redirect(reverse("admin:triage_keywordsuggestion_changelist") + "?decision__exact=open")
        context = {"suggestion": suggestion, "form": form, "open": suggestion.decision == Decision.OPEN}
        return framed(self, request, "triage/suggestion.html", str(suggestion), **context)

    def _decided(self, request: HttpRequest, suggestion: KeywordSuggestion, form: AcceptForm) -> bool:
        if request.POST.get("do") == "drop":
            words = _("“%(text)s” will not be suggested again.") % {"text": suggestion.text}
            return attempt(request, lambda actor: suggestions.dismiss(suggestion, actor=actor), words)
        if not form.is_valid():
            return False
        words = _("“%(text)s” is a keyword now.") % {"text": suggestion.text}
        chosen = form.cleaned_data
        return attempt(request, lambda actor: suggestions.accept(suggestion, actor=actor, **chosen), words)

    @admin.action(description=gettext_lazy("Accept as suggested"), permissions=["decide"])
    def accept_all(self, request: HttpRequest, queryset: QuerySet[KeywordSuggestion]) -> None:
        done = 0
        for each in queryset.filter(decision=Decision.OPEN).select_related("category"):
            try:
                suggestions.accept(each, actor=actor_for(request), category=each.category, weight=each.weight)
                done += 1
            except (DomainError, DomainErrors) as error:
                tell(request, error)
        words = ngettext("%(count)s keyword added.", "%(count)s keywords added.", done)
        messages.success(request, words % {"count": done})

    @admin.action(description=gettext_lazy("Drop"), permissions=["decide"])
    def drop_all(self, request: HttpRequest, queryset: QuerySet[KeywordSuggestion]) -> None:
        done = 0
        for each in queryset.filter(decision=Decision.OPEN):
            suggestions.dismiss(each, actor=actor_for(request))
            done += 1
        words = ngettext("%(count)s suggestion dropped.", "%(count)s suggestions dropped.", done)
        messages.success(request, words % {"count": done})
