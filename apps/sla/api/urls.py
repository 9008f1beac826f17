from django.urls import path

from apps.sla.api import views

urlpatterns = [
    path("extensions/", views.ExtensionsView.as_view(), name="api-extensions"),
    path("extensions/<uuid:extension_id>/decision/", views.DecisionView.as_view(), name="api-extension-decision"),
    path("extensions/<uuid:extension_id>/withdrawal/", views.WithdrawalView.as_view(), name="api-extension-withdrawal"),
]
