"""Events, deliveries and heads on screen: to be read, never changed."""

from typing import Any, cast

from django.contrib import admin, messages
from django.contrib.auth.models import AbstractUser
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.decorators import action

from apps.core.actors import staff
from apps.journal import deliveries
from apps.journal.models import Delivery, Event, Head
from apps.journal.paging import EstimatingPaginator


class ReadOnly(ModelAdmin):
    """No adding, changing or deleting; big tables are counted by estimate."""

    show_full_result_count = False
    paginator = EstimatingPaginator
    list_per_page = 50

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Event)
class EventAdmin(ReadOnly):
    list_display = ("id", "kind", "subject_type", "actor_label", "at", "reason")
    list_filter = ("actor_kind",)
    search_fields = ("kind__exact", "subject_id__exact", "actor_label__exact")
    search_help_text = _("Exact event name, subject id or staff number")
    ordering = ("-id",)
    fields = (
        "kind",
        "subject_type",
        "subject_id",
        "actor_kind",
        "actor_label",
        "at",
        "reason",
        "data",
        "commitment_hex",
    )
    readonly_fields = ("commitment_hex",)

    @admin.display(description=_("commitment"))
    def commitment_hex(self, event: Event) -> str:
        return format_html("<code>{}</code>", bytes(event.commitment).hex())


@admin.register(Delivery)
class DeliveryAdmin(ReadOnly):
    """Who was told. What was given up can be tried again."""

    list_display = ("id", "receiver", "event_kind", "due_at", "attempts", "done_at", "error")
    list_filter = (("done_at", admin.EmptyFieldListFilter), ("due_at", admin.EmptyFieldListFilter))
    list_select_related = ("event",)
    ordering = ("-id",)
    actions = ("try_again",)

    @admin.display(description=_("event"))
    def event_kind(self, delivery: Delivery) -> str:
        return f"{delivery.event.kind} #{delivery.event_id}"

    def has_try_again_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm("journal.change_delivery"))

    @action(description=_("Try again"), permissions=["try_again"])
    def try_again(self, request: HttpRequest, queryset: QuerySet[Delivery]) -> None:
        actor = staff(cast(AbstractUser, request.user))
        ids = list(queryset.filter(done_at=None).values_list("pk", flat=True)[:500])
        for delivery_id in ids:
            deliveries.retry(delivery_id, actor=actor)
        messages.success(request, _("%(count)s deliveries will be tried again.") % {"count": len(ids)})


@admin.register(Head)
class HeadAdmin(ReadOnly):
    list_display = ("size", "sealed_at", "root_hex", "signed_by")
    fields = ("size", "sealed_at", "root_hex", "previous", "signed_by", "signature_hex")
    readonly_fields = ("root_hex", "signed_by", "signature_hex")

    @admin.display(description=_("root"))
    def root_hex(self, head: Head) -> str:
        return bytes(head.root).hex()[:24] + "…"

    @admin.display(description=_("fingerprint of the key"), ordering="key_id")
    def signed_by(self, head: Head) -> str:
        return head.key_id

    @admin.display(description=_("signature"))
    def signature_hex(self, head: Head) -> str:
        return format_html("<code>{}</code>", bytes(head.signature).hex())
