from datetime import datetime
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST
from unfold.admin import ModelAdmin
from unfold.decorators import action, display
from unfold.paginator import InfinitePaginator
from unfold.widgets import UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from apps.accounts.principals import actor_for
from apps.core import clock
from apps.core.errors import DomainError, DomainErrors
from apps.core.fields import blind_index
from apps.crm import contacts
from apps.notifications import rendering
from apps.notifications.catalogue import placeholders
from apps.notifications.models import Notice, OutgoingMessage, Template
from apps.notifications.services import desk, templates
from apps.notifications.states import MessageChannel, MessageState

STATE_LABELS = {
    MessageState.QUEUED.value: "info",
    MessageState.SENDING.value: "info",
    MessageState.SENT.value: "success",
    MessageState.UNKNOWN.value: "warning",
    MessageState.TO_CALL.value: "warning",
    MessageState.FAILED.value: "danger",
    MessageState.SKIPPED.value: "default",
}


class TemplateForm(forms.ModelForm[Template]):
    class Meta:
        model = Template
        fields = ("subject", "body", "active")
        widgets = {"subject": UnfoldAdminTextInputWidget, "body": UnfoldAdminTextareaWidget(attrs={"rows": 18})}

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        body = values.get("body", "").replace("\r\n", "\n")
        for problem in rendering.check(self.instance.code, self.instance.channel, values.get("subject", ""), body):
            if problem.field in self.fields and not self.has_error(problem.field, code="required"):
                self.add_error(problem.field, problem.words)
        return values


@admin.register(Template)
class TemplateAdmin(ModelAdmin):
    """The words of every message: shipped, changed or switched off by staff, put back as shipped."""

    form = TemplateForm
    list_display = ("code", "channel", "language", "words", "active", "origin", "changed_at")
    list_display_links = ("code",)
    list_filter = ("code", "channel", "language", "active", "edited")
    search_fields = ("subject", "body")
    readonly_fields = ("code", "channel", "language", "edited", "changed_at", "known_placeholders", "preview")
    actions = ("restore_shipped",)
    list_per_page = 50

    class Media:
        css = {"all": ["notifications/notifications.css"]}

    def get_fieldsets(self, request: HttpRequest, obj: Template | None = None) -> Any:
        with_subject = obj is not None and obj.channel == MessageChannel.EMAIL
        words = (*(("subject",) if with_subject else ()), "body", "preview", "known_placeholders", "active")
        facts = (("code", "channel", "language"), ("edited", "changed_at"))
        return ((None, {"fields": words}), (_("About this text"), {"fields": facts}))

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @admin.display(description=_("message text"))
    def words(self, obj: Template) -> str:
        return obj.subject or rendering.clip(rendering.one_line(obj.body), 60)

    @display(description=_("origin"), ordering="edited", label={"shipped": "default", "edited": "info"})
    def origin(self, obj: Template) -> tuple[str, Any]:
        return ("edited", _("edited")) if obj.edited else ("shipped", _("shipped"))

    @admin.display(description=_("placeholders"))
    def known_placeholders(self, obj: Template) -> SafeString:
        rows = ((f"{{{each.name}}}", each.meaning) for each in placeholders(obj.code).values())
        return format_html(
            '<dl class="message-facts">{}</dl>', format_html_join("", "<dt><code>{}</code></dt><dd>{}</dd>", rows)
        )

    @admin.display(description=_("preview"))
    def preview(self, obj: Template) -> SafeString:
        return format_html(
            '<div hx-post="{}" hx-trigger="input from:closest form delay:300ms" hx-include="closest form">{}</div>',
            reverse("admin:notifications_template_preview", args=[obj.pk]),
            preview_of(obj, obj.subject, obj.body),
        )

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(require_POST(self.preview_view))
        own = [path("<uuid:object_id>/preview/", view, name="notifications_template_preview")]
        return own + super().get_urls()

    def preview_view(self, request: HttpRequest, object_id: UUID) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        template = get_object_or_404(Template, pk=object_id)
        return HttpResponse(preview_of(template, request.POST.get("subject", ""), request.POST.get("body", "")))

    def save_model(self, request: HttpRequest, obj: Template, form: Any, change: bool) -> None:
        values = form.cleaned_data
        templates.change(
            obj.pk,
            subject=values.get("subject", ""),
            body=values["body"],
            active=values["active"],
            actor=actor_for(request),
        )

    @action(description=_("Put the shipped text back"), permissions=["change"])
    def restore_shipped(self, request: HttpRequest, queryset: QuerySet[Template]) -> None:
        done = sum(templates.restore(template.pk, actor=actor_for(request)) for template in queryset)
        words = ngettext("%(count)s text is as shipped again.", "%(count)s texts are as shipped again.", done)
        messages.success(request, words % {"count": done})


def preview_of(template: Template, subject: str, body: str) -> str:
    """The text with sample values, or what is wrong with it."""
    body = body.replace("\r\n", "\n")
    problems = rendering.check(template.code, template.channel, subject, body)
    context: dict[str, Any] = {"problems": [problem.words for problem in problems]}
    if not problems:
        shown = rendering.preview(template.code, template.channel, subject, body, language=template.language)
        context["shown"] = shown
        if template.channel == MessageChannel.SMS:
            context |= {"length": len(shown.body), "parts": rendering.sms_parts(shown.body)}
    return render_to_string("notifications/preview.html", context)


@admin.register(OutgoingMessage)
class OutgoingMessageAdmin(ModelAdmin):
    """The outbox: every message sent or to be sent. Reading one is recorded (ADM-04)."""

    list_display = ("created", "number", "template", "channel", "recipient_masked", "state_label", "subject", "sent")
    list_filter = ("state", "channel", "template", "language")
    search_fields = ("reference", "subject")
    search_help_text = _("Ticket number, words of the subject, or a full e-mail address or phone number")
    actions = ("send_selected_again",)
    show_full_result_count = False
    paginator = InfinitePaginator
    list_per_page = 50

    class Media:
        css = {"all": ["notifications/notifications.css"]}

    @display(description=_("created at"), ordering="id")
    def created(self, obj: OutgoingMessage) -> SafeString:
        return short_time(obj.created_at)

    @display(description=_("sent at"), ordering="sent_at")
    def sent(self, obj: OutgoingMessage) -> SafeString | None:
        return short_time(obj.sent_at) if obj.sent_at else None

    @display(description=_("number"), ordering="reference")
    def number(self, obj: OutgoingMessage) -> SafeString | None:
        return format_html('<span class="message-nowrap">{}</span>', obj.reference) if obj.reference else None

    @display(description=_("state"), ordering="state", label=STATE_LABELS)
    def state_label(self, obj: OutgoingMessage) -> tuple[str, str]:
        return obj.state, obj.get_state_display()

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm(desk.MAY_READ)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_send_again_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(desk.MAY_SEND_AGAIN)

    def get_queryset(self, request: HttpRequest) -> QuerySet[OutgoingMessage]:
        return super().get_queryset(request).defer("body", "thread", "recipient", "recipient_name")

    def get_search_results(self, request: HttpRequest, queryset: QuerySet[Any], search_term: str) -> Any:
        found, distinct = super().get_search_results(request, queryset, search_term)
        index = address_index(search_term)
        return (queryset.filter(recipient_index=index) if index else found), distinct

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(require_POST(self.act_view))
        own = [path("<uuid:object_id>/act/<slug:act>/", view, name="notifications_outgoingmessage_act")]
        return own + super().get_urls()

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """One message with its text; GET only, there is nothing to change."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        message = self.get_object(request, object_id)
        if message is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        context = {
            **self.admin_site.each_context(request),
            "title": message.get_template_display(),
            "opts": self.opts,
            "message": message,
            "opened": desk.open_message(message.pk, actor=actor_for(request)),
            "state_colour": STATE_LABELS[message.state],
            "may_send_again": desk.may_send_again(message, actor_for(request)),
            "may_call": desk.may_record_call(message, actor_for(request)),
        }
        return TemplateResponse(request, "notifications/message.html", context)

    def act_view(self, request: HttpRequest, object_id: UUID, act: str) -> HttpResponse:
        """The buttons of the page above."""
        get_object_or_404(OutgoingMessage, pk=object_id)
        actor = actor_for(request)
        try:
            if act == "send-again":
                desk.send_again(object_id, actor=actor)
                messages.success(request, _("The message is queued again."))
            elif act in ("reached", "not-reached"):
                desk.record_call(object_id, actor=actor, reached=act == "reached")
                messages.success(request, _("The call is recorded."))
            else:
                return HttpResponse(status=404)
        except DomainError as error:
            if error.code == "core.not_allowed":
                raise PermissionDenied from error
            messages.error(request, error.words)
        return redirect("admin:notifications_outgoingmessage_change", object_id)

    @action(description=_("Send again"), permissions=["send_again"])
    def send_selected_again(self, request: HttpRequest, queryset: QuerySet[OutgoingMessage]) -> None:
        done, refused = 0, 0
        for message in queryset:
            try:
                desk.send_again(message.pk, actor=actor_for(request))
                done += 1
            except DomainError:
                refused += 1
        if done:
            words = ngettext("%(count)s message is queued again.", "%(count)s messages are queued again.", done)
            messages.success(request, words % {"count": done})
        if refused:
            words = ngettext(
                "%(count)s message was left alone: only undelivered ones can be sent again.",
                "%(count)s messages were left alone: only undelivered ones can be sent again.",
                refused,
            )
            messages.warning(request, words % {"count": refused})


def short_time(moment: datetime) -> SafeString:
    """`11-21 20:07` in Shanghai, the full value on hover."""
    local = clock.local(moment)
    return format_html(
        '<time class="message-nowrap" datetime="{}" title="{}">{}</time>',
        local.isoformat(), f"{local:%Y-%m-%d %H:%M:%S}", f"{local:%m-%d %H:%M}",
    )  # fmt: skip


def address_index(term: str) -> str:
    """The index of a whole e-mail address or phone number typed into the search box; empty for anything else."""
    try:
        normal = contacts.normalise_email(term) if "@" in term else contacts.normalise_phone(term)
    except (DomainError, DomainErrors):
        return ""
    return blind_index(normal)


@admin.register(Notice)
class NoticeAdmin(ModelAdmin):
    """Who was told what inside the desk, and when they read it."""

    list_display = ("created_at", "user", "kind", "text", "read_at")
    list_filter = ("kind", ("read_at", admin.EmptyFieldListFilter))
    search_fields = ("text", "user__username", "user__display_name")
    list_select_related = ("user",)
    fields = ("created_at", "user", "kind", "text", "link", "read_at")
    show_full_result_count = False
    paginator = InfinitePaginator
    list_per_page = 50

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
