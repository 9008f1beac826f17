"""The admin site: its first page is the dashboard, and the desk's own pages stand beside the lists."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern
from unfold.sites import UnfoldAdminSite


class DeskSite(UnfoldAdminSite):
    """Names of its pages: `admin:index` (dashboard), `admin:desk_queue`, `admin:desk_ticket` (number), …"""

    def extra_urls(self) -> list[URLPattern]:
        from apps.desk.urls import patterns  # needs the loaded apps; the site is made before them

        return patterns(self)

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[dict[str, Any]]:
        """Only of one app: the whole list, of some forty models with their rights, would be made for every page and
        shown by none, as the sidebar is ours and the first page is the dashboard."""
        return super().get_app_list(request, app_label) if app_label else []

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        from apps.desk.views.dashboard import dashboard

        return dashboard(request)
