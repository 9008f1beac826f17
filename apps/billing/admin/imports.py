"""Tables that are brought in (LNK-04): upload, what is wrong in which row, then the import with its progress."""

import csv
import io
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.decorators import action
from unfold.widgets import UnfoldAdminFileFieldWidget, UnfoldAdminSelectWidget

from apps.accounts.models import ImportSheet
from apps.accounts.principals import actor_for
from apps.billing.imports.kinds import KINDS
from apps.billing.services import imports
from apps.core import sheets
from apps.core.errors import DomainError

SHOWN = 200  # complaints on the page; the file of errors has all


class UploadForm(forms.Form):
    kind = forms.ChoiceField(label=_("What the table holds"), widget=UnfoldAdminSelectWidget)
    file = forms.FileField(label=_("Table (XLSX or CSV)"), widget=UnfoldAdminFileFieldWidget)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [(kind.name, kind.label) for kind in KINDS.values()]
        self.fields["kind"].choices = self.fields["kind"].widget.choices = choices


@admin.register(ImportSheet)
class ImportSheetAdmin(ModelAdmin):
    list_display = ("name", "what", "total", "done", "new", "changed", "wrong", "uploaded_by", "at")
    list_filter = ("kind",)
    list_select_related = ("uploaded_by",)
    actions = None
    actions_list = ("bring_in",)

    def get_queryset(self, request: HttpRequest) -> Any:
        """One's own; whoever manages people sees all. The rows themselves stay closed."""
        found = super().get_queryset(request).defer("rows")
        return found if actor_for(request).can("accounts.change_user") else found.filter(uploaded_by=request.user)

    @admin.display(description=_("what it holds"))
    def what(self, sheet: ImportSheet) -> str:
        return str(KINDS[sheet.kind].label) if sheet.kind in KINDS else sheet.kind

    @admin.display(description=_("errors"))
    def wrong(self, sheet: ImportSheet) -> int:
        return len(sheet.errors)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False  # by the page “Bring in a table”

    def has_module_permission(self, request: HttpRequest) -> bool:
        return request.user.is_authenticated and actor_for(request).can(
            "accounts.import_tables"
        )  # the log-in page asks, too

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_module_permission(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_import_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        return self.has_module_permission(request)

    @action(description=_("Bring in a table"), permissions=["import"], url_path="upload", icon="upload_file")
    def bring_in(self, request: HttpRequest) -> HttpResponse:
        form = UploadForm(request.POST or None, request.FILES or None, initial={"kind": request.GET.get("kind")})
        if request.method == "POST" and form.is_valid():
            file = form.cleaned_data["file"]
            try:
                content = file.read(sheets.MOST_BYTES + 1)
                made = imports.upload(form.cleaned_data["kind"], file.name, content, actor=actor_for(request))
            except DomainError as error:
                form.add_error(error.field if error.field in form.fields else None, error.words)
            else:
                return redirect("admin:accounts_importsheet_change", made.pk)
        context = {
            **self.admin_site.each_context(request), "title": _("Bring in a table"), "form": form, "opts": self.opts,
            "kinds": [(kind.label, _headings(kind)) for kind in KINDS.values()],
        }  # fmt: skip
        return TemplateResponse(request, "billing/imports/upload.html", context)

    def change_view(self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None) -> Any:
        sheet = self._sheet(request, object_id)
        if request.method == "POST":
            return self._step(request, sheet)
        context = {
            **self.admin_site.each_context(request), "title": sheet.name, "sheet": sheet, "opts": self.opts,
            "what": self.what(sheet), "mine": sheet.uploaded_by_id == request.user.pk,
            "complaints": imports.complaints(sheet)[:SHOWN], "shown": SHOWN, "percent": _percent(sheet),
            "wrong": len({each["row"] for each in sheet.errors}),
        }  # fmt: skip
        part = bool(getattr(request, "htmx", False))
        return TemplateResponse(request, f"billing/imports/{'_sheet' if part else 'sheet'}.html", context)

    def _step(self, request: HttpRequest, sheet: ImportSheet) -> HttpResponse:
        do = imports.begin if request.POST.get("do") == "begin" else imports.give_up
        try:
            do(sheet, actor=actor_for(request))
        except DomainError as error:
            messages.error(request, error.words)
        if do is imports.give_up:
            return redirect("admin:accounts_importsheet_changelist")
        return redirect("admin:accounts_importsheet_change", sheet.pk)

    def _sheet(self, request: HttpRequest, object_id: Any) -> ImportSheet:
        if not self.has_view_permission(request):
            raise Http404
        sheet = self.get_object(request, str(object_id))
        if sheet is None or sheet.kind not in KINDS:
            raise Http404
        return sheet

    def get_urls(self) -> list[Any]:
        page = self.admin_site.admin_view(self.errors)
        return [path("<uuid:object_id>/errors.csv", page, name="accounts_importsheet_errors"), *super().get_urls()]

    def errors(self, request: HttpRequest, object_id: UUID) -> HttpResponse:
        """All complaints as a table."""
        sheet, out = self._sheet(request, object_id), io.StringIO()
        writer = csv.writer(out)
        writer.writerow([_("Row"), _("Column"), _("What is wrong")])
        for row, column, words in imports.complaints(sheet):
            writer.writerow([row, sheets.defused(str(column)), sheets.defused(words)])
        answer = HttpResponse("\ufeff" + out.getvalue(), content_type="text/csv; charset=utf-8")
        answer["Content-Disposition"] = 'attachment; filename="errors.csv"'
        return answer


def _headings(kind: Any) -> list[tuple[str, bool]]:
    return [(names[0], column in kind.needed) for column, names in kind.headings.items()]


def _percent(sheet: ImportSheet) -> int:
    at = sheet.checked if sheet.confirmed_at is None else sheet.done
    return 100 * at // max(sheet.total, 1)
