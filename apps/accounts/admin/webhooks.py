"""Addresses of other systems that hear of events, and the calls that were made (LNK-04)."""

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext
from unfold.admin import ModelAdmin
from unfold.decorators import action, display
from unfold.paginator import InfinitePaginator
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from apps.accounts.models import Webhook, WebhookCall
from apps.accounts.principals import actor_for
from apps.accounts.services import webhooks
from apps.core.errors import DomainError


class WebhookForm(forms.ModelForm[Webhook]):
    kinds = forms.MultipleChoiceField(label=_("events"), widget=UnfoldAdminCheckboxSelectMultipleWidget)

    class Meta:
        model = Webhook
        fields = ("name", "url", "kinds", "active")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["kinds"].choices = [(kind, f"{words} ({kind})") for kind, words in webhooks.offered().items()]


class KeyRight:
    """Whoever makes API keys makes webhooks."""

    def has_module_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("accounts.manage_api_keys")

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_module_permission(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self.has_module_permission(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_module_permission(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False  # switched off; its calls stay on record


@admin.register(Webhook)
class WebhookAdmin(KeyRight, ModelAdmin):
    form = WebhookForm
    list_display = ("name", "url", "active", "waiting")
    list_filter = ("active",)
    fields = ("name", "url", "kinds", "active")
    actions = None
    actions_detail = ("test_call",)

    @admin.display(description=_("calls that wait"))
    def waiting(self, hook: Webhook) -> int:
        return hook.calls.filter(due_at__isnull=False).count()

    def save_model(self, request: HttpRequest, obj: Webhook, form: Any, change: bool) -> None:
        actor = actor_for(request)
        if change:
            webhooks.change(obj, actor=actor)
            return
        made, secret = webhooks.create(obj.name, obj.url, obj.kinds, actor=actor)
        obj.pk = made.pk
        request.new_secret = secret

    def response_add(self, request: HttpRequest, obj: Webhook, post_url_continue: str | None = None) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request), "title": _("Webhook made"), "back": "../",
            "intro": _("Signs every call, in the header X-Feedback-Signature. It is shown only now: give it to the other system."),
            "result": {"label": _("Secret"), "value": request.new_secret},
        }  # fmt: skip
        answer = TemplateResponse(request, "accounts/ask.html", context)
        answer["Cache-Control"] = "no-store"
        return answer

    def has_test_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        return self.has_module_permission(request)

    @action(description=_("Send a test call"), permissions=["test"], url_path="test", icon="send")
    def test_call(self, request: HttpRequest, object_id: UUID) -> HttpResponse:
        hook = self.get_object(request, str(object_id))
        if hook is None:
            raise Http404
        if request.method != "POST":
            context = {**self.admin_site.each_context(request), "title": hook.name, "label": _("Send a test call")}
            return TemplateResponse(request, "billing/confirm.html", context)
        try:
            call = webhooks.test(hook, actor=actor_for(request))
        except DomainError as error:
            messages.error(request, error.words)
            return redirect("admin:accounts_webhook_change", hook.pk)
        return redirect("admin:accounts_webhookcall_change", call.pk)


@admin.register(WebhookCall)
class WebhookCallAdmin(KeyRight, ModelAdmin):
    list_display = ("kind", "webhook", "created_at", "result", "attempts", "status", "due_at")
    list_filter = ("webhook",)
    list_select_related = ("webhook",)
    sortable_by = ()
    fields = readonly_fields = (
        "webhook", "kind", "event_id", "created_at", "result", "attempts", "status", "error", "due_at", "taken_at",
        "given_up_at", "body",
    )  # fmt: skip
    show_full_result_count = False
    paginator = InfinitePaginator
    actions = None
    actions_detail = ("again",)

    @display(description=_("result"), label={"taken": "success", "waits": "info", "given_up": "danger"})
    def result(self, call: WebhookCall) -> tuple[str, Any]:
        if call.taken_at:
            return "taken", pgettext("webhook", "taken")
        return (
            ("given_up", pgettext("webhook", "given up"))
            if call.given_up_at
            else ("waits", pgettext("webhook", "waits"))
        )

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_again_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        return self.has_module_permission(request)

    @action(description=_("Try again now"), permissions=["again"], url_path="again", icon="replay")
    def again(self, request: HttpRequest, object_id: UUID) -> HttpResponse:
        call = self.get_object(request, str(object_id))
        if call is None:
            raise Http404
        if request.method != "POST":
            context = {**self.admin_site.each_context(request), "title": str(call), "label": _("Try again now")}
            return TemplateResponse(request, "billing/confirm.html", context)
        webhooks.again(call, actor=actor_for(request))
        return redirect("admin:accounts_webhookcall_change", call.pk)
