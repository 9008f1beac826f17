from django.urls import path

from apps.channels.calls.api import CallsView

urlpatterns = [path("calls/", CallsView.as_view(), name="api-calls")]
