"""Mailboxes with their health, and every mail that came in with what became of it (INT-09)."""

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST
from unfold.admin import ModelAdmin
from unfold.decorators import action, display
from unfold.paginator import InfinitePaginator
from unfold.widgets import UnfoldAdminTextInputWidget

from apps.accounts.principals import actor_for
from apps.core import clock
from apps.core.errors import DomainError, DomainErrors
from apps.core.fields import blind_index
from apps.feedback.mail.imap import Unreachable
from apps.feedback.models import IncomingMail, Mailbox, Ticket
from apps.feedback.models.mail import Trouble, Verdict
from apps.feedback.selectors import mail as reads
from apps.feedback.services import incoming_mail, mailboxes

HEALTH_COLOURS = {"well": "success", "off": "default", "new": "info", "silent": "warning", "ill": "danger"}
VERDICT_COLOURS = {
    Verdict.NEW_TICKET.value: "success", Verdict.REPLY.value: "success", Verdict.AUTO_REPLY.value: "default",
    Verdict.BOUNCE.value: "warning", Verdict.LOOP.value: "warning", Verdict.DUPLICATE.value: "default",
    Verdict.BROKEN.value: "danger",
}  # fmt: skip


class PasswordWidget(UnfoldAdminTextInputWidget):
    """What is stored never comes back to a page."""

    input_type = "password"

    def format_value(self, value: Any) -> None:
        return None


class MailboxForm(forms.ModelForm[Mailbox]):
    """An empty password keeps the present one; errors of the service stand beside their fields."""

    password = forms.CharField(
        label=_("password or app code"), required=False, strip=False, max_length=300,
        widget=PasswordWidget(attrs={"autocomplete": "new-password"}),
        help_text=_("NetEase and Tencent want their authorisation code here, not the password. Empty keeps the present one."),
    )  # fmt: skip

    class Meta:
        model = Mailbox
        fields = mailboxes.EDITABLE

    def clean_password(self) -> str:
        return self.cleaned_data["password"] or self.instance.password

    def _post_clean(self) -> None:
        super()._post_clean()
        if self.errors:
            return
        try:
            mailboxes.check(self.instance, password_kept=not self.data.get(self.add_prefix("password")))
        except DomainErrors as found:
            for error in found.errors:
                self.add_error(error.field, error.words)


@admin.register(Mailbox)
class MailboxAdmin(ModelAdmin):
    """Each with a line on how it is; "Fetch now" says at once whether it can be opened."""

    form = MailboxForm
    list_display = ("address", "health", "last_success_at", "unattended", "channel", "active")
    readonly_fields = ("health_line",)
    actions_detail = ("fetch_now",)
    actions = None
    fieldsets = (
        (None, {"fields": ("health_line", "address", "active")}),
        (_("Where it is read"), {"fields": ("host", "port", "security", "user", "password", "folder")}),
        (_("Its tickets"), {"fields": ("channel", "kind")}),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Mailbox]:
        return reads.with_unattended(super().get_queryset(request).defer("password"))

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Mailbox | None:
        return Mailbox.objects.filter(pk=object_id).first() if reads.is_id(object_id) else None

    def get_fieldsets(self, request: HttpRequest, obj: Mailbox | None = None) -> Any:
        """Whoever may only look sees no password: Django would show it as the text it is."""
        if self.has_change_permission(request, obj):
            return self.fieldsets
        return [(title, {"fields": [f for f in part["fields"] if f != "password"]}) for title, part in self.fieldsets]

    @display(description=_("health"), label=HEALTH_COLOURS)
    def health(self, mailbox: Mailbox) -> tuple[str, str]:
        found = reads.health(mailbox, clock.now())
        return found.state, found.words

    @admin.display(description=_("health"))
    def health_line(self, mailbox: Mailbox) -> str:
        if mailbox._state.adding:
            return str(_("Shown once it is saved; it is read at once."))
        found = reads.health(mailbox, clock.now())
        return " · ".join(filter(None, [found.words, found.detail]))

    @admin.display(description=_("not taken in"))
    def unattended(self, mailbox: Mailbox) -> "SafeString | str":
        count = mailbox.unattended_count
        if not count:
            return "—"
        address = reverse("admin:feedback_incomingmail_changelist")
        return format_html('<a href="{}?attention=1&mailbox__id__exact={}">{}</a>', address, mailbox.pk, count)

    def save_model(self, request: HttpRequest, obj: Mailbox, form: Any, change: bool) -> None:
        mailboxes.save(obj, actor=actor_for(request))

    def has_delete_permission(self, request: HttpRequest, obj: Mailbox | None = None) -> bool:
        return super().has_delete_permission(request, obj) and not (obj is not None and obj.mails.exists())

    def delete_model(self, request: HttpRequest, obj: Mailbox) -> None:
        mailboxes.remove(obj, actor=actor_for(request))

    def has_fetch_now_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        return request.user.has_perm("feedback.change_mailbox")

    @action(description=_("Fetch now"), permissions=["fetch_now"], url_path="fetch-now", icon="move_to_inbox")
    def fetch_now(self, request: HttpRequest, object_id: UUID) -> HttpResponse:
        mailbox = self.get_object(request, str(object_id))
        if mailbox is None:
            raise Http404
        try:
            waiting = mailboxes.fetch_now(mailbox, actor=actor_for(request))
        except Unreachable as error:
            messages.error(request, f"{Trouble(error.trouble).label} · {error.detail}")
        else:
            words = ngettext(
                "The mailbox can be opened; %(count)s mail is being fetched.",
                "The mailbox can be opened; %(count)s mails are being fetched.",
                waiting,
            )
            messages.success(request, words % {"count": waiting})
        return redirect("admin:feedback_mailbox_change", mailbox.pk)


class AttentionFilter(admin.SimpleListFilter):
    """What nobody has looked after yet."""

    title = _("needs a look")
    parameter_name = "attention"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("1", _("Could not be taken in, and has no ticket")), ("2", _("Opened no ticket"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[IncomingMail]) -> QuerySet[IncomingMail]:
        if self.value() == "1":
            return queryset.filter(verdict=Verdict.BROKEN, ticket=None)
        if self.value() == "2":
            return queryset.exclude(verdict__in=reads.TAKEN_IN)
        return queryset


@admin.register(IncomingMail)
class IncomingMailAdmin(ModelAdmin):
    """Every mail and its verdict; one that opened no ticket can still become one."""

    list_display = ("received_at", "line", "sender_masked", "verdict_mark", "reason", "ticket_link", "mailbox")
    list_display_links = ("line",)
    list_filter = (AttentionFilter, "verdict", "mailbox")
    search_fields = ("ticket__number",)
    search_help_text = _("A ticket's number, or the sender's whole e-mail address.")
    list_select_related = ("mailbox", "ticket")
    ordering = ("-created_at", "-id")
    sortable_by = ()
    show_full_result_count = False
    paginator = InfinitePaginator
    list_per_page = 50
    actions = None

    @admin.display(description=_("subject line"))
    def line(self, mail: IncomingMail) -> str:
        return mail.subject or "—"

    @display(description=_("what became of it"), label=VERDICT_COLOURS)
    def verdict_mark(self, mail: IncomingMail) -> tuple[str, str]:
        return mail.verdict, mail.get_verdict_display()

    @admin.display(description=_("ticket"))
    def ticket_link(self, mail: IncomingMail) -> "SafeString | str":
        if mail.ticket is None:
            return "—"
        return format_html('<a href="{}">{}</a>', reverse("admin:desk_ticket", args=[mail.ticket.number]), mail.ticket)

    def get_queryset(self, request: HttpRequest) -> QuerySet[IncomingMail]:
        return IncomingMail.objects.visible_to(actor_for(request)).defer("quoted")

    def get_search_results(self, request: HttpRequest, queryset: QuerySet[Any], search_term: str) -> Any:
        term = search_term.strip().lower()
        if "@" in term:
            return queryset.filter(sender_index=blind_index(term)), False
        return super().get_search_results(request, queryset, search_term)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        own = [
            path("<uuid:mail_id>/ticket/", wrap(require_POST(self.ticket_view)), name="feedback_incomingmail_ticket"),
            path("<uuid:mail_id>/raw/", wrap(require_GET(self.raw_view)), name="feedback_incomingmail_raw"),
        ]
        return own + super().get_urls()

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """One mail in words; GET only, there is nothing to change."""
        mail = self._mail(request, object_id)
        parsed, gone = None, ""
        if mail.raw:
            try:
                parsed = incoming_mail.read_again(mail)[1]
            except DomainError as error:
                gone = error.words
        context = {
            **self.admin_site.each_context(request),
            "title": mail.subject or _("incoming mail"),
            "opts": self.opts,
            "mail": mail,
            "parsed": parsed,
            "gone": gone,
            "colour": VERDICT_COLOURS[mail.verdict],
            "may_make_ticket": mail.verdict not in (*reads.TAKEN_IN, Verdict.DUPLICATE)
            and request.user.has_perm("feedback.create_ticket"),
            "may_download": request.user.has_perm("crm.view_personal_data"),
        }
        response = TemplateResponse(request, "feedback/incoming_mail.html", context)
        response["Cache-Control"] = "no-store"
        return response

    def ticket_view(self, request: HttpRequest, mail_id: UUID) -> HttpResponse:
        """The button that makes a ticket of a mail which opened none."""
        mail = self._mail(request, str(mail_id))
        try:
            ticket: Ticket = incoming_mail.make_ticket(mail.pk, actor=actor_for(request))
        except (DomainError, DomainErrors) as error:
            for one in getattr(error, "errors", [error]):
                if one.code == "core.not_allowed":
                    raise PermissionDenied from error
                messages.error(request, one.words)
            return redirect("admin:feedback_incomingmail_change", mail.pk)
        messages.success(request, _("Ticket %(number)s was made of this mail.") % {"number": ticket.number})
        return redirect("admin:desk_ticket", ticket.number)

    def raw_view(self, request: HttpRequest, mail_id: UUID) -> HttpResponse:
        """The mail itself, as a file; that somebody took it is recorded (INT-06)."""
        mail = self._mail(request, str(mail_id))
        try:
            raw = incoming_mail.reveal(mail, actor=actor_for(request))
        except DomainError as error:
            if error.code == "core.not_allowed":
                raise PermissionDenied from error
            messages.error(request, error.words)
            return redirect("admin:feedback_incomingmail_change", mail.pk)
        headers = {"Content-Disposition": f'attachment; filename="{mail.pk}.eml"', "X-Content-Type-Options": "nosniff"}
        response = HttpResponse(raw, content_type="application/octet-stream", headers=headers)
        response["Cache-Control"] = "no-store"
        return response

    def _mail(self, request: HttpRequest, mail_id: str) -> IncomingMail:
        seen = IncomingMail.objects.visible_to(actor_for(request)).select_related("mailbox", "ticket")
        mail = seen.filter(pk=mail_id).first() if reads.is_id(mail_id) else None
        if mail is None:
            raise Http404
        return mail
