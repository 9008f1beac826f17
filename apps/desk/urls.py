"""The desk's own pages inside the admin; every one is for signed-in staff."""

from collections.abc import Callable
from typing import NamedTuple

from django.contrib.admin import AdminSite
from django.http import HttpResponseBase
from django.urls import URLPattern, path

from apps.desk.views import (
    calls,
    chat,
    drills,
    intake,
    macros,
    papers,
    queue,
    relations,
    saved_views,
    search,
    second_factor,
    ticket,
)


class Page(NamedTuple):
    """`cacheable` where the view says itself how long a browser may keep the answer; all others are never kept."""

    address: str
    view: Callable[..., HttpResponseBase]
    name: str
    cacheable: bool = False


PAGES = (
    Page("queue/", queue.show, "desk_queue"),
    Page("queue/news/", queue.news, "desk_news"),
    Page("queue/find/", search.find, "desk_find"),
    Page("queue/views/", saved_views.manage, "desk_views"),
    Page("queue/views/save/", saved_views.save, "desk_save_view"),
    Page("queue/views/<uuid:view_id>/", saved_views.change, "desk_change_view"),
    Page("queue/bulk/", queue.bulk, "desk_bulk"),
    Page("queue/macro/", macros.bulk, "desk_bulk_macro"),
    Page("tasks/", papers.tasks, "desk_tasks"),
    Page("tags/", relations.tags, "desk_tags"),
    Page("tickets/new/", intake.new, "desk_new"),  # before `tickets/<number>/`
    Page("tickets/new/caller/", intake.caller, "desk_caller"),
    Page("drills/", drills.overview, "desk_drills"),
    Page("drills/<uuid:drill_id>/", drills.one, "desk_drill"),
    Page("drills/<uuid:drill_id>/end/", drills.end, "desk_end_drill"),
    Page("second-factor/", second_factor.mine, "second_factor"),
    Page("second-factor/check/", second_factor.check, "second_factor_check"),
    Page("calls/", calls.page, "desk_calls"),
    Page("calls/now/", calls.now, "desk_calls_now"),
    Page("calls/<uuid:call_id>/<slug:how>/", calls.settle, "desk_settle_call"),
)
OF_A_TICKET = (
    Page("", ticket.page, "desk_ticket"),
    Page("do/<slug:name>/", ticket.act, "desk_act"),
    Page("here/", ticket.here, "desk_here"),
    Page("chat/", chat.now, "desk_chat"),
    Page("receipt/", intake.receipt, "desk_receipt"),
    Page("find/", relations.find, "desk_find_ticket"),
    Page("form/<slug:name>/", papers.form, "desk_form"),
    Page("evidence/<uuid:evidence_id>/", papers.evidence, "desk_evidence", cacheable=True),
    Page("investigation/", papers.investigation, "desk_investigation"),
    Page("interviews/<uuid:interview_id>/", papers.interviewee, "desk_interviewee"),
    Page("replies/", papers.reply_templates, "desk_replies"),
    Page("replies/<uuid:template_id>/", papers.reply_text, "desk_reply"),
    Page("mentions/", papers.mentions, "desk_mentions"),
    Page("macro/", macros.preview, "desk_macro_preview"),
    Page("plan/check/", ticket.check_plan, "desk_check_plan"),
    Page("deadlines/<uuid:deadline_id>/", ticket.why, "desk_why"),
    Page("reveal/", ticket.reveal, "desk_reveal"),
    Page("messages/<uuid:message_id>/", ticket.message, "desk_message"),
    Page("messages/<uuid:message_id>/called/", ticket.called, "desk_called"),
    Page("files/<uuid:attachment_id>/", ticket.file, "desk_file", cacheable=True),
)
"""Addresses below `tickets/<number>/`."""


def patterns(site: AdminSite) -> list[URLPattern]:
    below = (page._replace(address=f"tickets/<str:number>/{page.address}") for page in OF_A_TICKET)
    return [path(page.address, site.admin_view(page.view, page.cacheable), name=page.name) for page in (*PAGES, *below)]
