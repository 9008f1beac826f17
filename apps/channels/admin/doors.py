"""Doors: how each fares, and their settings with keys that never come back to a page."""

from typing import Any
from uuid import UUID

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.decorators import action
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from apps.accounts.principals import actor_for
from apps.channels import selectors
from apps.channels.adapters import base
from apps.channels.adapters.base import Field, Unreachable
from apps.channels.models import Door, DoorKind
from apps.channels.services import doors
from apps.core.errors import DomainError, DomainErrors

STATE_COLOURS = {"well": "success", "off": "default", "new": "info", "silent": "warning", "ill": "danger"}
LONGEST = 1000


class KeyWidget(UnfoldAdminTextInputWidget):
    """What is stored never comes back to a page."""

    input_type = "password"

    def format_value(self, value: Any) -> None:
        return None


class DoorForm(forms.ModelForm[Door]):
    """The door's own columns, and a field `own_<name>` for each setting and key of its platform."""

    class Meta:
        model = Door
        fields = ("name", "kind", "active", "ticket_kind")

    def own(self, *, secret: bool) -> dict[str, str]:
        fields = [field for field in base.fields_of(self.instance.kind) if field.secret is secret]
        return {field.name: self.cleaned_data.get(f"own_{field.name}") or "" for field in fields}

    def _post_clean(self) -> None:
        super()._post_clean()
        if self.instance._state.adding:  # it is opened when its keys are there, and those depend on its kind
            self.instance.active = False
        if self.errors:
            return
        try:
            doors.check(self.instance, self.own(secret=False), self.own(secret=True))
        except DomainErrors as found:
            for error in found.errors:
                name = f"own_{error.field}"
                self.add_error(name if name in self.fields else None, error.words)


def form_of(door: Door) -> type[DoorForm]:
    """The form of one door: its platform's fields, filled with its settings, keys empty."""
    known = doors.secrets_of(door)
    own = {f"own_{field.name}": _form_field(field, door, field.name in known) for field in base.fields_of(door.kind)}
    return type("OwnDoorForm", (DoorForm,), own)


def _form_field(field: Field, door: Door, known: bool) -> forms.Field:
    if field.secret:
        state = _("A key is stored. Empty keeps it.") if known else _("No key is stored yet.")
        return forms.CharField(
            label=field.label, required=False, max_length=20_000, strip=True,
            widget=KeyWidget(attrs={"autocomplete": "new-password"}),
            help_text=format_html("{} {}", field.help, state),
        )  # fmt: skip
    initial = door.settings.get(field.name, "")
    if field.choices:
        choices = [("", "—"), *field.choices]
        return forms.ChoiceField(
            label=field.label, required=False, choices=choices, initial=initial, help_text=field.help,
            widget=UnfoldAdminSelectWidget,
        )  # fmt: skip
    return forms.CharField(
        label=field.label, required=False, max_length=LONGEST, initial=initial, help_text=field.help,
        widget=UnfoldAdminTextInputWidget,
    )  # fmt: skip


@admin.register(Door)
class DoorAdmin(ModelAdmin):
    """The list is the health page: every way in and out of the house, not only doors."""

    form = DoorForm
    actions = None
    actions_detail = ("test_door",)
    readonly_fields = ("health", "webhook")
    change_list_template = "channels/doors.html"

    class Media:
        css = {"all": ["channels/doors.css"]}

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).defer("token")

    def get_form(self, request: HttpRequest, obj: Door | None = None, change: bool = False, **how: Any) -> Any:
        if obj is not None and change:
            how["form"] = form_of(obj)
        return super().get_form(request, obj, change, **how)

    def get_readonly_fields(self, request: HttpRequest, obj: Door | None = None) -> Any:
        return (*self.readonly_fields, "kind") if obj is not None else self.readonly_fields

    def get_fieldsets(self, request: HttpRequest, obj: Door | None = None) -> Any:
        if obj is None:
            return [
                (None, {"fields": ("name", "kind", "ticket_kind"), "description": _("Its keys are asked for next.")})
            ]
        about = [(None, {"fields": ("health", "name", "kind", "active", "ticket_kind", "webhook")})]
        if not self.has_change_permission(request, obj):
            return about
        own = [
            (title, {"fields": [f"own_{field.name}" for field in base.fields_of(obj.kind) if field.secret is secret]})
            for title, secret in ((_("Settings"), False), (_("Keys and secrets"), True))
        ]
        return about + [part for part in own if part[1]["fields"]]

    @admin.display(description=_("state"))
    def health(self, door: Door) -> "SafeString | str":
        """What the list says of it: both pages read the same check-up."""
        if door._state.adding:
            return "—"
        each = selectors.checkup(door)
        return render_to_string("channels/_door_health.html", {"each": each, "colour": STATE_COLOURS[each.state]})

    @admin.display(description=_("address for the platform"))
    def webhook(self, door: Door) -> "SafeString | str":
        if door._state.adding or not base.platform(door.kind).hears:
            return "—"
        address = settings.PUBLIC_URL + reverse("channels:knock", args=[door.pk])
        return format_html("<code>{}</code>", address)

    def save_model(self, request: HttpRequest, obj: Door, form: Any, change: bool) -> None:
        doors.save(obj, form.own(secret=False), form.own(secret=True), actor=actor_for(request))

    def response_add(self, request: HttpRequest, obj: Door, post_url_continue: str | None = None) -> HttpResponse:
        messages.info(request, _("Now its settings and keys; then put it in use."))
        return redirect("admin:channels_door_change", obj.pk)

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        """The journal keeps what changed; Django's own log would only repeat it."""

    def has_delete_permission(self, request: HttpRequest, obj: Door | None = None) -> bool:
        return super().has_delete_permission(request, obj) and not (obj is not None and obj.inbound.exists())

    def delete_model(self, request: HttpRequest, obj: Door) -> None:
        doors.remove(obj, actor=actor_for(request))

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """Every door, mailbox and gateway with its health, and what needs a person."""
        if not self.has_view_or_change_permission(request):
            return super().changelist_view(request, extra_context)
        checkups = selectors.checkups()
        context = {
            **self.admin_site.each_context(request),
            "title": _("Doors"),
            "opts": self.opts,
            "checkups": [(each, STATE_COLOURS[each.state]) for each in checkups],
            "troubled": sum(each.ill for each in checkups),
            "failed_items": selectors.failed_items(),
            "may_add": self.has_add_permission(request),
            "may_change": self.has_change_permission(request),
            "may_try_again": request.user.has_perm("channels.change_inbound"),
            "may_open": {
                "door": True,
                "mailbox": request.user.has_perm("feedback.view_mailbox"),
                "out": request.user.has_perm("notifications.view_outbox"),
            },
            "simulator": settings.SOCIAL_SIMULATOR_URL,
        }
        return TemplateResponse(request, self.change_list_template, context)

    def has_test_door_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        return request.user.has_perm("channels.change_door")

    @action(description=_("Test the connection"), permissions=["test_door"], url_path="test", icon="network_check")
    def test_door(self, request: HttpRequest, object_id: UUID) -> HttpResponse:
        door = self.get_object(request, str(object_id))
        if door is None:
            raise Http404
        try:
            name = doors.test(door.pk, actor=actor_for(request))
        except (Unreachable, DomainError) as error:
            messages.error(request, _("The test failed: %(error)s") % {"error": error})
        else:
            messages.success(
                request, _("The platform knows us: %(name)s") % {"name": name or DoorKind(door.kind).label}
            )
        return redirect("admin:channels_door_change", door.pk)
