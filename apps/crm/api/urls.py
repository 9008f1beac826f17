from django.urls import path

from apps.crm.api import returns, views

urlpatterns = [
    path("customers/", views.CustomersView.as_view(), name="api-customers"),
    path("customers/bulk/", views.CustomersBulkView.as_view(), name="api-customers-bulk"),
    path("products/bulk/", views.ProductsBulkView.as_view(), name="api-products-bulk"),
    path("orders/bulk/", views.OrdersBulkView.as_view(), name="api-orders-bulk"),
    path("returns/bulk/", returns.ReturnsBulkView.as_view(), name="api-returns-bulk"),
]
