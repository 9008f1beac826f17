"""The pages of audit, retention and data requests under /desk/, with their names (`desk:…`)."""

from typing import Any

from apps.desk.views import audit, audit_findings, audit_requests, audit_retention

PAGES: list[tuple[str, Any, str]] = [
    ("audit/", audit.overview, "audit"),
    ("audit/samples/", audit.samples, "audit_samples"),
    ("audit/samples/<uuid:pk>/", audit.sample, "audit_sample"),
    ("audit/samples/<uuid:pk>/export/", audit.export, "audit_export"),
    ("audit/cases/<uuid:pk>/", audit.item, "audit_item"),
    ("audit/cases/<uuid:pk>/finding/", audit.find, "audit_find"),
    ("audit/duties/", audit.separation, "duties"),
    ("audit/findings/", audit_findings.findings, "findings"),
    ("audit/findings/<uuid:pk>/", audit_findings.finding, "finding"),
    ("audit/flags/", audit_findings.flags, "red_flags"),
    ("audit/flags/<uuid:pk>/", audit_findings.flag, "red_flag"),
    ("audit/flags/<uuid:pk>/finding/", audit.find_by_flag, "flag_find"),
    ("retention/", audit_retention.overview, "retention"),
    ("retention/draw-up/", audit_retention.draw_up, "draw_up_list"),
    ("retention/lists/<uuid:pk>/", audit_retention.one_list, "destruction_list"),
    ("retention/people/", audit_retention.due_people, "due_people"),
    ("retention/erasures/<uuid:pk>/", audit_retention.erasure, "erasure"),
    ("retention/holds/<uuid:pk>/lift/", audit_retention.lift, "lift_hold"),
    ("retention/hold/<str:kind>/<uuid:pk>/", audit_retention.hold, "hold"),
    ("data-requests/", audit_requests.listed, "data_requests"),
    ("data-requests/<uuid:pk>/", audit_requests.one, "data_request"),
    ("data-requests/<uuid:pk>/copy/", audit_requests.copy, "data_copy"),
    ("data-requests/customers/<uuid:pk>/release/", audit_requests.release, "release_customer"),
]
