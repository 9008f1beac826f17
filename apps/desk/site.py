"""The admin site: its first page is the dashboard, and the desk's own pages stand beside the lists."""

from django.urls import URLPattern
from unfold.sites import UnfoldAdminSite


class DeskSite(UnfoldAdminSite):
    """Names of its pages: `admin:index` (dashboard), `admin:desk_queue`, `admin:desk_ticket` (number), …"""

    def extra_urls(self) -> list[URLPattern]:
        from apps.desk.urls import patterns  # needs the loaded apps; the site is made before them

        return patterns(self)
