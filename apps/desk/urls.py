"""The desk's own pages inside the admin; every one is for signed-in staff."""

from typing import Any

from django.contrib.admin import AdminSite
from django.urls import URLPattern, path

from apps.desk.views import intake, queue, ticket


def patterns(site: AdminSite) -> list[URLPattern]:
    def page(address: str, view: Any, name: str, cacheable: bool = False) -> URLPattern:
        return path(address, site.admin_view(view, cacheable), name=name)

    one = "tickets/<str:number>/"
    return [
        page("queue/", queue.show, "desk_queue"),
        page("queue/news/", queue.news, "desk_news"),
        page("queue/find/", queue.find, "desk_find"),
        page("queue/bulk/", queue.bulk, "desk_bulk"),
        page("tickets/new/", intake.new, "desk_new"),
        page("tickets/new/caller/", intake.caller, "desk_caller"),
        page(one, ticket.page, "desk_ticket"),
        page(f"{one}do/<slug:name>/", ticket.act, "desk_act"),
        page(f"{one}here/", ticket.here, "desk_here"),
        page(f"{one}plan/check/", ticket.check_plan, "desk_check_plan"),
        page(f"{one}deadlines/<uuid:deadline_id>/", ticket.why, "desk_why"),
        page(f"{one}reveal/", ticket.reveal, "desk_reveal"),
        page(f"{one}messages/<uuid:message_id>/", ticket.message, "desk_message"),
        page(f"{one}messages/<uuid:message_id>/called/", ticket.called, "desk_called"),
        page(f"{one}files/<uuid:attachment_id>/", ticket.file, "desk_file", cacheable=True),
    ]
