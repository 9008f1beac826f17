"""The site's addresses with the company's log-in switched on."""

from django.urls import include, path

from feedback_system.urls import handler400, handler500
from feedback_system.urls import urlpatterns as ours

urlpatterns = [path("oidc/", include("mozilla_django_oidc.urls")), *ours]
__all__ = ["handler400", "handler500", "urlpatterns"]
