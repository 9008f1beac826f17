"""Pages with short addresses under /desk/, for signed-in staff: approvals and money. Names begin with `desk:`."""

from typing import Any

from django.contrib import admin
from django.urls import URLPattern, path

from apps.desk import audit_urls
from apps.desk.views import (
    approvals,
    cancellations,
    money_figures,
    money_pages,
    months,
    packs,
    refunds,
    void_requests,
)

app_name = "desk"


def page(address: str, view: Any, name: str, cacheable: bool = False) -> URLPattern:
    return path(address, admin.site.admin_view(view, cacheable), name=name)


urlpatterns = [
    *[page(address, view, name) for address, view, name in audit_urls.PAGES],
    page("", approvals.show, "approvals"),
    page("count/", approvals.count, "approvals_count"),
    page("news/", approvals.news, "approvals_news"),
    page("together/", approvals.together, "together"),
    page("case/<slug:source>/<uuid:pk>/", approvals.case, "case"),
    page("case/<slug:source>/<uuid:pk>/ask/", approvals.ask, "ask"),
    page("case/<slug:source>/<uuid:pk>/files/<uuid:attachment_id>/", approvals.evidence, "evidence", cacheable=True),
    page("case/<slug:source>/<uuid:pk>/<slug:verb>/", approvals.decide, "decide"),
    page("packs/", packs.listed, "packs"),
    page("packs/build/<slug:kind>/<str:number>/", packs.build, "build_pack"),
    page("packs/<uuid:pack_id>/", packs.one, "pack"),
    page("packs/<uuid:pack_id>/progress/", packs.progress, "pack_progress"),
    page("packs/<uuid:pack_id>/download/", packs.download, "pack_download"),
    page("packs/<uuid:pack_id>/verify/", packs.verify, "pack_verify"),
    page("packs/<uuid:pack_id>/again/", packs.again, "pack_again"),
    page("months/", months.listed, "months"),
    page("months/<str:month>/", months.one, "month"),
    page("months/<str:month>/close/", months.close, "close_month"),
    page("months/<str:month>/reopen/", months.reopen, "reopen_month"),
    page("voids/", void_requests.index, "voids"),
    page("voids/new/", void_requests.new, "new_void"),
    page("voids/new/preview/", void_requests.preview, "void_preview"),
    page("voids/sheet/", money_pages.sheet, "sheet"),
    page("voids/sheet/file/", money_pages.file_sheet, "file_sheet"),
    page("voids/sheet/errors/", money_pages.sheet_errors, "sheet_errors"),
    page("voids/<str:key>/", void_requests.page, "void_request"),
    page("voids/<str:key>/do/<slug:name>/", void_requests.act, "void_act"),
    page("voids/<str:key>/files/<uuid:operation_id>/", void_requests.tax_file, "tax_file", cacheable=True),
    page("invoices/", void_requests.invoice_lookup, "invoices"),
    page("invoices/<uuid:pk>/", void_requests.invoice, "invoice"),
    page("refunds/", refunds.index, "refunds"),
    page("refunds/new/", refunds.new, "new_refund"),
    page("refunds/new/preview/", refunds.preview, "refund_preview"),
    page("refunds/<str:key>/", refunds.page, "refund"),
    page("refunds/<str:key>/do/<slug:name>/", refunds.act, "refund_act"),
    page("refunds/<str:key>/files/<uuid:payment_id>/", refunds.hand_proof, "hand_proof", cacheable=True),
    page("cancellations/", cancellations.index, "cancellations"),
    page("cancellations/<str:key>/", cancellations.page, "cancellation"),
    page("cancellations/<str:key>/do/<slug:name>/", cancellations.act, "cancellation_act"),
    page("figures/", money_figures.show, "money_figures"),
    page("money/", money_pages.overview, "money"),
    page("month-end/", money_pages.turning, "month_end"),
    page("delegations/", money_pages.delegations, "delegations"),
    page("delegations/<uuid:pk>/end/", money_pages.end_delegation, "end_delegation"),
]
