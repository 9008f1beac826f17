"""Bank batches: drawn up, released by a second person, downloaded once, their result read."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext, pgettext_lazy
from unfold.admin import TabularInline
from unfold.decorators import action

from apps.accounts.principals import actor_for
from apps.accounts.second_look import Act, needs_second_factor
from apps.billing.admin.lists import ReadOnly, in_yuan, link, yuan
from apps.billing.models import (
    BankBatch,
    BankBatchRow,
)
from apps.billing.services import bank_batches
from apps.billing.states import BatchState, Layout
from apps.core.errors import DomainError


class RowInline(TabularInline):
    model = BankBatchRow
    fields = readonly_fields = ("position", "refund", "payee", "amount", "state", "failure", "bank_reference")
    verbose_name_plural = pgettext_lazy("batch", "transfers one by one")
    hide_title = True
    extra = 0
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return True  # who sees the batch sees whom it pays: the second signature is for that

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related("attempt__refund")

    @admin.display(description=_("refund"))
    def refund(self, row: BankBatchRow) -> str:
        return format_html("{} · {}", link("refund", row.attempt.refund.number), row.attempt.number)

    @admin.display(description=_("payee"))
    def payee(self, row: BankBatchRow) -> str:
        refund = row.attempt.refund
        return f"{refund.payee_name_masked} {refund.payee_account_masked} {refund.payee_bank}"

    @admin.display(description=_("amount"))
    def amount(self, row: BankBatchRow) -> str:
        return yuan(row.attempt.amount)


STEPS = {
    BatchState.DRAWN_UP: ("release", "cancel_batch"),
    BatchState.RELEASED: ("download", "cancel_batch"),
    BatchState.DOWNLOADED: ("read_result",),
    BatchState.DONE: ("read_result",),  # what bounced comes in a later file
    BatchState.CANCELLED: (),
}


SHOWN = 50  # transfers, on the page that asks before they are drawn up


def _steps_of(batch: BankBatch, user_id: int | None) -> tuple[str, ...]:
    steps = STEPS[BatchState(batch.state)]
    own = "release" in steps and bank_batches.is_own(batch, user_id)
    return tuple(f"billing_bankbatch_{step}" for step in steps if step != "release" or not own)


def _total(object_id: Any) -> Decimal | None:
    return BankBatch.objects.filter(pk=object_id).values_list("total", flat=True).first()


def _transfers(count: int, total: Decimal) -> str:
    words = ngettext("%(n)s transfer, ¥%(total)s", "%(n)s transfers, ¥%(total)s", count)
    return words % {"n": count, "total": f"{total:,.2f}"}


class ResultForm(forms.Form):
    file = forms.FileField(
        label=_("Result file (pain.002, XLSX or CSV)"),
        help_text=_(
            "A sheet needs the columns 商户流水号 (as in the file that was downloaded) and 状态 (成功, 失败 or 处理中); "
            "金额（元）, 失败原因 and 银行流水号 are read where they are there."
        ),
    )


@admin.register(BankBatch)
class BankBatchAdmin(ReadOnly):
    list_display = (
        "number",
        "state",
        "layout",
        "count",
        in_yuan(BankBatch, "total"),
        "drawn_up_by",
        "released_by",
        "downloaded_at",
    )
    list_filter = ("state", "layout")
    list_select_related = ("drawn_up_by", "released_by")
    fields = (
        "number", "state", "layout", "count", "total", "drawn_up_by", "released_by", "released_at", "downloaded_by",
        "downloaded_at", "digest", "result_digest",
    )  # fmt: skip
    inlines = (RowInline,)
    actions_list = ("draw_up_sheet", "draw_up_pain001")
    actions_detail = ("release", "download", "read_result", "cancel_batch")

    def has_pay_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        return actor_for(request).can("billing.pay_refund")

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[Any]:
        """Only what this batch can take now from this person; the services refuse the rest all the same."""
        batch = BankBatch.objects.filter(pk=object_id).first()
        fits = _steps_of(batch, request.user.pk) if batch else ()
        return [each for each in super().get_actions_detail(request, object_id) if each.action_name in fits]

    @action(description=_("Draw up a sheet"), permissions=["pay"], url_path="draw-up-sheet", icon="table")
    def draw_up_sheet(self, request: HttpRequest) -> HttpResponse:
        return self._draw_up(request, Layout.GENERIC)

    @action(description=_("Draw up pain.001"), permissions=["pay"], url_path="draw-up-pain001", icon="code")
    def draw_up_pain001(self, request: HttpRequest) -> HttpResponse:
        return self._draw_up(request, Layout.PAIN001)

    @needs_second_factor(Act.BATCH)
    def _draw_up(self, request: HttpRequest, layout: str) -> HttpResponse:
        if request.method != "POST":
            waiting = bank_batches.waiting()
            if not waiting:
                messages.info(request, DomainError("batch.empty").words)
                return redirect("admin:billing_bankbatch_changelist")
            about = _transfers(len(waiting), sum((one.amount for one in waiting), Decimal(0)))
            shown = {"attempts": waiting[:SHOWN], "more": len(waiting) - len(waiting[:SHOWN])}
            return self._confirm(request, Layout(layout).label, _("Draw up a batch"), about, **shown)
        try:
            batch = bank_batches.draw_up(layout, actor=actor_for(request))
        except DomainError as error:
            messages.error(request, error.words)
            return redirect("admin:billing_bankbatch_changelist")
        return redirect("admin:billing_bankbatch_change", batch.pk)

    @action(description=_("Release"), permissions=["pay"], url_path="release", icon="done_all")
    @needs_second_factor(Act.BATCH, lambda request, object_id: _total(object_id))
    def release(self, request: HttpRequest, object_id: UUID) -> HttpResponse:
        if request.method != "POST":
            return self._asked(request, object_id, _("Release"))
        return self._do(request, object_id, lambda batch: bank_batches.release(batch, actor=actor_for(request)))

    @action(description=_("Cancel the batch"), permissions=["pay"], url_path="cancel", icon="block")
    def cancel_batch(self, request: HttpRequest, object_id: UUID) -> HttpResponse:
        if request.method != "POST":
            return self._asked(request, object_id, _("Cancel the batch"))
        words = str(_("Cancelled in the list of batches"))
        return self._do(
            request, object_id, lambda batch: bank_batches.cancel(batch, actor=actor_for(request), reason=words)
        )

    @action(description=_("Download, once"), permissions=["pay"], url_path="download", icon="download")
    @needs_second_factor(Act.BATCH, lambda request, object_id: _total(object_id))
    def download(self, request: HttpRequest, object_id: UUID) -> HttpResponse:
        if request.method != "POST":
            return self._asked(request, object_id, _("Download, once"))
        try:
            name, content = bank_batches.download(self._batch(request, object_id), actor=actor_for(request))
        except DomainError as error:
            messages.error(request, error.words)
            return redirect("admin:billing_bankbatch_change", object_id)
        answer = HttpResponse(content, content_type="application/octet-stream")
        answer["Content-Disposition"] = f'attachment; filename="{name}"'
        answer["Cache-Control"] = "no-store"
        return answer

    @action(description=_("Read the result"), permissions=["pay"], url_path="result", icon="upload_file")
    def read_result(self, request: HttpRequest, object_id: UUID) -> HttpResponse:
        batch = self._batch(request, object_id)
        form = ResultForm(request.POST or None, request.FILES or None)
        if request.method == "POST" and form.is_valid():
            file = form.cleaned_data["file"]
            try:
                read = bank_batches.read_result(batch, file.name, file.read(), actor=actor_for(request))
            except DomainError as error:
                form.add_error("file", error.words)
            else:
                text = _("%(settled)s settled, %(waiting)s still wait, %(errors)s rows could not be taken.")
                facts = {"settled": read.settled, "waiting": read.waiting, "errors": len(read.errors)}
                messages.info(request, text % facts)
                for error in read.errors[:20]:
                    messages.warning(request, error.words)
                return redirect("admin:billing_bankbatch_change", object_id)
        context = {
            **self.admin_site.each_context(request), "title": batch.number, "form": form, "opts": self.opts,
            "label": _("Read"),
        }  # fmt: skip
        return TemplateResponse(request, "admin/plain_form.html", context)

    def _asked(self, request: HttpRequest, object_id: UUID, label: object) -> HttpResponse:
        batch = self._batch(request, object_id)
        return self._confirm(request, batch, label, _transfers(batch.count, batch.total))

    def _confirm(self, request: HttpRequest, title: object, label: object, about: str, **more: object) -> HttpResponse:
        """Nothing about money happens by following a link; the page says how much it is about."""
        context = {
            **self.admin_site.each_context(request), "title": str(title), "label": label, "about": about,
            "opts": self.opts, **more,
        }  # fmt: skip
        return TemplateResponse(request, "billing/confirm.html", context)

    def _batch(self, request: HttpRequest, object_id: UUID) -> BankBatch:
        batch = self.get_object(request, str(object_id))
        if batch is None:
            raise Http404
        return batch

    def _do(self, request: HttpRequest, object_id: UUID, work: Callable[[BankBatch], Any]) -> HttpResponse:
        try:
            work(self._batch(request, object_id))
        except DomainError as error:
            messages.error(request, error.words)
        return redirect("admin:billing_bankbatch_change", object_id)
