"""The list of tags (CLS-08): what is suggested, and renaming or merging them over all tickets."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.widgets import UnfoldAdminTextInputWidget

from apps.accounts.principals import actor_for
from apps.core.errors import DomainError
from apps.feedback.models import Tag
from apps.feedback.services import tag_library, tagging


class TagForm(forms.ModelForm[Tag]):
    """The word itself is typed once; afterwards it is renamed, which reaches the tickets that have it."""

    new_name = forms.CharField(
        label=_("rename to"), required=False, max_length=tagging.LENGTH, widget=UnfoldAdminTextInputWidget,
        help_text=_("On all tickets. A tag that exists takes them over; the old word means the new one from then on."),
    )  # fmt: skip

    class Meta:
        model = Tag
        fields = ("name", "category", "suggested")

    def clean_name(self) -> str:
        try:
            return tagging.checked(self.cleaned_data["name"])
        except DomainError as error:
            raise forms.ValidationError(error.words) from error

    def clean_new_name(self) -> str:
        typed = self.cleaned_data["new_name"]
        if not typed.strip():
            return ""
        try:
            name = tagging.checked(typed)
        except DomainError as error:
            raise forms.ValidationError(error.words) from error
        if name == self.instance.name:
            raise forms.ValidationError(DomainError("tag.same").words)
        return name


@admin.register(Tag)
class TagAdmin(ModelAdmin):
    form = TagForm
    list_display = ("name", "uses", "suggested", "category", "meaning")
    list_filter = ("suggested", "category")
    list_select_related = ("category", "becomes")
    search_fields = ("name",)
    ordering = ("-uses", "name")
    list_per_page = 100
    actions = ()

    def get_fields(self, request: HttpRequest, obj: Tag | None = None) -> tuple[str, ...]:
        if obj is None:
            return ("name", "category", "suggested")
        return ("name", "category", "suggested", "uses", "meaning", "new_name")

    def get_readonly_fields(self, request: HttpRequest, obj: Tag | None = None) -> tuple[str, ...]:
        return () if obj is None else ("name", "uses", "meaning")

    @admin.display(description=_("stands for"))
    def meaning(self, obj: Tag) -> str:
        if obj.becomes is None:
            return "—"
        words = _("being replaced") if obj.pending else ""
        return format_html("{} {}", obj.becomes.name, words)

    def save_model(self, request: HttpRequest, obj: Tag, form: Any, change: bool) -> None:
        actor = actor_for(request)
        tag_library.save(obj, actor=actor)
        if new_name := form.cleaned_data.get("new_name"):
            tag_library.rename(obj, new_name, actor=actor)

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        """A tag that tickets have stays; why is said on its page."""
        tag = self.get_object(request, object_id)
        if request.method == "POST" and tag is not None and self.has_delete_permission(request, tag):
            try:
                tag_library.delete(tag, actor=actor_for(request))
            except DomainError as error:
                messages.error(request, error.words)
                return redirect("admin:feedback_tag_change", object_id)
            messages.success(request, _("“%(name)s” is off the list.") % {"name": tag.name})
            return redirect("admin:feedback_tag_changelist")
        return super().delete_view(request, object_id, extra_context)

    def delete_queryset(self, request: HttpRequest, queryset: "QuerySet[Tag]") -> None:
        for tag in queryset:
            tag_library.delete(tag, actor=actor_for(request))
