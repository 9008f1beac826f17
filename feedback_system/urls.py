from django.conf import settings
from django.contrib import admin
from django.shortcuts import redirect
from django.templatetags.static import static
from django.urls import include, path

from apps.feedback.api import sms
from feedback_system import health

urlpatterns = [
    path("favicon.ico", lambda request: redirect(static("portal/icon.svg"))),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("admin/notices/", include("apps.notifications.urls")),
    path("admin/", admin.site.urls),
    path("desk/", include("apps.desk.short_urls")),
    path("api/", include("feedback_system.api")),
    path("hooks/sms/", sms.replies, name="sms_replies"),
    path("hooks/pay/", include("apps.billing.urls")),
    path("i18n/", include("django.conf.urls.i18n")),
    path("chat/", include("apps.channels.chat.urls")),
    path("doors/", include("apps.channels.urls")),
    path("", include("apps.portal.urls")),
]
if settings.OIDC_RP_CLIENT_ID:
    urlpatterns.append(path("oidc/", include("mozilla_django_oidc.urls")))
handler400 = "apps.portal.views.site.bad_request"
handler500 = "feedback_system.api.server_error"
