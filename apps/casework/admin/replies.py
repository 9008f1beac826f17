"""Reply templates with a live preview, and tone guides (HND-06)."""

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST
from unfold.widgets import UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from apps.casework import placeholders
from apps.casework.admin.base import RowAdmin, RowForm
from apps.casework.models import ReplyTemplate, ToneGuide
from apps.casework.services import replies


class ReplyForm(RowForm):
    check = staticmethod(replies.check)

    class Meta:
        model = ReplyTemplate
        fields = ("title", "body", "language", "tone", "category", "channel", "position", "active")
        widgets = {"title": UnfoldAdminTextInputWidget, "body": UnfoldAdminTextareaWidget(attrs={"rows": 12})}


@admin.register(ReplyTemplate)
class ReplyTemplateAdmin(RowAdmin):
    form = ReplyForm
    store = staticmethod(replies.save)
    list_display = ("title", "tone", "category", "channel", "language", "active")
    list_filter = ("language", "tone", "active", "category", "channel")
    list_select_related = ("category",)
    search_fields = ("title", "body")
    readonly_fields = ("preview", "known_placeholders")
    fieldsets = (
        (None, {"fields": ("title", "body", "preview", "known_placeholders")}),
        (_("When it is offered"), {"fields": (("language", "tone"), ("category", "channel"), ("position", "active"))}),
    )

    class Media:
        css = {"all": ["notifications/notifications.css"]}

    @admin.display(description=_("placeholders"))
    def known_placeholders(self, obj: ReplyTemplate) -> SafeString:
        rows = ((f"{{{name}}}", each.meaning) for name, each in placeholders.KNOWN.items())
        return format_html(
            '<dl class="message-facts">{}</dl>', format_html_join("", "<dt><code>{}</code></dt><dd>{}</dd>", rows)
        )

    @admin.display(description=_("preview"))
    def preview(self, obj: ReplyTemplate) -> SafeString:
        return format_html(
            '<div hx-post="{}" hx-trigger="input from:closest form delay:300ms" hx-include="closest form">{}</div>',
            reverse("admin:casework_replytemplate_preview"),
            preview_of(obj.body or ""),
        )

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(require_POST(self.preview_view))
        return [path("preview/", view, name="casework_replytemplate_preview"), *super().get_urls()]

    def preview_view(self, request: HttpRequest) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        return HttpResponse(preview_of(request.POST.get("body", "")[: placeholders.BODY_LENGTH]))


def preview_of(body: str) -> SafeString:
    """The text filled with samples, or what is wrong with it."""
    if problems := placeholders.check(body):
        return format_html("<p>{}</p>", " ".join(error.words for error in problems))
    text = placeholders.fill(body, placeholders.samples(body))
    return format_html('<div class="message-preview"><pre>{}</pre></div>', text)


class GuideForm(RowForm):
    check = staticmethod(replies.check_guide)

    class Meta:
        model = ToneGuide
        fields = ("language", "at_most", "text", "active")
        widgets = {"text": UnfoldAdminTextareaWidget(attrs={"rows": 8})}


@admin.register(ToneGuide)
class ToneGuideAdmin(RowAdmin):
    form: type[forms.ModelForm[Any]] = GuideForm
    list_display = ("language", "at_most", "first_line", "active")
    list_display_links = ("language", "at_most")

    @admin.display(description=_("advice"))
    def first_line(self, guide: ToneGuide) -> str:
        return guide.text.split("\n", 1)[0]
