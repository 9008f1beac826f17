from typing import Any
from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext
from unfold.admin import ModelAdmin
from unfold.decorators import action, display
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget, UnfoldAdminTextInputWidget

from apps.accounts.models import ApiKey
from apps.accounts.principals import actor_for
from apps.accounts.scopes import SCOPES
from apps.accounts.services import api_keys
from apps.core import clock


class ApiKeyForm(forms.ModelForm[ApiKey]):
    scopes = forms.MultipleChoiceField(
        label=_("scopes"),
        choices=[(name, name) for name in SCOPES],
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
    )

    class Meta:
        model = ApiKey
        fields = ("name", "scopes", "acts_for", "expires_at")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["scopes"].choices = [(name, f"{words} ({name})") for name, (words, _rights) in SCOPES.items()]

    def clean_expires_at(self) -> Any:
        moment = self.cleaned_data["expires_at"]
        if moment is not None and moment <= clock.now():
            raise forms.ValidationError(_("The end of validity must lie in the future."))
        return moment


class RevokeForm(forms.Form):
    reason = forms.CharField(label=_("reason"), max_length=200, required=False, widget=UnfoldAdminTextInputWidget())


@admin.register(ApiKey)
class ApiKeyAdmin(ModelAdmin):
    """Keys are made and revoked, never changed; the key itself is shown once, on the page after it was made."""

    form = ApiKeyForm
    list_display = ("name", "prefix", "state", "scope_names", "created_at", "expires_at", "last_used_at")
    list_filter = ("revoked_at", "expires_at")
    search_fields = ("name", "prefix")
    fieldsets = ((None, {"fields": ("name", "scopes", "acts_for", "expires_at")}),)
    autocomplete_fields = ("acts_for",)
    actions_detail = ("revoke",)

    @display(description=_("state"), label={"valid": "success", "expired": "warning", "revoked": "danger"})
    def state(self, obj: ApiKey) -> tuple[str, Any]:
        if obj.revoked_at:
            return "revoked", pgettext("API key", "revoked")
        return ("valid", pgettext("API key", "valid")) if obj.usable else ("expired", pgettext("API key", "expired"))

    @admin.display(description=_("scopes"))
    def scope_names(self, obj: ApiKey) -> str:
        return ", ".join(obj.scopes)

    def get_fieldsets(self, request: HttpRequest, obj: ApiKey | None = None) -> Any:
        if obj is None:
            return self.fieldsets
        facts = ("name", "prefix", "scope_names", "created_by", "acts_for", "agreed_at")
        moments = ("created_at", "expires_at", "last_used_at", "revoked_at")
        return ((None, {"fields": (*facts, *moments)}),)

    def get_readonly_fields(self, request: HttpRequest, obj: ApiKey | None = None) -> tuple[str, ...]:
        return () if obj is None else tuple(self.get_fieldsets(request, obj)[0][1]["fields"])

    def has_add_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("accounts.manage_api_keys")

    def has_change_permission(self, request: HttpRequest, obj: ApiKey | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: ApiKey | None = None) -> bool:
        return False

    def has_view_permission(self, request: HttpRequest, obj: ApiKey | None = None) -> bool:
        return self.has_add_permission(request) or super().has_view_permission(request, obj)

    def get_queryset(self, request: HttpRequest) -> QuerySet[ApiKey]:
        return super().get_queryset(request).select_related("created_by", "acts_for")

    def save_model(self, request: HttpRequest, obj: ApiKey, form: Any, change: bool) -> None:
        values = form.cleaned_data
        made = api_keys.create(
            values["name"], values["scopes"], expires_at=values["expires_at"], acts_for=values["acts_for"],
            actor=actor_for(request),
        )  # fmt: skip
        obj.pk, obj.prefix = made.key.pk, made.key.prefix  # so that the page's own log names the key that was made
        request.new_api_key = made

    def response_add(self, request: HttpRequest, obj: ApiKey, post_url_continue: str | None = None) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "title": _("API key made"),
            "new": request.new_api_key,
        }
        response = TemplateResponse(request, "accounts/api_key_once.html", context)
        response["Cache-Control"] = "no-store"
        return response

    def has_revoke_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        return self.has_add_permission(request)

    @action(description=_("Revoke"), permissions=["revoke"], url_path="revoke", icon="block")
    def revoke(self, request: HttpRequest, object_id: UUID) -> HttpResponse:
        key = self.get_object(request, str(object_id))
        if key is None:
            raise Http404
        form = RevokeForm(request.POST or None)
        if request.method == "POST" and form.is_valid():
            api_keys.revoke(key, actor=actor_for(request), reason=form.cleaned_data["reason"])
            messages.success(request, _("“%(name)s” is revoked.") % {"name": key.name})
            return redirect("admin:accounts_apikey_change", key.pk)
        context = {
            **self.admin_site.each_context(request),
            "title": _("Revoke “%(name)s”?") % {"name": key.name},
            "intro": _("Requests with this key are refused within 30 seconds. This can't be undone."),
            "form": form,
            "act": _("Revoke"),
            "back": "../change/",
        }
        return TemplateResponse(request, "accounts/ask.html", context)
