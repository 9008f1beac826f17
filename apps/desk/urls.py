"""The desk's own pages inside the admin; every one is for signed-in staff."""

from typing import Any

from django.contrib.admin import AdminSite
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


def patterns(site: AdminSite) -> list[URLPattern]:
    def page(address: str, view: Any, name: str, cacheable: bool = False) -> URLPattern:
        return path(address, site.admin_view(view, cacheable), name=name)

    one = "tickets/<str:number>/"
    return [
        page("queue/", queue.show, "desk_queue"),
        page("queue/news/", queue.news, "desk_news"),
        page("queue/find/", search.find, "desk_find"),
        page("queue/views/", saved_views.manage, "desk_views"),
        page("queue/views/save/", saved_views.save, "desk_save_view"),
        page("queue/views/<uuid:view_id>/", saved_views.change, "desk_change_view"),
        page("queue/bulk/", queue.bulk, "desk_bulk"),
        page("tickets/new/", intake.new, "desk_new"),
        page("tickets/new/caller/", intake.caller, "desk_caller"),
        page("drills/", drills.overview, "desk_drills"),
        page("drills/<uuid:drill_id>/", drills.one, "desk_drill"),
        page("drills/<uuid:drill_id>/end/", drills.end, "desk_end_drill"),
        page("second-factor/", second_factor.mine, "second_factor"),
        page("second-factor/check/", second_factor.check, "second_factor_check"),
        page("calls/", calls.page, "desk_calls"),
        page("calls/now/", calls.now, "desk_calls_now"),
        page("calls/<uuid:call_id>/<slug:how>/", calls.settle, "desk_settle_call"),
        page(one, ticket.page, "desk_ticket"),
        page(f"{one}do/<slug:name>/", ticket.act, "desk_act"),
        page(f"{one}here/", ticket.here, "desk_here"),
        page(f"{one}chat/", chat.now, "desk_chat"),
        page(f"{one}receipt/", intake.receipt, "desk_receipt"),
        page("queue/macro/", macros.bulk, "desk_bulk_macro"),
        page("tasks/", papers.tasks, "desk_tasks"),
        page("tags/", relations.tags, "desk_tags"),
        page(f"{one}find/", relations.find, "desk_find_ticket"),
        page(f"{one}form/<slug:name>/", papers.form, "desk_form"),
        page(f"{one}evidence/<uuid:evidence_id>/", papers.evidence, "desk_evidence", cacheable=True),
        page(f"{one}investigation/", papers.investigation, "desk_investigation"),
        page(f"{one}interviews/<uuid:interview_id>/", papers.interviewee, "desk_interviewee"),
        page(f"{one}replies/", papers.reply_templates, "desk_replies"),
        page(f"{one}replies/<uuid:template_id>/", papers.reply_text, "desk_reply"),
        page(f"{one}mentions/", papers.mentions, "desk_mentions"),
        page(f"{one}macro/", macros.preview, "desk_macro_preview"),
        page(f"{one}plan/check/", ticket.check_plan, "desk_check_plan"),
        page(f"{one}deadlines/<uuid:deadline_id>/", ticket.why, "desk_why"),
        page(f"{one}reveal/", ticket.reveal, "desk_reveal"),
        page(f"{one}messages/<uuid:message_id>/", ticket.message, "desk_message"),
        page(f"{one}messages/<uuid:message_id>/called/", ticket.called, "desk_called"),
        page(f"{one}files/<uuid:attachment_id>/", ticket.file, "desk_file", cacheable=True),
    ]
