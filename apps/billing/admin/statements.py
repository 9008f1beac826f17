"""The daily comparisons with the providers' statements, and one that somebody asks for."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action

from apps.accounts.principals import actor_for
from apps.billing.admin.lists import ReadOnly, in_yuan
from apps.billing.models import StatementRun
from apps.billing.services import reconciliation
from apps.billing.states import KEEPS_OUR_MONEY, DifferenceState
from apps.core import clock
from apps.core.errors import DomainError


class StatementForm(forms.Form):
    channel = forms.ChoiceField(label=_("channel"), choices=[(each, each.label) for each in KEEPS_OUR_MONEY])
    day = forms.DateField(
        label=_("day"), widget=forms.DateInput({"type": "date"}, "%Y-%m-%d"),
        initial=lambda: clock.local(clock.now()).date(),
        help_text=_("A day that is not over is compared once more when its statement is complete."),
    )  # fmt: skip


@admin.register(StatementRun)
class StatementRunAdmin(ReadOnly):
    list_display = ("day", "channel", "rows", "matched", in_yuan(StatementRun, "total"), "open", "at")
    list_filter = ("channel",)
    actions_list = ("compare",)

    def get_queryset(self, request: HttpRequest) -> Any:
        open_ones = Count("differences", filter=Q(differences__state=DifferenceState.OPEN))
        return super().get_queryset(request).annotate(open_count=open_ones)

    @admin.display(description=_("open differences"))
    def open(self, run: StatementRun) -> int:
        return run.open_count

    def has_pay_permission(self, request: HttpRequest) -> bool:
        return actor_for(request).can("billing.pay_refund")

    @action(description=_("Compare a day"), permissions=["pay"], url_path="compare", icon="balance")
    def compare(self, request: HttpRequest) -> HttpResponse:
        form = StatementForm(request.POST or None)
        if request.method == "POST" and form.is_valid():
            try:
                run = reconciliation.compare(**form.cleaned_data, actor=actor_for(request))
            except DomainError as error:
                form.add_error(error.field if error.field in form.fields else None, error.words)
            else:
                facts = {"run": run, "rows": run.rows, "matched": run.matched}
                messages.info(request, _("%(run)s: %(rows)s rows, %(matched)s agree.") % facts)
                return redirect(f"{reverse('admin:billing_difference_changelist')}?channel__exact={run.channel}")
        context = {
            **self.admin_site.each_context(request), "title": _("Compare a day"), "form": form, "opts": self.opts,
            "label": _("Compare"),
        }  # fmt: skip
        return TemplateResponse(request, "admin/plain_form.html", context)
